"""One request explained: its features are read once, whatever is asked of it afterwards."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import pandas as pd

from imrml.deficiencies import (
    Deficiency,
    applicable_lines,
    deficiency_ids,
    line_rule,
    taxonomy,
)
from imrml.errors import ModelError, TableError, require_types
from imrml.explaining.explanation import (
    ChecklistLine,
    Explanation,
    LikelyDeficiency,
    ShownDocument,
)
from imrml.explaining.log_odds import N_CONTRIBUTIONS, sum_log_odds
from imrml.explaining.precedents import Precedents
from imrml.explaining.sections import TITLES, mark_text
from imrml.explaining.what_if import (
    ABSTAINS,
    NO_BETTER,
    TOO_BRIEF,
    TOO_LITTLE_CONTEXT,
    JointWhatIf,
    WhatIf,
    cues_of_line,
    find_learned_lines,
    format_what_if,
)
from imrml.features import find_documents
from imrml.features.names import name_category
from imrml.models import LoadedModel
from imrml.models.associations import checklist_lines
from imrml.models.outcome import CalibratedClassifier
from imrml.scoring.checklist import (
    RECORD_COLUMNS,
    is_line_shown,
    read_submission_days,
    select_shown,
)
from imrml.scoring.in_words import (
    BRIEF,
    DECISION_SUPPORT,
    DEMO_NOTICE,
    LAW,
    P_MEANING,
    format_base_rate,
    format_interval,
)
from imrml.scoring.prediction import (
    N_DEFICIENCIES,
    require_demo_allowed,
    score_inputs,
    skip_checks,
    sort_items,
    warn_of_ignored_input,
)
from imrml.submissions.frame import SubmissionFrame
from imrml.submissions.requests import Requests


def explain(
    model: LoadedModel,
    requests: pd.DataFrame,
    row: int = 1,
    *,
    allow_demo: bool = False,
    past_items: Precedents | None = None,
) -> Explanation:
    """Explain the score of one request of a table, item by item where it lists several.

    Emits one :class:`~imrml.errors.RequestWarning` naming what is ignored in the row.

    Parameters
    ----------
    model : LoadedModel
        As :func:`imrml.models.load_model` gives it.
    requests : DataFrame of shape (n_requests, n_columns)
        Submission table with ``treatment`` or ``item``, and any other known columns.
    row : int, default=1
        Number of the row to explain, from 1.
    allow_demo : bool, default=False
        Whether a model trained on synthetic data may be used.
    past_items : Precedents, optional
        Past items to show with the explanation, from
        :func:`imrml.explaining.precedents.open_precedents`.

    Returns
    -------
    Explanation
        The prediction of the row and everything behind it. If the request lists several items, that
        of the first, with the others in ``further_items``.

    Raises
    ------
    TableError
        The row does not exist, no column holds the treatment, or the row is refused.
    ModelError
        The model was trained on synthetic data and ``allow_demo`` is false.

    Examples
    --------
    A model that knows no more than the rate of each treatment category:

    >>> from imrml.config import load_config
    >>> from imrml.models import ReviewModel
    >>> from imrml.submissions import submission_frame
    >>> past = pd.DataFrame({"treatment": ["Norco #60", "MRI of the knee"] * 20})
    >>> priors = ["models.outcome.kind=category_prior", "abstention.max_unknown_words=null"]
    >>> fitted = ReviewModel.from_config(load_config(overrides=priors))
    >>> fitted = fitted.fit(submission_frame(past, "imr"), [False, True] * 20, list(range(40)))
    >>> manifest = {"stage": "imr", "trained_on": "real", "model_version": "1", "verdict": ""}
    >>> model = LoadedModel(fitted, manifest)
    >>> requests = pd.DataFrame({"treatment": ["Norco #120"], "notes": ["CURES was checked."]})
    >>> explanation = explain(model, requests)
    >>> explanation.category_name, explanation.shown[0].quote
    ('opioids', 'CURES was checked.')
    >>> several = explain(model, pd.DataFrame({"treatment": ["Norco #120; MRI of the knee"]}))
    >>> [item.category_name for item in several.list_items()]
    ['opioids', 'imaging']
    """
    require_types(
        "explain",
        model=(model, LoadedModel),
        requests=(requests, pd.DataFrame),
        row=(row, int),
        allow_demo=(allow_demo, bool),
        past_items=(past_items, Precedents | None),
    )
    if not 1 <= row <= len(requests):
        raise TableError(f"explain: row {row} of {len(requests):,}; rows count from 1")
    one = sort_items(model, requests.iloc[row - 1 : row], first_row=row)
    warn_of_ignored_input(one, stacklevel=2)
    for _, reason in one.refused:
        raise TableError(f"explain: row {row}: {reason}")
    with model.model.in_own_words():
        first, *others = [
            explainer.explain(past_items)
            for explainer in make_explainers(model, one, allow_demo=allow_demo)
        ]
    return replace(first, further_items=tuple(others))


def make_explainers(
    model: LoadedModel, requests: Requests, *, allow_demo: bool = False
) -> "list[RequestExplainer]":
    """Make an explainer of each item that is scored.

    Parameters
    ----------
    model : LoadedModel
        As :func:`imrml.models.load_model` gives it.
    requests : Requests
        As :func:`imrml.scoring.prediction.sort_items` gives it.
    allow_demo : bool, default=False
        Whether a model trained on synthetic data may be used.

    Returns
    -------
    list of RequestExplainer of length n_scored
        In the order of the requests.
    """
    return [
        RequestExplainer(
            model,
            SubmissionFrame(requests.submissions.iloc[place : place + 1]),
            request_id,
            item_number=item_number,
            allow_demo=allow_demo,
        )
        for place, (request_id, item_number) in enumerate(
            zip(requests.request_ids, requests.item_numbers, strict=True)
        )
    ]


class RequestExplainer:
    """One request and what a model says of it; its features are read once, when it is made.

    Parameters
    ----------
    model : LoadedModel
        As :func:`imrml.models.load_model` gives it.
    submission : SubmissionFrame of shape (1, n_columns)
        The request, for the model's stage.
    request_id : str
        Its name in the prediction table.
    item_number : int, default=1
        Its number in a request that lists several items.
    allow_demo : bool, default=False
        Whether a model trained on synthetic data may be used.

    Attributes
    ----------
    prediction : dict
        Its row of the prediction table; None where missing.

    Raises
    ------
    TableError
        The frame does not hold one row.
    ModelError
        The model was trained on synthetic data and ``allow_demo`` is false.
    LeakageError
        The frame was made for another stage.
    """

    def __init__(
        self,
        model: LoadedModel,
        submission: SubmissionFrame,
        request_id: str,
        *,
        item_number: int = 1,
        allow_demo: bool = False,
    ) -> None:
        require_demo_allowed(model.manifest, allow_demo=allow_demo)
        if len(submission) != 1:
            raise TableError(
                f"RequestExplainer: a frame of {len(submission):,} rows; expected one request: "
                "take it out of the frame first"
            )
        self._manifest = model.manifest
        self._model = model.model
        with skip_checks():
            self._inputs = self._model.read(submission)
            scored = score_inputs(model, self._inputs, [request_id], item_numbers=[item_number])
        self.prediction: dict[str, Any] = {
            name: None if _is_missing(value) else value for name, [value] in scored.items()
        }
        self._texts = {name: str(submission[name].iloc[0]) for name in TITLES if name in submission}
        recorded = [name for name in RECORD_COLUMNS if name in self._texts]
        self._documents = {name: find_documents(self._texts[name]) for name in recorded}
        [day] = read_submission_days(submission)
        self._shown = select_shown(self._documents, day)

    def explain(self, past_items: Precedents | None = None) -> Explanation:
        """Explain the score of the request.

        Parameters
        ----------
        past_items : Precedents, optional
            Past items to set beside the explanation.

        Returns
        -------
        Explanation
            All that is known of the score.
        """
        is_too_short = bool(self._inputs.is_too_short[0])
        moved: list[tuple[str, float]] = []
        if not self._abstains and not is_too_short:
            moved = self._model.moving_features(self._inputs, N_CONTRIBUTIONS)[0]
        log_odds = None
        if not self._abstains:
            p = self.prediction["p_overturned"]
            log_odds = sum_log_odds(self._model, self._inputs, p)
        notes = (
            DEMO_NOTICE if self._manifest["trained_on"] == "synthetic" else "",
            f"{BRIEF[0].upper()}{BRIEF[1:]}." if is_too_short else "",
            str(self._manifest["verdict"]),
            f"{P_MEANING}: {DECISION_SUPPORT}. {LAW}.",
        )
        return Explanation(
            prediction=self.prediction,
            category_name=name_category(str(self.prediction["treatment_category"])),
            base_rate_words=self._format_base_rate(),
            interval_note=format_interval(self.prediction),
            is_too_short=is_too_short,
            contributions=log_odds.contributions if log_odds else (),
            base_log_odds=log_odds.base if log_odds else None,
            rest_log_odds=log_odds.rest if log_odds else None,
            sections=tuple(
                mark_text(name, text, self._documents.get(name, []), moved)
                for name, text in self._texts.items()
                if text
            ),
            deficiencies=tuple(
                sorted(self._list_likely_deficiencies(), key=lambda one: one.is_all_shown)
            ),
            shown=tuple(self._list_shown()),
            what_if_note=self.what_if_note,
            past_items=past_items.look_up(self._texts["treatment"]) if past_items else None,
            notes=tuple(filter(None, notes)),
        )

    @cached_property
    def what_if_note(self) -> str:
        """Why the request gets no what-if.

        Returns
        -------
        str
            A sentence; ``""`` where the request gets one.
        """
        if self._model.associations_ is None:
            return NO_BETTER
        if self._abstains:
            return ABSTAINS
        if self._inputs.is_too_short[0]:
            return TOO_BRIEF
        return "" if self._inputs.has_enough_context[0] else TOO_LITTLE_CONTEXT

    def what_if(self, documents: Iterable[str]) -> dict[str, WhatIf]:
        """Predict the request with each line of the checklist shown alone.

        Parameters
        ----------
        documents : iterable of str
            Lines of ``send_before_submission``.

        Returns
        -------
        dict of str to WhatIf
            By line; without those of which past letters say nothing. Empty where
            :attr:`what_if_note` says why.
        """
        if self.what_if_note:
            return {}
        assert self._model.associations_ is not None  # its absence is a note
        lines = [
            line for document in documents for line in find_learned_lines(self._model, document)
        ]
        p_overturned = self._p_overturned()
        as_it_is, *if_shown = self._model.predict_deficiencies_if_shown(
            self._inputs, [(), *map(cues_of_line, lines)]
        )
        what_ifs = {}
        for line, p_deficiencies in zip(lines, if_shown, strict=True):
            id_, document = checklist_lines()[line]
            label = deficiency_ids().index(id_)
            before, after = float(as_it_is[label]), float(p_deficiencies[label])
            with_it, change = None, None
            if p_overturned is not None:
                with_it = self._model.associations_.move(p_overturned, [line])
                change = with_it - p_overturned
            what_ifs[document] = WhatIf(
                documents=(document,),
                deficiency=id_,
                p_overturned=with_it,
                change_overturned=change,
                p_deficiency=after,
                change_deficiency=after - before,
                words=format_what_if(taxonomy()[label].name, before, after, p_overturned, with_it),
            )
        return what_ifs

    def what_if_together(self, documents: Iterable[str]) -> JointWhatIf:
        """Predict the request with several lines of the checklist shown at once.

        Parameters
        ----------
        documents : iterable of str
            Lines of ``send_before_submission``.

        Returns
        -------
        JointWhatIf
            Probabilities with all lines of which past letters say something.

        Raises
        ------
        ModelError
            The request gets no what-if; the message is :attr:`what_if_note`.
        """
        if self.what_if_note:
            raise ModelError(self.what_if_note)
        assert self._model.associations_ is not None  # its absence is a note
        lines = [
            line for document in documents for line in find_learned_lines(self._model, document)
        ]
        p_overturned = self._p_overturned()
        cues = frozenset[str]().union(*map(cues_of_line, lines))
        [p_deficiencies] = self._model.predict_deficiencies_if_shown(self._inputs, [cues])
        return JointWhatIf(
            tuple(dict.fromkeys(checklist_lines()[line][1] for line in lines)),
            None if p_overturned is None else self._model.associations_.move(p_overturned, lines),
            dict(zip(deficiency_ids(), p_deficiencies.tolist(), strict=True)),
        )

    def _format_base_rate(self) -> str:
        [n_overturned] = self._model.counts_.count_overturned(self._inputs.categories)
        return format_base_rate(self.prediction, n_overturned, self._model.class_rate_)

    @property
    def _abstains(self) -> bool:
        return bool(self.prediction["predicted"] == "abstain")

    def _list_shown(self) -> Iterator[ShownDocument]:
        for column, one in self._shown:
            start = self._texts[column].find(one.quote, max(one.start - len(one.quote), 0))
            yield ShownDocument(one.document, one.quote, column, start, start + len(one.quote))

    def _list_likely_deficiencies(self) -> Iterator[LikelyDeficiency]:
        by_id = {deficiency.id: deficiency for deficiency in taxonomy()}
        rates = self._model.deficiency_priors(self._inputs).iloc[0]
        for place in range(1, N_DEFICIENCIES + 1):
            id_ = self.prediction[f"deficiency_{place}"]
            if id_ is None:
                continue
            deficiency = by_id[id_]
            yield LikelyDeficiency(
                id=id_,
                name=deficiency.name,
                meaning=deficiency.meaning,
                p=float(self.prediction[f"p_deficiency_{place}"]),
                p_category=float(rates[id_]),
                checklist=tuple(self._make_checklist(deficiency)),
            )

    def _make_checklist(self, deficiency: Deficiency) -> Iterator[ChecklistLine]:
        lines = applicable_lines(deficiency, str(self.prediction["treatment_category"]))
        what_ifs = self.what_if(lines)
        for line in lines:
            rule = line_rule(deficiency.id, line)
            shown = [one for _, one in self._shown if one.cue in rule.needs | rule.credits]
            is_shown = is_line_shown(deficiency.id, line, {one.cue for one in shown})
            yield ChecklistLine(
                document=line,
                is_shown=is_shown,
                credited=tuple(one.document for one in shown),
                quotes=tuple(dict.fromkeys(one.quote for one in shown)),
                what_if=None if is_shown else what_ifs.get(line),
            )

    def _p_overturned(self) -> float | None:
        """P(overturned) that a document can move; None where the outcome model is a prior."""
        is_prior = not isinstance(self._model.outcome_, CalibratedClassifier)
        return None if is_prior else float(self._model.predict_proba(self._inputs)[0, 1])


def _is_missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))
