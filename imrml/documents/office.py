"""Word files and RTF to pages: every paragraph, cell, field and text box once, as last accepted.

The reader of Word files (extra ``office``) gives a text box twice where a file keeps it for two
generations of Word, and what was moved twice; the reader of RTF keeps what was deleted; both drop
or change signs (``word_signs``). So the files are mended before they are read.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from imrml.config import LimitsConfig
from imrml.documents.layout import PageLayout, lay_out_text, page_of_rows
from imrml.documents.word_signs import RTF_TOKEN, spell_rtf_signs, spell_signs
from imrml.errors import DocumentError, RequestFileError
from imrml.extras import require_extra

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_REMOVED = (_FALLBACK, f"{_W}del", f"{_W}moveFrom")
_READ_PART = re.compile(r"word/[^/]{1,60}\.xml")
_KEPT_PART = re.compile(r"\[Content_Types\]\.xml|(?:word/)?_rels/[^/]{0,80}\.rels")
_ROOT = re.compile(r"(?P<name><w:[a-zA-Z]{1,30})(?=[\s>])")
_HEAD = 20_000
"""Bytes in which the first tag of a part stands."""
_LINKS = ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_MOST_MEMBERS = 2_000
_ALWAYS_FINE = 1_000_000  # bytes: so little is no bomb, whatever its ratio
_NUMBER = re.compile(r"^\t{0,9}(?P<number>\(?[0-9]{1,3}[.)]{1,2})\t")
_BULLET = re.compile(r"^\t{0,9}--\t")
_PLACE = re.compile(r"----[^\n]{1,300}----|footnote[0-9]{1,4}\)\t")


def read_word(content: bytes, limits: LimitsConfig) -> PageLayout:
    """Read a Word file (``.docx``).

    Parameters
    ----------
    content : bytes
        Of the file.
    limits : LimitsConfig
        How large it may be, also once inflated.

    Returns
    -------
    PageLayout
        One page: paragraphs as lines, rows of tables as cells.

    Raises
    ------
    DocumentError
        ``too_large`` or ``decompression_bomb``.
    RequestFileError
        It is damaged or has a password.
    MissingExtraError
        The extra ``office`` is not installed.
    """
    require_extra("office", "a Word file")
    from docx2python import docx2python  # noqa: PLC0415 (only for Word files)

    try:
        mended = _mend_word(content, limits)
        with docx2python(mended, duplicate_merged_cells=False) as document:
            tables = [*document.header, *document.body, *document.footnotes, *document.footer]
    except (DocumentError, MemoryError, RequestFileError):
        raise
    except Exception as error:  # damaged files raise whatever their bytes happen to break
        raise RequestFileError(
            f"a Word file that cannot be read ({type(error).__name__}); save it again, or as PDF"
        ) from None
    return page_of_rows(row for table in tables for row in _rows_of(table))


def _rows_of(table: Sequence[Sequence[Sequence[str]]]) -> Iterator[list[str]]:
    """Yield the rows of a table; the paragraphs around tables come as tables of one cell."""
    if len(table) == 1 and len(table[0]) == 1:
        yield from ([text] for text in map(_tidy, table[0][0]))
        return
    for row in table:
        yield ["\n".join(filter(None, map(_tidy, cell))) for cell in row]


def _tidy(paragraph: str) -> str:
    paragraph = _PLACE.sub("", paragraph)
    paragraph = _NUMBER.sub(lambda match: f"{match['number']} ", paragraph)
    return _BULLET.sub("- ", paragraph).strip(" ")


def _mend_word(content: bytes, limits: LimitsConfig) -> io.BytesIO:
    """Write the parts of a Word file that hold text anew, without what stands in it twice."""
    mended = io.BytesIO()
    n_bytes = 0
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(mended, "w") as out:
        members = archive.infolist()
        if len(members) > _MOST_MEMBERS:
            raise DocumentError("too_large", f"{len(members):,} parts of a Word file")
        for member in members:
            is_read = _READ_PART.fullmatch(member.filename) is not None
            if not is_read and not _KEPT_PART.fullmatch(member.filename):
                continue
            part = _inflate(archive, member, len(content), limits)
            n_bytes += len(part)
            if n_bytes > limits.max_bytes:
                raise DocumentError("too_large", f"more than {limits.max_bytes:,} bytes inflated")
            out.writestr(member.filename, _mend_part(part) if is_read else part)
    return mended


def _inflate(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, n_packed: int, limits: LimitsConfig
) -> bytes:
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise RequestFileError("a Word file packed in an unusual way; save it again, or as PDF")
    if member.flag_bits & 0x1:
        raise DocumentError("password_protected", "the Word file asks for a password")
    most = int(min(limits.max_bytes, max(_ALWAYS_FINE, limits.max_ratio * n_packed)))
    with archive.open(member) as file:
        part = file.read(most + 1)
    if len(part) > most:
        raise DocumentError("decompression_bomb", "a part of the Word file inflates without end")
    return part


def _mend_part(part: bytes) -> bytes:
    from lxml import etree  # noqa: PLC0415 (with the reader of Word files)

    if b"<!DOCTYPE" in part or b"<!ENTITY" in part:
        raise RequestFileError("a Word file with entities of its own; save it again, or as PDF")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(_declare_links(part), parser)
    for element in list(root.iter(*_REMOVED)):
        _remove(element)
    for control in list(root.iter(f"{_W}sdt")):
        if control.find(f"{_W}sdtPr/{_W}showingPlcHdr") is not None:
            for text in control.iter(f"{_W}t"):  # what a blank field says of itself
                text.text = ""
    spell_signs(root)
    for run in list(root.iter(f"{_W}r")):
        if _is_hidden(run):
            _remove(run)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


def _declare_links(part: bytes) -> bytes:
    """Declare the prefix of links, which the reader asks of files that have none too."""
    head = part[:_HEAD].decode("latin-1")
    match = _ROOT.search(head)
    if match is None or "xmlns:r=" in head:
        return part
    declared = head[: match.end("name")] + _LINKS + head[match.end("name") :]
    return declared.encode("latin-1") + part[_HEAD:]


def _is_hidden(run: Any) -> bool:
    hidden = run.find(f"{_W}rPr/{_W}vanish")
    return hidden is not None and hidden.get(f"{_W}val", "1") not in {"0", "false", "off"}


def _remove(element: Any) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


# --- RTF -----------------------------------------------------------------------------------------

_UNSEEN = frozenset({"deleted", "v"})


def read_rtf(content: bytes) -> PageLayout:
    r"""Read RTF.

    Parameters
    ----------
    content : bytes
        Of the file.

    Returns
    -------
    PageLayout
        One page.

    Raises
    ------
    RequestFileError
        It is damaged.
    MissingExtraError
        The extra ``office`` is not installed.

    Examples
    --------
    >>> read_rtf(rb"{\rtf1 Norco {\deleted #6}#12, L4\_5\par}").text
    'Norco #12, L4-5'
    """
    require_extra("office", "an RTF file")
    from striprtf.striprtf import rtf_to_text  # noqa: PLC0415 (only for RTF)

    kept = spell_rtf_signs(cut_unseen(content.decode("latin-1")))
    try:
        text: str = rtf_to_text(kept, errors="replace")
    except Exception as error:  # as above
        raise RequestFileError(
            f"an RTF file that cannot be read ({type(error).__name__}); save it again, or as PDF"
        ) from None
    lines = (line.rstrip() for line in text.replace("\u2011", "-").split("\n"))
    tabbed = (line[:-1].replace("|", "\t") if line.endswith("|") else line for line in lines)
    return lay_out_text("\n".join(tabbed).strip())


def cut_unseen(rtf: str) -> str:
    r"""Cut what an RTF file keeps of deleted and of hidden text.

    Parameters
    ----------
    rtf : str
        The file.

    Returns
    -------
    str
        Without it.

    Examples
    --------
    >>> cut_unseen(r"{\rtf1 PT {\deleted 6}12 visits}")
    '{\\rtf1 PT {\\deleted }12 visits}'
    """
    pieces: list[str] = []
    states: list[frozenset[str]] = [frozenset()]
    at = 0
    for token in RTF_TOKEN.finditer(rtf):
        if not states[-1]:
            pieces.append(rtf[at : token.start()])
        at = token.end()
        sign = token[0]
        if sign == "{":
            states.append(states[-1])
        elif sign == "}":
            if len(states) > 1:
                states.pop()
        elif token["word"] in _UNSEEN:
            off = frozenset({token["word"]})
            states[-1] = states[-1] - off if token["number"] == "0" else states[-1] | off
        elif token["word"] == "plain":
            states[-1] -= {"v"}
        elif states[-1] and (token["word"] is None or token["word"] in {"u", "tab", "par", "line"}):
            continue
        pieces.append(sign)
    if not states[-1]:
        pieces.append(rtf[at:])
    return "".join(pieces)
