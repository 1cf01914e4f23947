"""Adding gold labels by hand: what an answer means, and the file that answers are kept in."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from imrml.deficiencies import deficiency_ids
from imrml.errors import TableError
from imrml.labelling.gold import read_gold_items
from imrml.private_files import write_private
from imrml.tables.files import read_table

NONE = "none"
_SEPARATOR = re.compile(r"[\s,;]+")


class AnswerError(ValueError):
    """An answer that cannot be read; the message says what was expected."""


def read_guide() -> str:
    """Read the guide for people who label: what counts, what never does, and where careful readers hesitate.

    Examples
    --------
    >>> read_guide().splitlines()[0]
    '# How to label a rationale'
    """
    return files("imrml.labelling").joinpath("GUIDE.md").read_text(encoding="utf-8")


def read_ids(answer: str) -> tuple[str, ...]:
    """Read which deficiencies a person names: numbers from 1 in the taxonomy's order, ids, or starts of ids that fit one only.

    Raises
    ------
    AnswerError
        A word is none of these.

    Examples
    --------
    >>> read_ids("18, weaning"), read_ids("none")
    (('weaning_indicated', 'no_rationale_or_plan'), ())
    """
    words = [word for word in _SEPARATOR.split(answer.strip().lower()) if word]
    if not words:
        raise AnswerError(f"name at least one deficiency, or {NONE!r}")
    if words == [NONE]:
        return ()
    named = {_read_id(word) for word in words}
    return tuple(id_ for id_ in deficiency_ids() if id_ in named)


def _read_id(word: str) -> str:
    ids = deficiency_ids()
    if word.isdecimal():
        if 1 <= int(word) <= len(ids):
            return ids[int(word) - 1]
        raise AnswerError(f"{word} is no number from 1 to {len(ids)}")
    fitting = [word] if word in ids else [id_ for id_ in ids if id_.startswith(word)]
    if len(fitting) == 1:
        return fitting[0]
    raise AnswerError(
        f"{word!r} fits {', '.join(fitting)}"
        if fitting
        else f"{word!r} is no number, no id and no start of one"
    )


def read_quote(answer: str, rationale: str, sentences: Sequence[str]) -> str:
    """Read which words a person means: a sentence by its number from 1, or words pasted from the rationale.

    Returns
    -------
    str
        As it stands in the rationale; blanks of pasted words need not be the same.

    Raises
    ------
    AnswerError
        No sentence has that number, or the words do not stand in the rationale.

    Examples
    --------
    >>> rationale = "She is better.  No  score was noted."
    >>> read_quote("2", rationale, ["She is better.", "No  score was noted."]), read_quote("no score", rationale, [])
    ('No  score was noted.', 'No  score')
    """
    answer = answer.strip()
    if answer.isdecimal():
        if 1 <= int(answer) <= len(sentences):
            return sentences[int(answer) - 1]
        raise AnswerError(f"{answer} is no sentence's number from 1 to {len(sentences)}")
    words = answer.split()
    if not words:
        raise AnswerError("give a sentence's number, or paste the words")
    found = re.search(r"\s+".join(map(re.escape, words)), rationale, re.IGNORECASE)
    if found is None:
        raise AnswerError(
            "these words do not stand in the rationale, one after the other; paste them, or give a sentence's number"
        )
    return found.group()


def keep_answer(path: Path, item_id: str, evidence: Mapping[str, str], *, is_revised: bool) -> None:
    """Keep the answer on one item in a file of gold labels, readable by its owner only; an earlier answer gives way.

    A new answer is one line at the end, so that nothing kept before can be lost.

    Parameters
    ----------
    path : Path
        JSON Lines; made where absent.
    item_id : str
        ``CASE#NUMBER``.
    evidence : dict of str to str
        The quote of each deficiency found; empty for none.
    is_revised : bool
        The person had seen what the labeller found.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "gold.jsonl")
    >>> keep_answer(path, "CM15-0000001#1", {"weaning_indicated": "should be tapered"}, is_revised=False)
    >>> read_table(path).to_dict("records")[0]["deficiencies"]
    ['weaning_indicated']
    """
    row = {
        "item_id": item_id,
        "deficiencies": list(evidence),
        "evidence": dict(evidence),
        "is_revised": is_revised,
    }
    line = json.dumps(row, ensure_ascii=False) + "\n"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    before = [old for old in text.split("\n") if old.strip()]
    others = [old for old in before if json.loads(old)["item_id"] != item_id]
    if len(others) < len(before):
        replaced = "".join(f"{old}\n" for old in others) + line
        write_private(path, lambda target: target.write_text(replaced, encoding="utf-8"))
        return
    if text and not text.endswith("\n"):  # an editor left the last line open
        line = f"\n{line}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8"
    ) as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def answered_items(path: Path) -> set[str]:
    """List the items of which a file of gold labels holds an answer; none where there is no file.

    Raises
    ------
    TableError
        The file's name does not end in ``.jsonl``, or it is no file of gold labels.

    Examples
    --------
    >>> answered_items(Path("nobody_began.jsonl"))
    set()
    """
    if path.suffix.lower() != ".jsonl":
        raise TableError(f"{path}: answers are kept as JSON Lines; name a file that ends in .jsonl")
    if not path.exists() or not path.stat().st_size:
        return set()
    return set(read_gold_items(read_table(path), str(path)))
