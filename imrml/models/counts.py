"""Bare counts of past items by treatment category, and whose rates of deficiencies hold."""

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from imrml.features.treatment_categories import dwc_categories

DeficiencySource = Literal["model", "category", "group", "all"]
"""What the likely deficiencies of a request rest on: the model's reading of its text, or rates of
its treatment category, of the state's coarser category that holds it, or of all treatments."""


class CategoryCounts(BaseEstimator):
    """Past items of each treatment category, by decision, as they were counted.

    Attributes
    ----------
    categories_ : list of str
        Treatment categories seen, sorted.
    n_items_, n_overturned_, n_labelled_ : ndarrays of int of shape (n_categories,)
        Items of each, those overturned, and those upheld whose deficiencies somebody looked for.

    Examples
    --------
    >>> categories = ["chiropractic", "acupuncture", "acupuncture", "opioid"]
    >>> counts = CategoryCounts().fit(categories, [False, False, True, False], [0, 1, 3])
    >>> counts.count_overturned(["acupuncture", "surgery"])
    [1, 0]

    Of one past item acupuncture has too few rates of its own; its group has two items:

    >>> counts.find_sources(["acupuncture", "surgery"], min_items=2)
    ['group', 'all']
    """

    def fit(self, categories: Sequence[str], overturned: Any, rows: Any) -> Self:
        """Count.

        Parameters
        ----------
        categories : sequence of str of shape (n_items,)
            Treatment categories.
        overturned : array of bool of shape (n_items,)
            Decisions.
        rows : array of int
            Upheld items whose deficiencies somebody looked for.

        Returns
        -------
        CategoryCounts
            Itself.
        """
        self.categories_ = sorted(set(categories))
        place_of = {category: place for place, category in enumerate(self.categories_)}
        places = np.array([place_of[category] for category in categories], dtype=np.int64)
        n_categories = len(self.categories_)
        is_overturned = np.asarray(overturned, dtype=bool)
        self.n_items_ = np.bincount(places, minlength=n_categories)
        self.n_overturned_ = np.bincount(places[is_overturned], minlength=n_categories)
        labelled = places[np.asarray(rows, dtype=np.int64)]
        self.n_labelled_ = np.bincount(labelled, minlength=n_categories)
        return self

    def count_overturned(self, categories: Sequence[str]) -> list[int]:
        """Count the overturned past items of each item's category.

        Parameters
        ----------
        categories : sequence of str of length n_items
            Treatment categories.

        Returns
        -------
        list of int
            0 for a category never seen.
        """
        check_is_fitted(self)
        by_category = dict(zip(self.categories_, self.n_overturned_.tolist(), strict=True))
        return [by_category.get(category, 0) for category in categories]

    def find_sources(self, categories: Sequence[str], min_items: int) -> list[DeficiencySource]:
        """Find whose rates of deficiencies hold for each item.

        Rates hold where enough upheld items with labels were counted: those of the treatment
        category, else of its group, else of all.

        Parameters
        ----------
        categories : sequence of str of length n_items
            Treatment categories.
        min_items : int
            Items with labels from which rates hold.

        Returns
        -------
        list of {'category', 'group', 'all'}
            The narrowest that holds.
        """
        check_is_fitted(self)
        groups, least = dwc_categories(), max(min_items, 1)
        by_category = dict(zip(self.categories_, self.n_labelled_.tolist(), strict=True))
        by_group: dict[str, int] = {}
        for category, n in by_category.items():
            if group := groups.get(category):
                by_group[group] = by_group.get(group, 0) + n

        def find(category: str) -> DeficiencySource:
            if by_category.get(category, 0) >= least:
                return "category"
            return "group" if by_group.get(groups.get(category, ""), 0) >= least else "all"

        return [find(category) for category in categories]
