"""Fields of a form as a page of a PDF holds them: what was typed, chosen and ticked.

What a field does not say itself, the group says that it belongs to. A box of a group bears the
words of its place in the group's list. A box counts as ticked only where all that tells so agrees.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from imrml.documents.layout import Word

_MOST_FIELDS = 5_000
_DEEPEST = 20
"""Fields of a page and groups around one that are looked at."""
_HIDDEN = 0b10
_PUSH_BUTTON = 1 << 16


def read_fields(page: Any, number: int, unread: list[str]) -> Iterator[Word]:
    """Yield the fields and notes of a page, each with what it holds and where it stands.

    Parameters
    ----------
    page : pypdf.PageObject
        The page.
    number : int
        Of the page, from 1.
    unread : list of str
        Where fields are told of that contradict themselves.

    Yields
    ------
    Word
        A field that holds nothing has an empty text.
    """
    for reference in islice(page.get("/Annots") or (), _MOST_FIELDS):
        annotation = reference.get_object()
        rectangle = annotation.get("/Rect")
        if rectangle is None or int(annotation.get("/F", 0)) & _HIDDEN:
            continue
        x0, y0, x1, y1 = (float(edge) for edge in rectangle)
        box = min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
        kind = annotation.get("/Subtype")
        if kind == "/FreeText" and (note := _words(annotation.get("/Contents"))):
            yield Word(note, *box, kind="value")
        elif kind == "/Widget":
            yield from _read_widget(annotation, box, number, unread)


def _read_widget(
    widget: Any, box: tuple[float, float, float, float], number: int, unread: list[str]
) -> Iterator[Word]:
    kind = _inherited(widget, "/FT")
    name = "\n".join(filter(None, (_words(_inherited(widget, key)) for key in ("/TU", "/T"))))
    value = _inherited(widget, "/V")
    if kind == "/Btn":
        flags = int(_inherited(widget, "/Ff") or 0)
        if flags & _PUSH_BUTTON:
            return
        state = _read_state(widget, value)
        if state is None:
            unread.append(f"page {number}: a box says that it is ticked and that it is not")
        words = _state_words(widget)
        yield Word(words, *box, kind="ticked" if state else "unticked", name=name)
    elif kind == "/Ch":
        chosen = _read_choice(widget, value)
        yield Word("\n".join(chosen), *box, kind="value", name=name)
    elif kind == "/Tx":
        yield Word(_words(value), *box, kind="value", name=name)


def _inherited(field: Any, key: str) -> Any:
    """Give what a field says, or the group that it belongs to."""
    for _ in range(_DEEPEST):
        if (value := field.get(key)) is not None:
            return value.get_object() if hasattr(value, "get_object") else value
        parent = field.get("/Parent")
        if parent is None:
            return None
        field = parent.get_object()
    return None


def _words(value: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "get_data"):
        value = value.get_data()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    lines = str(value).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def _on_states(widget: Any) -> list[str]:
    drawn = widget.get("/AP", {}).get("/N")
    drawn = drawn.get_object() if drawn is not None else {}
    return [str(state) for state in getattr(drawn, "keys", list)() if state != "/Off"]


def _read_state(widget: Any, value: Any) -> bool | None:
    """Tell whether a box is ticked; None where its field and its look contradict each other."""
    shown, states = widget.get("/AS"), _on_states(widget)
    said = str(value) if value is not None else None
    if shown is None:
        return said is not None and said != "/Off" and said in states
    if shown == "/Off":
        # Of a group, the value names the box that is ticked: not this one.
        return None if said is not None and said in states and len(states) == 1 else False
    if states and shown not in states:
        return False
    return None if said == "/Off" else True


def _state_words(widget: Any) -> str:
    """Give the words of a box: those of its place in the group's list, or its own."""
    options = _inherited(widget, "/Opt")
    states = _on_states(widget)
    state = states[0].lstrip("/") if states else ""
    if options is not None and state.isdecimal() and int(state) < len(options):
        return _option_words(options[int(state)])
    return "" if state.lower() in {"", "yes", "on", "off", "1", "0"} or state.isdecimal() else state


def _option_words(option: Any) -> str:
    option = option.get_object() if hasattr(option, "get_object") else option
    return _words(option[-1]) if isinstance(option, list) and option else _words(option)


def _read_choice(widget: Any, value: Any) -> list[str]:
    """Read everything chosen in a list, in the words that it shows."""
    options = list(_inherited(widget, "/Opt") or ())
    shown: dict[str, str] = {}
    for reference in options:
        option = reference.get_object() if hasattr(reference, "get_object") else reference
        stored = option[0] if isinstance(option, list) and option else option
        shown[_words(stored)] = _option_words(option)
    if value is None:
        places = [int(place) for place in _inherited(widget, "/I") or ()]
        return [_option_words(options[place]) for place in places if 0 <= place < len(options)]
    chosen: Iterable[Any] = value if isinstance(value, list) else [value]
    return [shown.get(_words(entry), _words(entry)) for entry in chosen]
