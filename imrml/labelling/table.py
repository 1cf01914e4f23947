"""Labels for a whole item table."""

import pandas as pd

from imrml.deficiencies import deficiency_ids
from imrml.errors import TableError
from imrml.labelling.labeller import label_rationale


def label_items(items: pd.DataFrame) -> pd.DataFrame:
    """Add ``deficiencies`` and ``evidence`` to an item table.

    Parameters
    ----------
    items : DataFrame
        Item table with ``rationale`` and ``decision``; ``item`` helps where present.

    Returns
    -------
    DataFrame
        A copy with ``deficiencies`` (list of ids in the taxonomy's order) and ``evidence`` (list of
        ``{id, start, end, quote}`` into ``rationale``); both are empty for overturned items.

    Raises
    ------
    TableError
        A column is missing, or a decision is neither ``upheld`` nor ``overturned``.

    Examples
    --------
    >>> items = pd.DataFrame({"decision": ["upheld"], "rationale": ["There is no record of functional improvement."]})
    >>> label_items(items)["deficiencies"].tolist()
    [['no_functional_improvement']]
    """
    if missing := [name for name in ("rationale", "decision") if name not in items]:
        raise TableError(f"item table: lacks {missing}; expected the columns 'rationale' and 'decision', as `imrml parse` writes")
    decisions = items["decision"].tolist()
    for number, decision in enumerate(decisions, start=1):
        if decision not in ("upheld", "overturned"):
            raise TableError(f"item table: row {number}: decision is {decision!r}; expected 'upheld' or 'overturned'")
    named = items["item"].tolist() if "item" in items else [""] * len(items)
    deficiencies: list[list[str]] = []
    evidence: list[list[dict[str, object]]] = []
    for decision, rationale, item in zip(decisions, items["rationale"].tolist(), named, strict=True):
        is_labelled = decision == "upheld" and isinstance(rationale, str)
        spans = label_rationale(rationale, item if isinstance(item, str) else "") if is_labelled else ()
        ids = {span.id for span in spans}
        deficiencies.append([id_ for id_ in deficiency_ids() if id_ in ids])
        evidence.append([{"id": span.id, "start": span.start, "end": span.end, "quote": span.quote} for span in spans])
    return items.assign(
        deficiencies=pd.Series(deficiencies, index=items.index, dtype="object"),
        evidence=pd.Series(evidence, index=items.index, dtype="object"),
    )
