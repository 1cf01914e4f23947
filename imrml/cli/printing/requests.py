"""How ``imrml explain`` prints a request: its text with what counts marked, and a summary."""

from rich.console import Console
from rich.text import Text

from imrml.cli.printing.text import printable, printable_lines
from imrml.explaining.explanation import Explanation, TextSection
from imrml.explaining.summary import format_item

_STYLES = {"raises": "bold green", "lowers": "bold red", "shown": "underline", "lacking": "italic"}
_LEGEND = "green raises, red lowers, underlined is shown, italic is said to be absent"
_BRACKETS = {"shown": "[]", "lacking": "()"}
"""Without colour, what is shown stands in square brackets and what is absent in round ones."""


def print_explanation(explanation: Explanation) -> None:
    """Print the explanation of one request on stdout, item by item.

    Parameters
    ----------
    explanation : Explanation
        Of one request; what its items have in common is printed with the first.
    """
    screen = Console(highlight=False, soft_wrap=False)
    items = explanation.list_items()
    if len(items) > 1:
        screen.print(Text(f"The request lists {len(items)} items.\n", style="bold"))
    for number, item in enumerate(items):
        head, *rest = format_item(item, width=screen.width).split("\n\n")
        screen.print(Text(printable_lines(head), style="bold"))
        _print_sections(item, screen, with_record=not number)
        for paragraph in rest:
            title, _, body = paragraph.partition("\n")
            screen.print()
            screen.print(Text(printable(title), style="bold" if body else ""))
            if body:
                screen.print(Text(printable_lines(body.rstrip("\n"))))
        screen.print()
    for note in explanation.notes:
        screen.print(Text(printable(note)))


def _print_sections(explanation: Explanation, screen: Console, *, with_record: bool) -> None:
    is_plain = screen.color_system is None
    screen.print()
    for section in explanation.sections:
        if with_record or section.column == "treatment":
            screen.print(Text(section.title, style="bold"))
            screen.print(_marked(section, is_plain=is_plain))
    legend = "[ ] shown, ( ) said to be absent" if is_plain else _LEGEND
    screen.print(Text(legend, style="bright_black"))


def _marked(section: TextSection, *, is_plain: bool) -> Text:
    """Colour what counts; where there is no colour, put brackets around documents."""
    text = Text(printable_lines(section.text))
    for mark in section.marks:
        text.stylize(_STYLES[mark.kind], mark.start, mark.end)
    if not is_plain:
        return text
    brackets = [
        (place, sign)
        for mark in section.marks
        if mark.kind in _BRACKETS
        for place, sign in zip((mark.start, mark.end), _BRACKETS[mark.kind], strict=True)
    ]
    plain = text.plain
    for place, sign in sorted(brackets, reverse=True):  # from the end: earlier places still hold
        plain = plain[:place] + sign + plain[place:]
    return Text(plain)
