"""The state's open data: invented rows in both heading styles to items, a model, scores."""

import pandas as pd
import pytest
from commands import run

from imrml.config import load_config
from imrml.corpus.dmhc import read_dmhc
from imrml.errors import LeakageError, TableError
from imrml.submissions.dmhc_codes import read_code
from imrml.submissions.frame import submission_frame
from imrml.submissions.programmes import DMHC, columns_at, require_submission_columns
from imrml.submissions.requests import sort_requests
from imrml.tables.files import read_table

LIMITS = load_config().limits
BLANKED = (
    "Reference ID;Report Year;Diagnosis Category;Diagnosis Sub Category;Treatment "
    "Category;Treatment Sub Category;"
    "Determination;Type;Age Range;Patient Gender\n"
    "MN09-0001;2009;Vision;Cataracts;Ophthalmology;Cataract Surgery;Upheld Decision of Health "
    "Plan;Medical Necessity;11_20;"
    "Female\n"
    "EI10-0002;2010;Vision;;Ophthalmology;;Overturned Decision of Health "
    "Plan;Experimental/Investigational;65+;Male\n"
)
JOINED = (
    "ReferenceID,ReportYear,DiagnosisCategory,DiagnosisSubCategory,TreatmentCategory,TreatmentSubCategory,Determination,Type,"
    "AgeRange,PatientGender,IMRType,DaysToReview,DaysToAdopt,Findings\r\n"
    "MN16-0003,2016,Skin,Acne,Laser,,Overturned Decision of Health Plan,Medical "
    "Necessity,21-30,Female,Standard,20,2,"
    '"The reviewer found, in short,\r\nthat the café visit helped."\r\n'
    "MN16-0004,2016,Skin,Acne,Laser,,Withdrawn,Medical Necessity,21-30,,Expedited,,,\r\n"
    "MN16-0003,2016,Skin,Acne,Laser,,Upheld Decision of Health Plan,Medical "
    "Necessity,21-30,,,,,\r\n"
    "MN16-0005,year,Skin,Acne,Laser,,Upheld Decision of Health Plan,Medical "
    "Necessity,21-30,,,,,\r\n"
    "MN16-0006,2016,Skin,Acne,Laser, by hand,,Upheld Decision of Health Plan,Medical "
    "Necessity,21-30,,,,,\r\n"
    ",2016,Skin,Acne,Laser,,Upheld Decision of Health Plan,Medical Necessity,21-30,,,,,\r\n"
)


@pytest.fixture
def write(tmp_path):
    def write_file(text, encoding="utf-8"):
        path = tmp_path / "state.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write_file


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_blanked_headings_with_any_separator(write, separator):
    imported = read_dmhc(write(BLANKED.replace(";", separator)), LIMITS)
    assert imported.failures == []
    first, second = imported.items.to_dict("records")
    assert first["treatment"] == "Ophthalmology: Cataract Surgery"
    assert first["diagnosis"] == "Vision: Cataracts"
    assert (first["age_band"], first["sex"], first["review_type"]) == (
        "11-20",
        "female",
        "Medical Necessity",
    )
    assert (first["decided_year"], first["decision"], first["rationale"]) == (2009, "upheld", "")
    assert (second["treatment"], second["diagnosis_subcategory"], second["decision"]) == (
        "Ophthalmology",
        "",
        "overturned",
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_joined_headings_and_findings_in_any_encoding(write, encoding):
    imported = read_dmhc(write(JOINED, encoding), LIMITS)
    [item] = imported.items.to_dict("records")
    assert (item["case_number"], item["priority"], item["decision"]) == (
        "MN16-0003",
        "standard",
        "overturned",
    )
    assert item["rationale"] == "The reviewer found, in short,\nthat the café visit helped."
    assert imported.unknown_headings == ()
    failures = [(failure["reason"], failure["offset"]) for failure in imported.failures]
    assert failures == [
        ("unknown_decision", 2),
        ("copy", 3),
        ("unknown_year", 4),
        ("ragged_row", 5),
        ("no_reference", 6),
    ]
    assert "'Withdrawn'" in imported.failures[0]["detail"]


def test_findings_in_the_wrong_column_are_not_repeated(write):
    row = (
        "MN16-1,2016,Skin,,Laser,,The reviewer found that the treatment would hardly "
        "help.,Medical Necessity,21-30,,,,,"
    )
    path = write(
        JOINED.partition("\n")[0]
        + "\n"
        + row
        + "\n"
        + row.replace("The reviewer found that", "Upheld")
        .replace(" the treatment would hardly help.", "")
        .replace("16-1", "16-2")
    )
    [failure] = read_dmhc(path, LIMITS).failures
    assert failure["reason"] == "unknown_decision"
    assert "hardly" not in failure["detail"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Name;Colour\nBean;green\n",
            "no heading for case_number, decided_year, treatment_category, decision",
        ),
        (BLANKED.partition("\n")[0] + "\nMN09-1;2009\n", "none of 1 row"),
        (" ", "nothing but blanks"),
    ],
)
def test_files_that_are_not_the_states(write, text, message):
    with pytest.raises(TableError, match=message):
        read_dmhc(write(text), LIMITS)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(TableError, match=r"state\.csv: no such file"):
        read_dmhc(tmp_path / "state.csv", LIMITS)


def test_findings_are_no_submission(write):
    items = read_dmhc(write(JOINED), LIMITS).items
    frame = submission_frame(items, "imr", DMHC)
    assert tuple(frame.columns) == columns_at("imr", DMHC)
    assert (
        not frame.astype("str").apply(lambda column: column.str.contains("helped")).any(axis=None)
    )
    assert "review_type" not in columns_at("rfa", DMHC)
    with pytest.raises(LeakageError, match="treatment_category"):
        require_submission_columns(list(frame.columns), "imr")


def test_codes_are_read_from_the_text_and_the_text_from_codes(write):
    items = read_dmhc(write(BLANKED), LIMITS).items
    whole = submission_frame(items, "imr", DMHC)
    codes = [name for name in whole if name.endswith("category")]
    from_text = submission_frame(items.drop(columns=codes), "imr", DMHC)
    from_codes = submission_frame(items.drop(columns=["treatment", "diagnosis"]), "imr", DMHC)
    assert from_text.equals(whole)
    assert from_codes.equals(whole)


def test_requests_may_bear_the_states_headings(write):
    table = read_table(write(BLANKED.replace(";", ",")))
    requests = sort_requests(table.drop(columns="Determination"), "imr", DMHC)
    assert requests.unknown_columns == ()
    assert requests.submissions["treatment"].tolist() == [
        "Ophthalmology: Cataract Surgery",
        "Ophthalmology",
    ]
    assert requests.submissions["age_band"].tolist() == ["11-20", "65+"]
    assert len(sort_requests(table, "imr", DMHC).refused) == len(
        table
    )  # the determination is known only after


def test_codes_nobody_knows_are_kept_as_spelled():
    assert read_code("ADHD -  Attention_Deficit ") == "ADHD - Attention_Deficit"


def test_spelling_does_not_matter_in_codes(write):
    shouted = BLANKED.replace("Cataract Surgery", "CATARACT-SURGERY").replace(
        "Medical Necessity", "Not Medically Necessary"
    )
    shouted = shouted.replace("Experimental/Investigational", "experimental").replace(
        ";2009;", ";2009.0;"
    )
    assert "not medically" not in shouted
    expected = read_dmhc(write(BLANKED), LIMITS).items
    items = read_dmhc(write(shouted), LIMITS).items
    assert items.drop(columns="source_sha256").equals(expected.drop(columns="source_sha256"))
    asked = expected.assign(
        review_type=["NOT MEDICALLY NECESSARY", "Investigational"],
        treatment_category="ophthalmology",
    )
    assert submission_frame(asked, "imr", DMHC).equals(submission_frame(expected, "imr", DMHC))


@pytest.mark.parametrize(
    ("words", "band"),
    [("51-60", "51-64"), ("65 - 74", "65+"), ("0 to 17", "0-10"), ("Nov-20", "11-20"), ("?", "")],
)
def test_age_bands_cut_otherwise(write, words, band):
    assert read_dmhc(write(BLANKED.replace("11_20", words)), LIMITS).items["age_band"].tolist() == [
        band,
        "65+",
    ]


def test_an_age_gives_its_band():
    asked = pd.DataFrame(
        {"treatment": ["Vision"] * 3, "age": [47, 64.4, None], "age_band": ["", "", "21-30"]}
    )
    assert submission_frame(asked, "imr", DMHC)["age_band"].tolist() == [
        "41-50",
        "51-64",
        "21-30",
    ]


def test_import_command(write, tmp_path, capsys):
    out = tmp_path / "items.jsonl"
    assert run("import", "dmhc", write(JOINED), "--out", out) == 0
    assert len(read_table(out)) == 1
    assert len(read_table(f"{out}.failures.jsonl")) == 5
    assert "5 rows not read (1 unknown_decision" in capsys.readouterr().err
