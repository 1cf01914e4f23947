"""Labels for a whole item table."""

from collections.abc import Mapping
from functools import partial

import pandas as pd

from imrml.config import Config
from imrml.determinations import require_decisions
from imrml.engines.mapping import map_ordered
from imrml.errors import TableError, require_types
from imrml.features.own_words import in_words_of
from imrml.labelling.labeller import find_supports, label_rationale
from imrml.labelling.learned import LearnedPart, read_learned
from imrml.labelling.letter import denied_beside, with_reasons_given_above
from imrml.labelling.quoting import LabelledSpan
from imrml.own_tables import tables_now, using


def label_items(
    items: pd.DataFrame, n_jobs: int = 1, learned: LearnedPart | None = None
) -> pd.DataFrame:
    """Add ``deficiencies`` and ``supports`` with their evidence to an item table.

    Parameters
    ----------
    items : DataFrame
        Item table with ``rationale`` and ``decision``. ``item`` is used if present. With
        ``case_number``, items of one letter are labelled together: one may be denied because
        another is, or share the reasons given for the one before it.
    n_jobs : int, default=1
        Worker processes; -1 for one per core.
    learned : LearnedPart, optional
        Correction fitted to gold labels by ``fit_learned``; without it, only the cues are used.

    Returns
    -------
    DataFrame
        A copy with ``deficiencies`` (list of ids in the taxonomy's order) and ``evidence`` (list of
        ``{id, start, end, quote, confidence}`` into ``rationale``), empty for overturned items, and
        for these ``supports`` (list of ids of deficiencies that the reviewer found answered) and
        ``supports_evidence``, empty for upheld items.

    Raises
    ------
    TableError
        A column is missing, or a decision is neither ``upheld`` nor ``overturned``.

    Examples
    --------
    >>> items = pd.DataFrame({
    ...     "decision": ["upheld"],
    ...     "rationale": ["There is no record of functional improvement."],
    ... })
    >>> label_items(items)["deficiencies"].tolist()
    [['no_functional_improvement']]
    """
    require_types(
        "label_items",
        items=(items, pd.DataFrame),
        n_jobs=(n_jobs, int),
        learned=(learned, LearnedPart | None),
    )
    if missing := [name for name in ("rationale", "decision") if name not in items]:
        raise TableError(
            f"item table: lacks {missing}; expected the columns 'rationale' and 'decision', "
            "as `imrml parse` writes"
        )
    require_decisions(items, "label")
    decisions = items["decision"].tolist()
    named = items["item"].tolist() if "item" in items else [""] * len(items)
    cases = items["case_number"].tolist() if "case_number" in items else [None] * len(items)
    rationales = items["rationale"].tolist()
    rows = zip(decisions, rationales, named, denied_beside(cases, decisions, named), strict=True)
    spans_of = partial(_spans_of, learned=learned, tables=tables_now())
    alone = list(map_ordered(spans_of, rows, n_jobs))
    labelled = with_reasons_given_above(cases, decisions, rationales, alone)
    columns: dict[str, list[object]] = {
        name: [] for name in ("deficiencies", "evidence", "supports", "supports_evidence")
    }
    for decision, spans in zip(decisions, labelled, strict=True):
        deficiencies, supports = (spans, ()) if decision == "upheld" else ((), spans)
        columns["deficiencies"].append(_ids(deficiencies))
        columns["evidence"].append(
            [
                {**quote, "confidence": span.confidence}
                for quote, span in zip(_quotes(deficiencies), deficiencies, strict=True)
            ]
        )
        columns["supports"].append(_ids(supports))
        columns["supports_evidence"].append(_quotes(supports))
    cells = pd.DataFrame(columns, index=items.index, dtype="object")
    return items.assign(**{name: cells[name] for name in columns})


def label_as_configured(items: pd.DataFrame, config: Config, n_jobs: int = 1) -> pd.DataFrame:
    """Label an item table by the labeller that ``labelling.labeller`` names.

    Parameters
    ----------
    items : DataFrame
        Item table, as for :func:`label_items`.
    config : Config
        Where ``labelling.labeller`` is null, the cues decide alone; ``deficiencies`` names a
        taxonomy of a user's own, with its cues.
    n_jobs : int, default=1
        Worker processes; -1 for one per core.

    Returns
    -------
    DataFrame
        As :func:`label_items` gives it; labels that the table had give way.

    Raises
    ------
    TableError
        As :func:`label_items`; or the file is no fitted labeller.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> items = pd.DataFrame({"decision": ["upheld"], "rationale": ["It is denied."]})
    >>> label_as_configured(items, load_config())["deficiencies"].tolist()
    [[]]
    """
    path = config.labelling.labeller
    with in_words_of(config):
        return label_items(items, n_jobs, None if path is None else read_learned(path))


def _ids(spans: tuple[LabelledSpan, ...]) -> list[str]:
    return list(dict.fromkeys(span.id for span in spans))


def _quotes(spans: tuple[LabelledSpan, ...]) -> list[dict[str, object]]:
    return [
        {"id": span.id, "start": span.start, "end": span.end, "quote": span.quote} for span in spans
    ]


def _spans_of(
    row: tuple[str, object, object, tuple[str, ...]],
    learned: LearnedPart | None,
    tables: Mapping[str, str],
) -> tuple[LabelledSpan, ...]:
    decision, rationale, item, others = row
    if not isinstance(rationale, str):
        return ()
    with using(tables):  # a worker process knows of none
        if decision == "overturned":
            return find_supports(rationale)
        return label_rationale(rationale, item if isinstance(item, str) else "", others, learned)
