"""Signs of Word files and RTF from fonts of signs, formulas and rare separators."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from office_files import docx, paragraph, sign

from imrml.config import load_config
from imrml.documents.office import read_rtf, read_word
from imrml.documents.word_signs import spell_rtf_signs

LIMITS = load_config().limits
MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
RTF = (
    r"{\rtf1\ansi{\fonttbl{\f0\fcharset0 Arial;}"
    r"{\f1\froman\fcharset2\fprq2{\*\panose 05050102010706020507}Symbol;}"
    r"{\f2\fcharset2 Wingdings;}}\f0 "
)
RTF_TOKENS = ("{", "}", r"\f1", r"\f1 ", r"\'6d", r"\'", r"\u-3987", r"\u61549?", r"\u", "m", "é")


def words_of(*runs: str) -> str:
    return read_word(docx(paragraph(*runs)), LIMITS).text


def formula(inside: str) -> str:
    return f'<m:oMath xmlns:m="{MATH}">{inside}</m:oMath>'


def part(name: str, text: str) -> str:
    return f"<m:{name}><m:r><m:t>{text}</m:t></m:r></m:{name}>"


@pytest.mark.parametrize(
    ("font", "place", "read"),
    [
        ("Symbol", "F06D", "μ"),
        ("Symbol", "006D", "μ"),
        ("symbol", "F0B3", "≥"),
        ("Symbol", "F0A3", "≤"),
        ("Symbol", "03BC", "μ"),
        ("Wingdings", "F0FE", "☑"),
        ("Wingdings 2", "F0A3", "☐"),
        ("Arial", "00B5", "µ"),
        ("A font of ours", "F041", "\ufffd"),
        ("Symbol", "none", "\ufffd"),
    ],
)
def test_a_sign_of_a_font_is_what_is_printed(font: str, place: str, read: str) -> None:
    assert words_of("25 ", sign(font, place), "g") == f"25 {read}g"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"25 {\f1\'6d}g, {\f1 m}g, mild", "25 μg, μg, mild"),
        (r"25 {\f1\u61549\'3f}g, {\f1\u-3987?}g", "25 μg, μg"),
        (r"pain {\f1\'b3} 4, \f1 5%\plain  m", "pain ≥ 4, 5% m"),
        (r"{\f2\'fe} new {\f2\'a8} again", "☑ new ☐ again"),
        (r"{\f1\u956?}g", "μg"),
    ],
)
def test_a_sign_of_rtf_is_what_is_printed(written: str, read: str) -> None:
    assert read_rtf(f"{RTF}{written}}}".encode()).text == read


@given(st.lists(st.sampled_from(RTF_TOKENS), max_size=20).map("".join))
def test_spelling_takes_every_rtf_and_changes_none_without_such_fonts(written: str) -> None:
    spell_rtf_signs(RTF + written)
    assert spell_rtf_signs(written) == written


def test_parts_of_a_formula_stay_apart() -> None:
    half = f"<m:f>{part('num', '1')}{part('den', '2')}</m:f>"
    assert words_of("Take 1", formula(half), " tablets") == "Take 1 1/2 tablets"
    power = f"<m:sSup>{part('e', '10')}{part('sup', '5')}</m:sSup>"
    assert words_of("count ", formula(power)) == "count 10^5"


def test_rare_separators_keep_words_apart() -> None:
    text = words_of("PT 12", "<w:r><w:cr/></w:r>", "visits", "<w:r><w:ptab/></w:r>", "low back")
    assert text.split() == ["PT", "12", "visits", "low", "back"]
