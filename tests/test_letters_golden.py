"""Golden letters: one file each; every field comes back from every kind of text and from PDF."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from factories import LAYOUTS, render

from imrml.errors import LetterError
from imrml.letters.formats import FORMATS, LabelledItems
from imrml.letters.parsing import parse_letter
from imrml.letters.spans import ParsedLetter
from imrml.synthetic import pdf_bytes

FOLDER = Path(__file__).parent / "golden_letters"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name: str) -> tuple[list[str], dict[str, Any]]:
    golden = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return golden["letter"].strip().split("\n\n"), golden["expected"]


def require_expected(parsed: ParsedLetter, expected: dict[str, Any]) -> None:
    case = parsed.case
    for name in ("case_number", "letter_format", "format_verified"):
        assert getattr(case, name) == expected[name], name
    assert (parsed.case_outcome, list(parsed.flags)) == (
        expected["case_outcome"],
        expected["flags"],
    )
    assert len(case.items) == len(expected["items"])
    for item, own in zip(case.items, expected["items"], strict=True):
        for name, wanted in (expected["shared"] | own).items():
            part = item.submission if hasattr(item.submission, name) else item.determination
            assert getattr(part, name) == wanted, f"item {item.item_number}: {name}"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
def test_every_field_comes_back(name, layout):
    paragraphs, expected = load(name)
    require_expected(
        parse_letter(render(paragraphs, layout), fallback_case_number="fallback"), expected
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_field_comes_back_from_a_pdf(name, tmp_path):
    paragraphs, expected = load(name)
    path = tmp_path / f"{name}.pdf"
    path.write_bytes(
        pdf_bytes(
            line
            for paragraph in paragraphs
            for line in [*render([paragraph], "tight").split("\n"), ""]
        )
    )
    require_expected(parse_letter(path, fallback_case_number="fallback"), expected)


def test_each_format_has_at_least_three_letters():
    formats = [load(name)[1]["letter_format"] for name in NAMES]
    assert {row.id: formats.count(row.id) >= 3 for row in FORMATS} == {
        row.id: True for row in FORMATS
    }


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.id)
def test_the_specimen_of_a_format_shows_its_sign(row):
    if isinstance(row.items, LabelledItems):
        assert row.sign is not None
        assert row.sign.search(row.specimen)
    elif row.items.named_in:
        assert row.specimen.startswith(row.sections[0].heading)
    else:
        assert row.items.statement.search(row.specimen)


def test_outcomes_that_contradict_each_other_are_no_decision():
    paragraphs = load("F1a-one-item")[0]
    first = next(i for i, paragraph in enumerate(paragraphs) if "is not medically" in paragraph)
    paragraphs[first] = paragraphs[first].replace("is not medically", "is medically")
    with pytest.raises(LetterError, match="contradictory_outcomes"):
        parse_letter(render(paragraphs, "spaced"), fallback_case_number="fallback")


def test_an_outcome_that_is_not_told_is_not_inferred():
    paragraphs = [
        paragraph.replace("is not medically necessary and appropriate", "seems too much")
        for paragraph in load("F0-one-item")[0]
    ]
    with pytest.raises(LetterError, match="item_without_outcome"):
        parse_letter(render(paragraphs, "spaced"), fallback_case_number="fallback")


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_cut_short_is_refused_or_flagged(name):
    text = render(load(name)[0], "spaced")
    for share in (0.3, 0.5, 0.7, 0.85, 0.95):
        cut = text[: int(share * len(text))].rstrip()
        while not cut[-1].isalnum():
            cut = cut[:-1].rstrip()
        try:
            parsed = parse_letter(cut, fallback_case_number="fallback")
        except LetterError:
            continue
        assert "cut_short" in parsed.flags
