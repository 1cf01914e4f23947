"""Bare counts of past items by category, and the widest rates of deficiencies that hold."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from imrml.features.vocabulary import read_vocabulary

DeficiencySource = Literal["model", "category", "group", "all"]
"""What the likely deficiencies of a request rest on: the model's reading of its text, or rates of
its treatment category, of the state's coarser category that holds it, or of all treatments."""


@cache
def category_groups() -> Mapping[str, str]:
    """Tell the state's own, coarser category of each treatment category.

    Returns
    -------
    mapping of str to str
        Names of the state's search form, by our id; what stands for everything else has none.

    Examples
    --------
    >>> category_groups()["chiropractic"], "other" in category_groups()
    ('Rehabilitation', False)
    """
    rows = read_vocabulary("treatment_categories")
    return {row["category"]: row["dwc_category"] for row in rows if row["dwc_category"]}


class CategoryCounts(BaseEstimator):
    """Past items of each treatment category, by decision and by deficiency, as they were counted.

    Attributes
    ----------
    categories_ : list of str
        Treatment categories seen, sorted.
    n_items_, n_overturned_, n_labelled_ : ndarrays of int of shape (n_categories,)
        Items of each, those overturned, and those upheld whose deficiencies somebody looked for.
    n_deficient_ : ndarray of int of shape (n_categories, n_deficiencies)
        Of the labelled, how many hold each deficiency.

    Examples
    --------
    >>> categories = ["chiropractic", "acupuncture", "acupuncture", "opioid"]
    >>> labels = np.array([[True, False]] * 3 + [[False, True]])
    >>> counts = CategoryCounts().fit(categories, [False, False, True, False], labels, [0, 1, 3])
    >>> counts.count(["acupuncture", "surgery"]), counts.count_overturned(["acupuncture"])
    ([2, 0], [1])

    Of one past item acupuncture has too few rates of its own; its group has two items:

    >>> rates, sources = counts.find_widest_rates(["acupuncture", "surgery"], min_items=2)
    >>> sources, rates.round(2).tolist()
    (['group', 'all'], [[0.83, 0.17], [0.67, 0.33]])
    """

    def fit(self, categories: Sequence[str], overturned: Any, labels: Any, rows: Any) -> Self:
        """Count.

        Parameters
        ----------
        categories : sequence of str of shape (n_items,)
            Treatment categories.
        overturned : array of bool of shape (n_items,)
            Decisions.
        labels : array of bool of shape (n_items, n_deficiencies)
            Which deficiencies the reviewer found; looked at in ``rows`` only.
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
        labels, rows = np.asarray(labels, dtype=bool), np.asarray(rows, dtype=np.int64)
        n_categories = len(self.categories_)
        self.n_items_ = np.bincount(places, minlength=n_categories)
        self.n_overturned_ = np.bincount(
            places[np.asarray(overturned, dtype=bool)], minlength=n_categories
        )
        self.n_labelled_ = np.bincount(places[rows], minlength=n_categories)
        self.n_deficient_ = np.zeros((n_categories, labels.shape[1]), dtype=np.int64)
        np.add.at(self.n_deficient_, places[rows], labels[rows].astype(np.int64))
        return self

    def count(self, categories: Sequence[str]) -> list[int]:
        """Count the past items of each item's category.

        Parameters
        ----------
        categories : sequence of str of length n_items
            Treatment categories.

        Returns
        -------
        list of int
            0 for a category never seen.
        """
        return self._look_up(self.n_items_, categories)

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
        return self._look_up(self.n_overturned_, categories)

    def _look_up(self, counted: np.ndarray, categories: Sequence[str]) -> list[int]:
        check_is_fitted(self)
        by_category = dict(zip(self.categories_, counted.tolist(), strict=True))
        return [by_category.get(category, 0) for category in categories]

    def find_widest_rates(
        self, categories: Sequence[str], min_items: int
    ) -> tuple[np.ndarray, list[DeficiencySource]]:
        """Find the rates of deficiencies that hold for each item, and what they are rates of.

        Rates hold where enough upheld items with labels were counted: those of the treatment
        category, else of its group, else of all. A category's are drawn toward its group's, and a
        group's toward all, by ``min_items`` items' worth.

        Parameters
        ----------
        categories : sequence of str of length n_items
            Treatment categories.
        min_items : int
            Items with labels from which rates hold.

        Returns
        -------
        rates : ndarray of shape (n_items, n_deficiencies)
            P(deficiency | upheld); NaN where no item had labels.
        sources : list of {'category', 'group', 'all'}
            Whose rates they are.
        """
        check_is_fitted(self)
        groups = category_groups()
        own_groups = [groups.get(one, "") for one in self.categories_]
        n_all = self.n_labelled_.sum()
        if not n_all:
            no_rates = np.full((len(categories), self.n_deficient_.shape[1]), np.nan)
            return no_rates, ["all"] * len(categories)
        found: dict[str, tuple[np.ndarray, DeficiencySource]] = {}
        for category in set(categories):
            is_inside: dict[DeficiencySource, np.ndarray] = {
                "group": np.array([one == groups.get(category) for one in own_groups], dtype=bool),
                "category": np.array([one == category for one in self.categories_], dtype=bool),
            }
            rates: np.ndarray = self.n_deficient_.sum(axis=0) / n_all
            source: DeficiencySource = "all"
            for narrower, places in is_inside.items():
                n_inside = self.n_labelled_[places].sum()
                if n_inside >= max(min_items, 1):
                    n_deficient = self.n_deficient_[places].sum(axis=0)
                    rates = (n_deficient + min_items * rates) / (n_inside + min_items)
                    source = narrower
            found[category] = rates, source
        rates_of_all = np.array([found[category][0] for category in categories])
        return rates_of_all.reshape(len(categories), -1), [found[one][1] for one in categories]
