"""HTML to pages: paragraphs as lines, rows of tables as cells, fields with what stands in them."""

from html.parser import HTMLParser

from imrml.documents.layout import PageLayout, page_of_rows

_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt"}
    | {"fieldset", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html"}
    | {"legend", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "tfoot"}
    | {"thead", "tr", "ul"}
)
_UNSEEN = frozenset(
    {"del", "head", "noscript", "s", "script", "strike", "style", "svg", "template"}
)
_VOID = frozenset({"base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"})
_TYPED = frozenset({"", "text", "date", "number", "email", "search", "tel"})


def read_html(text: str) -> PageLayout:
    r"""Read a page of HTML.

    Parameters
    ----------
    text : str
        The page.

    Returns
    -------
    PageLayout
        One page, as it reads.

    Examples
    --------
    >>> read_html("<p>Treatment:<br>MRI</p><table><tr><td>CPT<td>72148</table>").text
    'Treatment:\nMRI\n\nCPT\t72148'
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.end_line()
    while reader.rows and reader.rows[-1] == [""]:
        reader.rows.pop()
    return page_of_rows(reader.rows)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self._cells: list[str] | None = None  # of the row that is open
        self._words: list[str] = []
        self._unseen: list[str] = []
        self._is_in_cell = False
        self._is_chosen = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen.append(tag)
        if self._unseen:
            return
        given = {name: value or "" for name, value in attrs}
        if tag == "br":
            self._break()
        elif tag == "tr":
            self._end_row()
            self.end_line()
            self._cells = []
        elif tag in {"td", "th"}:
            self._end_cell()
            self._cells = [] if self._cells is None else self._cells
            self._is_in_cell = True
        elif tag == "li":
            self.end_line()
            self._words.append("- ")
        elif tag == "input":
            self._read_input(given)
        elif tag == "option":
            self._is_chosen = "selected" in given
        elif tag in _BLOCKS:
            self.end_line(blank=tag == "p")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN and tag in self._unseen:
            while self._unseen and self._unseen.pop() != tag:
                pass
        if self._unseen or tag in _VOID:
            return
        if tag in {"td", "th"}:
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag in {"option", "select"}:
            self._is_chosen = True
        elif tag in _BLOCKS:
            if tag == "table":
                self._end_row()
            self.end_line(blank=tag in {"p", "table"})

    def handle_data(self, data: str) -> None:
        if not self._unseen and self._is_chosen:
            self._words.append(data)

    def _read_input(self, given: dict[str, str]) -> None:
        kind = given.get("type", "").lower()
        if kind in {"checkbox", "radio"}:
            self._words.append(" ☒ " if "checked" in given else " ☐ ")
        elif kind in _TYPED:
            self._words.append(f" {given.get('value', '')} ")

    def _take_words(self) -> str:
        words = " ".join("".join(self._words).split())
        self._words = []
        return words

    def _break(self) -> None:
        """End a line within a cell, or a line of its own."""
        if self._cells is None:
            self.end_line()
        else:
            self._words.append(" \x00 ")

    def _end_cell(self) -> None:
        if self._cells is None or not self._is_in_cell:
            return
        lines = (line.strip() for line in self._take_words().split("\x00"))
        self._cells.append("\n".join(filter(None, lines)))
        self._is_in_cell = False

    def _end_row(self) -> None:
        self._end_cell()
        if self._cells:
            self.rows.append(self._cells)
        self._cells = None

    def end_line(self, *, blank: bool = False) -> None:
        """End the line that is open; in a cell a paragraph is only a line of it."""
        if self._cells is not None:
            if "".join(self._words).strip():
                self._words.append(" \x00 ")
            return
        words = self._take_words()
        if words:
            self.rows.append([words])
        if blank and self.rows and self.rows[-1] != [""]:
            self.rows.append([""])
