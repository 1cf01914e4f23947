"""``imrml explain``: one request with what moved its score, what it shows and what to send; text of it goes to stdout only."""

from typing import TYPE_CHECKING, Annotated

import typer

from imrml.cli.score import MODEL_HELP, open_model, print_ignored_input

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from imrml.explaining.explanation import Explanation, TextSection

_STYLES = {"raises": "bold green", "lowers": "bold red", "shown": "underline", "lacking": "italic"}
_LEGEND = "green raises, red lowers, underlined is shown, italic is said to be absent"
_BRACKETS = {"shown": "[]", "lacking": "()"}
"""Without colour, what is shown stands in square brackets and what is absent in round ones."""


def explain_request(
    submissions: Annotated[
        str,
        typer.Argument(help="Submission table: treatment and whatever else is known; - for stdin."),
    ],
    model: Annotated[str, typer.Option(help=MODEL_HELP)],
    row: Annotated[int, typer.Option(min=1, help="Which row of the table, from 1.")] = 1,
    allow_demo: Annotated[
        bool, typer.Option("--allow-demo", help="Accept a model trained on invented data.")
    ] = False,
) -> None:
    """Explain the score of one request: what moved it, what the text shows, what to send, what past items say."""
    from rich.console import Console
    from rich.text import Text

    from imrml.cli.explanation import printable
    from imrml.errors import TableError
    from imrml.explaining.explainer import RequestExplainer
    from imrml.explaining.precedents import open_precedents
    from imrml.explaining.summary import format_summary
    from imrml.submissions.requests import is_known_heading, sort_requests
    from imrml.tables.files import read_table

    loaded = open_model(model)
    table = read_table(submissions, is_known_heading)
    requests = sort_requests(
        table.iloc[row - 1 : row], loaded.manifest["stage"], loaded.model.profile
    )
    print_ignored_input(requests)
    if requests.refused:
        raise TableError(f"explain: row {row}: {requests.refused[0][1]}")
    if not requests.rows:
        raise TableError(f"explain: row {row} of {len(table):,}; there is none")
    [request_id] = requests.request_ids
    explainer = RequestExplainer(loaded, requests.submissions, request_id, allow_demo=allow_demo)
    found = explainer.explain(open_precedents(loaded.manifest))
    screen = Console(highlight=False, soft_wrap=False)
    head, *rest = format_summary(found, width=screen.width).split("\n\n")
    screen.print(Text(_lines_printable(head), style="bold"))
    _print_sections(found, screen)
    for paragraph in rest:
        title, _, body = paragraph.partition("\n")
        screen.print()
        screen.print(Text(printable(title), style="bold" if body else ""))
        if body:
            screen.print(Text(_lines_printable(body.rstrip("\n"))))


def _lines_printable(text: str) -> str:
    return "\n".join(
        "".join(sign if sign.isprintable() else "\ufffd" for sign in line)
        for line in text.split("\n")
    )


def _print_sections(found: "Explanation", screen: "Console") -> None:
    from rich.text import Text

    screen.print()
    for section in found.sections:
        screen.print(Text(section.title, style="bold"))
        screen.print(_marked(section, is_plain=screen.color_system is None))
    screen.print(
        Text(
            "[ ] shown, ( ) said to be absent" if screen.color_system is None else _LEGEND,
            style="bright_black",
        )
    )


def _marked(section: "TextSection", *, is_plain: bool) -> "Text":
    """Colour what counts; where there is no colour, put brackets around documents."""
    from rich.text import Text

    text = Text(_lines_printable(section.text))
    for mark in section.marks:
        text.stylize(_STYLES[mark.kind], mark.start, mark.end)
    if not is_plain:
        return text
    around = sorted(
        ((place, sign) for mark in section.marks if mark.kind in _BRACKETS
         for place, sign in zip((mark.start, mark.end), _BRACKETS[mark.kind], strict=True)),
        reverse=True,
    )  # fmt: skip
    plain = text.plain
    for place, sign in around:
        plain = plain[:place] + sign + plain[place:]
    return Text(plain)
