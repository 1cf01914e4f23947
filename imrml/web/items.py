"""Items of one request that differ in their diagnosis: how a single field says so."""

import re
from collections.abc import Mapping, Sequence

from imrml.features.request_items import split_request
from imrml.submissions.requests import MOST_ITEMS

_LABEL = re.compile(r"(?:^|;)\s{0,5}item\s{1,3}(\d{1,2})\s{0,3}:", re.IGNORECASE)


def join_diagnoses(diagnoses: Sequence[str]) -> str:
    """Write the diagnoses of several items into one field.

    Parameters
    ----------
    diagnoses : sequence of str
        One an item; ``""`` for none.

    Returns
    -------
    str
        Each with the number of its item, unless all are the same.

    Examples
    --------
    >>> join_diagnoses(["lumbar strain", "knee sprain"])
    'item 1: lumbar strain; item 2: knee sprain'
    >>> join_diagnoses(["lumbar strain", "lumbar strain"])
    'lumbar strain'
    """
    if len(set(diagnoses)) < 2:
        return "".join(dict.fromkeys(diagnoses))
    told = enumerate(diagnoses, start=1)
    return "; ".join(f"item {number}: {diagnosis}" for number, diagnosis in told if diagnosis)


def split_by_item(values: Mapping[str, str]) -> list[dict[str, str]]:
    r"""Split a request whose diagnosis is told item by item into a row an item.

    Parameters
    ----------
    values : mapping of str to str
        Of the fields, by column.

    Returns
    -------
    list of dict of str to str
        The request itself where nothing is told so. An item whose number is not there gets all of
        the diagnoses.

    Examples
    --------
    >>> told = "item 1: lumbar strain; item 2: knee sprain"
    >>> rows = split_by_item({"treatment": "1. PT 2x6\n2. MRI left knee", "diagnosis": told})
    >>> [(row["treatment"], row["diagnosis"]) for row in rows]
    [('PT 2x6', 'lumbar strain'), ('MRI left knee', 'knee sprain')]
    """
    parts = _LABEL.split(values.get("diagnosis", ""))
    before, numbers, texts = parts[0], parts[1::2], [text.strip(" ;") for text in parts[2::2]]
    if not numbers:
        return [dict(values)]
    own = dict(zip(map(int, numbers), texts, strict=True))
    everything = "; ".join(dict.fromkeys(filter(None, [before.strip(" ;"), *texts])))
    items = split_request(values.get("treatment", ""))
    if not 1 < len(items) <= MOST_ITEMS:
        return [{**values, "diagnosis": everything}]
    return [
        {**values, "treatment": item, "diagnosis": own.get(number) or everything}
        for number, item in enumerate(items, start=1)
    ]
