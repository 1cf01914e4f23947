"""Forms, reports and mails to rows of a submission table: one an item.

What a form says is put into the columns of a request. What has no column goes into the notes, in
plain words, or is told as left out; names, addresses and claim numbers are left out.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from imrml.documents.parts import FilePart
from imrml.errors import RequestFileError
from imrml.phrases import pluralize
from imrml.submissions.asking import find_asked
from imrml.submissions.cells import read_date
from imrml.submissions.claimants import find_strangers
from imrml.submissions.form_pages import FormPage, read_form_page
from imrml.submissions.form_tables import Entry

Split = Callable[[str], Sequence[str]]
"""Splits what is asked for into its items, as ``imrml.split_request`` does."""

_DITTO = frozenset({'"', "''", "same", "same as above", "as above", "ditto", "see above"})
_CODE = re.compile(r"[0-9][0-9A-Z]{3}[0-9FTUMX](?:-[0-9A-Z]{2})?|[A-Z][0-9]{4}")
_COPIED = ("date_of_injury", "ur_denied_on", "claims_guideline", "authorized", "age", "sex")
_REQUEST_TYPES = {
    "new_request": "Request type: new request.",
    "resubmission": "Request type: resubmission, change in material facts.",
    "oral": "The request confirms an oral one in writing.",
}


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """What the forms, reports and mails of one file ask for.

    Parameters
    ----------
    rows : tuple of dict of str to str
        A row of the submission table each: ``treatment`` and the other columns that are known.
    values : dict of str to str
        Columns that a file without any request still tells, such as ``case_summary``.
    left_out : tuple of str
        Labels of values that no column holds.
    unread : tuple of str
        What could not be read for certain.
    notes : tuple of str, default=()
        What was filled, passed over or counted otherwise.
    n_of_tables : int, default=0
        Rows, the last ones, of tables that came along: of any claimants.
    """

    rows: tuple[dict[str, str], ...]
    values: dict[str, str]
    left_out: tuple[str, ...]
    unread: tuple[str, ...]
    notes: tuple[str, ...] = ()
    n_of_tables: int = 0


def parse_request_parts(parts: Iterable[FilePart], split: Split) -> ParsedFile:
    r"""Parse the parts of a file, such as a mail and its attachments, into requests.

    Parameters
    ----------
    parts : iterable of FilePart
        As :func:`imrml.documents.parts.read_parts` gives them.
    split : callable of str to sequence of str
        Splits what is asked for into its items.

    Returns
    -------
    ParsedFile
        Without rows where nothing says what is asked for.

    Raises
    ------
    RequestFileError
        Its papers are of several claimants: what one is asked for would count for the other.

    Examples
    --------
    >>> from imrml.documents.layout import lay_out_text
    >>> text = "Dx: knee strain M23.8X1\nTreatment: MRI left knee; Norco #60\nLocking for weeks."
    >>> part = FilePart("file", (lay_out_text(text),))
    >>> for row in parse_request_parts([part], lambda text: text.split("; ")).rows:
    ...     print(row)
    {'treatment': 'MRI left knee', 'diagnosis': 'knee strain M23.8X1',
     'case_summary': 'Locking for weeks.'}
    {'treatment': 'Norco #60', 'diagnosis': 'knee strain M23.8X1',
     'case_summary': 'Locking for weeks.'}
    """
    parts = list(parts)
    pages = [read_form_page(page) for part in parts for page in part.pages]
    _require_one_claimant(parts, pages)
    forms = [page for page in pages if page.is_form and page.requests]
    # Where a form asks, a report only says what it is asked with.
    asking = forms or [page for page in pages if page.requests]
    requests = [request for page in asking for request in page.requests]
    if not any(request.keys() & {"service", "cpt"} for request in requests):
        asked = (text for page in pages for text in find_asked(page.narrative))
        requests += [{"service": text} for text in asked]
    common = _merge_values(pages)
    narrative = "\n\n".join(filter(None, (page.narrative for page in pages)))
    notes = [
        words
        for name, words in _REQUEST_TYPES.items()
        if any(name in page.ticked for page in pages)
    ]
    if narrative or notes:
        common["case_summary"] = "\n".join([*([narrative] if narrative else []), *notes])
    left_out = dict.fromkeys(label for page in pages for label in page.left_out)
    kinds = {"new_request", "resubmission"}
    unread = [
        "no single tick tells whether it is a new request or a resubmission"
        for page in pages
        if page.is_form and page.boxes & kinds and not page.ticked & kinds
    ]
    if len(injuries := _list_injuries(pages)) > 1:
        unread.append(f"which of its {len(injuries)} dates of injury each request is for")
    if n_unplaced := sum(page.n_unplaced for page in pages):
        unread.append(f"{pluralize(n_unplaced, 'field')} under no label that is known")
    rows = tuple(_make_rows(requests, common, split))
    return ParsedFile(rows, common, tuple(left_out), tuple(unread))


def _require_one_claimant(parts: Sequence[FilePart], pages: Sequence[FormPage]) -> None:
    places = [
        f"{part.name}, page {number}" if len(part.pages) > 1 else part.name
        for part in parts
        for number in range(1, len(part.pages) + 1)
    ]
    named = [page.claimants for page in pages]
    if strangers := list(find_strangers(list(zip(places, named, strict=True)))):
        where = " and ".join(dict.fromkeys(strangers))
        raise RequestFileError(
            "holds papers of more than one claimant, by name, claim number or date of birth "
            f"({where}); send those of each by themselves"
        )


def _merge_values(pages: Sequence[FormPage]) -> dict[str, str]:
    """Merge what pages say under labels, forms before reports; the first of each counts."""
    said: dict[str, str] = {}
    for page in sorted(pages, key=lambda page: not page.is_form):
        for name, text in page.values.items():
            said.setdefault(name, " ".join(text.split()))
    values = {name: said[name] for name in _COPIED if name in said}
    if len(_list_injuries(pages)) > 1:
        del values["date_of_injury"]
    if "age" not in values and (age := _age_on(said)):
        values["age"] = age
    for priority in ("expedited", "standard"):
        if any(priority in page.ticked for page in pages):
            values["priority"] = priority
    diagnoses = _list_diagnoses(request for page in pages for request in page.requests)
    if diagnoses:
        values["diagnosis"] = diagnoses
    return values


def _list_injuries(pages: Sequence[FormPage]) -> set[date]:
    """List the dates of injury that forms name."""
    dates = (read_date(page.values.get("date_of_injury")) for page in pages if page.is_form)
    return {one for one in dates if one is not None}


def _age_on(said: dict[str, str]) -> str:
    """Tell the age on the day of the request, where its day and the day of birth are given."""
    born, day = read_date(said.get("date_of_birth")), read_date(said.get("requested_on"))
    if born is None or day is None or day < born:
        return ""
    return str(day.year - born.year - ((day.month, day.day) < (born.month, born.day)))


def _list_diagnoses(requests: Iterable[Entry]) -> str:
    return "; ".join(dict.fromkeys(filter(None, map(_diagnosis_of, requests))))


def _diagnosis_of(request: Entry) -> str:
    """Give the diagnosis of a line with its code."""
    words = " ".join(request.get("diagnosis", "").split())
    code = " ".join(request.get("icd", "").split())
    if code[:1] == "$" and code[1:3].isdigit():  # what OCR makes of an S there
        code = f"S{code[1:]}"
    words, code = ("" if text.lower() in _DITTO else text for text in (words, code))
    if not code or code.lower() in words.lower():
        return words
    return f"{words} ({code})" if words else code


def _make_rows(
    requests: Sequence[Entry], common: dict[str, str], split: Split
) -> Iterator[dict[str, str]]:
    """Make a row an item; a line without a diagnosis has those of the whole form."""
    for request in requests:
        service = request.get("service", "")
        other = " ".join(request.get("other", "").split())
        codes = " ".join(request.get("cpt", "").split())
        items = list(split(service)) if service else []
        if not service and codes:
            items = [f"CPT {codes}"] if _CODE.search(codes.upper()) else []
            codes = ""
        diagnosis = _diagnosis_of(request) or common.get("diagnosis", "")
        for item in items:
            row = {"treatment": " ".join(item.split())}
            left = [other, _format_codes(codes, row["treatment"])]
            if len(items) == 1:
                row["treatment"] = _join_details(row["treatment"], left, split)
                left = []
            if diagnosis:
                row["diagnosis"] = diagnosis
            row |= {name: text for name, text in common.items() if name != "diagnosis"}
            if words := "; ".join(filter(None, left)):
                told = f"The line of the form also says: {words}."
                row["case_summary"] = "\n".join(filter(None, [row.get("case_summary"), told]))
            yield row


def _format_codes(codes: str, treatment: str) -> str:
    if not codes or codes.lower() in treatment.lower() or codes.lower() in _DITTO:
        return ""
    return codes if codes.upper().startswith(("CPT", "HCPCS")) else f"CPT {codes}"


def _join_details(treatment: str, details: Sequence[str], split: Split) -> str:
    """Join how often, how long and the code to what is asked for, so that it stays one item."""
    given = [detail for detail in details if detail and detail.lower() not in _DITTO]
    if not given:
        return treatment
    joined = ", ".join([treatment, *given])
    return joined if len(split(joined)) == 1 else f"{treatment} ({'; '.join(given)})"
