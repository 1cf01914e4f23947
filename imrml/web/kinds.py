"""What a clerk can do about a file of a kind that is not read, by how its name ends."""

_PICTURE = "This kind of picture is not read. Save it as .jpg or .png, or type what it says."
_WORD = "This is a text document. Save it as PDF, or paste its text."
_TABLE = "This is a table. Send it under “Many requests”."
_ARCHIVE = "This is an archive. Unpack it and send the file itself."
_MAIL = "These are many e-mails. Save the one that counts as .eml and send that."
_SOUND = "This is a recording. Send what was typed from it."
_PAGE = "This is a web page. Print it as PDF, or paste its text."
_SLIDES = "These are slides. Save them as PDF."

_OF_A_REPORT = {
    _PICTURE: ("bmp", "dcm", "gif", "heic", "webp"),
    _WORD: ("doc", "odt", "pages", "wpd"),
    _TABLE: ("csv", "jsonl", "numbers", "ods", "parquet", "tsv", "xls", "xlsb", "xlsm", "xlsx"),
    _ARCHIVE: ("7z", "gz", "rar", "tar"),
    _MAIL: ("mbox", "pst"),
    _SOUND: ("dss", "m4a", "mp3", "mp4", "ogg", "wav", "wma"),
    _PAGE: ("mht", "mhtml", "xml"),
    _SLIDES: ("key", "odp", "ppt", "pptx"),
}
_OF_A_TABLE = {
    "This is an older or other workbook. Save it as .xlsx.": (
        *("numbers", "ods", "xls", "xlsb", "xlsm"),
    ),
    "This is a text file. Save the table as .csv or .xlsx.": ("tab", "tsv", "txt"),
    "A report is sent under “One request”; here go tables.": (
        *("docx", "eml", "htm", "html", "msg", "pdf", "rtf"),
        *_OF_A_REPORT[_WORD],
        *_OF_A_REPORT[_PAGE],
    ),
    "This is a picture. Type its rows into a table.": (
        *("jpeg", "jpg", "png", "tif", "tiff"),
        *_OF_A_REPORT[_PICTURE],
    ),
    _ARCHIVE: (*_OF_A_REPORT[_ARCHIVE], "zip"),
    _MAIL: _OF_A_REPORT[_MAIL],
}


def advise_on_report(name: str) -> str:
    """Say what to do about a file that is no report as it is read here.

    Parameters
    ----------
    name : str
        Of the file; only how it ends counts.

    Returns
    -------
    str
        A sentence or two; ``""`` where its kind is not known.

    Examples
    --------
    >>> advise_on_report("scan of May.HEIC")
    'This kind of picture is not read. Save it as .jpg or .png, or type what it says.'
    """
    return _advise(name, _OF_A_REPORT)


def advise_on_table(name: str) -> str:
    """Say what to do about a file that is no table as it is read here.

    Parameters
    ----------
    name : str
        Of the file; only how it ends counts.

    Returns
    -------
    str
        A sentence or two; ``""`` where its kind is not known.

    Examples
    --------
    >>> advise_on_table("requests.xls")
    'This is an older or other workbook. Save it as .xlsx.'
    """
    return _advise(name, _OF_A_TABLE)


def _advise(name: str, advice: dict[str, tuple[str, ...]]) -> str:
    ending = name.lower().rpartition(".")[2]
    return next((words for words, endings in advice.items() if ending in endings), "")
