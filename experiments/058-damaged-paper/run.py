"""Damage invented letters at random and count what is misread in silence: run.py [N]."""

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from random import Random

from imrml.errors import LetterError
from imrml.letters.parsing import parse_letter
from imrml.synthetic import draw_letters

Pages = list[str]


def paginate(text: str, n_lines: int) -> Pages:
    lines = text.replace("\f", "\n").split("\n")
    return ["\n".join(lines[at : at + n_lines]) for at in range(0, len(lines), n_lines)]


def stamp(pages: Pages, rng: Random) -> Pages:
    kind = rng.choice(["fax", "number", "received", "copy"])
    stamped = []
    for i, page in enumerate(pages, start=1):
        words = {
            "fax": f"03/04/2015 10:12 FAX 5550100 Farm -> Mill {i:03d}/{len(pages):03d}",
            "number": f"MILL-{i + 76:06d}",
            "received": f"RECEIVED\nClaims Dept\nMAR 0{i % 9 + 1} 2015",
            "copy": "Copy for the file",
        }[kind]
        stamped.append(f"{words}\n{page}" if rng.random() < 0.5 else f"{page}\n{words}")
    return stamped


def drop(pages: Pages, rng: Random) -> Pages:
    lost = rng.randrange(len(pages)) if len(pages) > 1 else -1
    return [page for i, page in enumerate(pages) if i != lost]


def swap(pages: Pages, rng: Random) -> Pages:
    swapped = list(pages)
    if len(pages) > 1:
        i, j = rng.sample(range(len(pages)), 2)
        swapped[i], swapped[j] = pages[j], pages[i]
    return swapped


def cut(pages: Pages, rng: Random) -> Pages:
    text = "\f".join(pages)
    start = rng.randrange(len(text))
    return [text[:start] + text[start + rng.choice([40, 200, 800, 3000]) :]]


def glue(pages: Pages, rng: Random) -> Pages:
    share = rng.choice([0.1, 0.4, 0.8, 1.0])
    return [
        "".join(
            line if rng.random() > share else line.rstrip("\n")
            for line in page.splitlines(keepends=True)
        )
        for page in pages
    ]


def end_in_blanks(pages: Pages, _: Random) -> Pages:
    return ["\n".join(f"{line.rstrip()} " for line in page.split("\n")) for page in pages]


DAMAGES: list[Callable[[Pages, Random], Pages]] = [stamp, drop, swap, cut, glue, end_in_blanks]


def sentences(text: str) -> list[str]:
    return [words for words in re.split(r"(?<=[.!?])\s+", text) if len(words.split()) >= 5]


def letters_only(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def main(n_letters: int) -> None:
    results: dict[str, Counter[str]] = defaultdict(Counter)
    for i, letter in enumerate(draw_letters(n_letters, seed=14, damage_share=0.0)):
        try:
            parse_letter(letter.text)
            results["none"]["read"] += 1
        except LetterError as error:
            results["none"][error.reason] += 1
        rng = Random(i)
        pages = paginate(letter.text, rng.choice([18, 25, 35]))
        first = rng.choice(DAMAGES)
        pages = first(pages, rng)
        if rng.random() < 0.3:
            pages = rng.choice(DAMAGES)(pages, rng)
        summary = letters_only(letter.case.items[0].submission.case_summary)
        of_rationales = {
            letters_only(words)
            for item in letter.case.items
            for words in sentences(item.determination.rationale)
        }
        own = {words for words in of_rationales if words not in summary}
        try:
            parsed = parse_letter("\f".join(pages))
        except LetterError as error:
            results[first.__name__][error.reason] += 1
            continue
        fields = {
            letters_only(getattr(item.submission, name))
            for item in parsed.case.items
            for name in ("treatment", "item", "case_summary")
        }
        is_misread = any(words in field for words in own for field in fields)
        outcome = "misread" if is_misread else "read"
        results[first.__name__][f"{outcome}, {'flagged' if parsed.flags else 'no flag'}"] += 1
    for name, counts in results.items():
        print(name, dict(counts))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
