"""The state's open data: invented rows in both heading styles to the item table, to a model, to scores."""

import pytest

from imrml.cli import app
from imrml.codes import read_code
from imrml.config import load_config
from imrml.dmhc import read_dmhc
from imrml.errors import LeakageError, TableError
from imrml.submissions import columns_at, require_submission_columns, sort_requests, submission_frame
from imrml.tables import read_table

LIMITS = load_config().limits
BLANKED = (
    "Reference ID;Report Year;Diagnosis Category;Diagnosis Sub Category;Treatment Category;Treatment Sub Category;"
    "Determination;Type;Age Range;Patient Gender\n"
    "MN09-0001;2009;Vision;Cataracts;Ophthalmology;Cataract Surgery;Upheld Decision of Health Plan;Medical Necessity;11_20;"
    "Female\n"
    "EI10-0002;2010;Vision;;Ophthalmology;;Overturned Decision of Health Plan;Experimental/Investigational;65+;Male\n"
)
JOINED = (
    "ReferenceID,ReportYear,DiagnosisCategory,DiagnosisSubCategory,TreatmentCategory,TreatmentSubCategory,Determination,Type,"
    "AgeRange,PatientGender,IMRType,DaysToReview,DaysToAdopt,Findings\r\n"
    "MN16-0003,2016,Skin,Acne,Laser,,Overturned Decision of Health Plan,Medical Necessity,21-30,Female,Standard,20,2,"
    '"The reviewer found, in short,\r\nthat the café visit helped."\r\n'
    "MN16-0004,2016,Skin,Acne,Laser,,Withdrawn,Medical Necessity,21-30,,Expedited,,,\r\n"
    "MN16-0003,2016,Skin,Acne,Laser,,Upheld Decision of Health Plan,Medical Necessity,21-30,,,,,\r\n"
    "MN16-0005,year,Skin,Acne,Laser,,Upheld Decision of Health Plan,Medical Necessity,21-30,,,,,\r\n"
    "MN16-0006,2016,Skin,Acne,Laser, by hand,,Upheld Decision of Health Plan,Medical Necessity,21-30,,,,,\r\n"
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
    assert (first["age_band"], first["sex"], first["review_type"]) == ("11-20", "female", "Medical Necessity")
    assert (first["decided_year"], first["decision"], first["rationale"]) == (2009, "upheld", "")
    assert (second["treatment"], second["diagnosis_subcategory"], second["decision"]) == ("Ophthalmology", "", "overturned")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_joined_headings_and_findings_in_any_encoding(write, encoding):
    imported = read_dmhc(write(JOINED, encoding), LIMITS)
    [item] = imported.items.to_dict("records")
    assert (item["case_number"], item["priority"], item["decision"]) == ("MN16-0003", "standard", "overturned")
    assert item["rationale"] == "The reviewer found, in short,\nthat the café visit helped."
    assert imported.unknown_headings == ()
    told = [(failure["reason"], failure["offset"]) for failure in imported.failures]
    assert told == [("unknown_decision", 2), ("copy", 3), ("unknown_year", 4), ("ragged_row", 5), ("no_reference", 6)]
    assert "'Withdrawn'" in imported.failures[0]["detail"]


def test_findings_in_the_wrong_column_are_not_repeated(write):
    row = "MN16-1,2016,Skin,,Laser,,The reviewer found that the treatment would hardly help.,Medical Necessity,21-30,,,,,"
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
    ("text", "told"),
    [
        ("Name;Colour\nBean;green\n", "no heading for case_number, decided_year, treatment_category, decision"),
        (BLANKED.partition("\n")[0] + "\nMN09-1;2009\n", "none of 1 rows"),
        (" ", "all of them blank"),
    ],
)
def test_files_that_are_not_the_states(write, text, told):
    with pytest.raises(TableError, match=told):
        read_dmhc(write(text), LIMITS)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(TableError, match=r"state\.csv: no such file"):
        read_dmhc(tmp_path / "state.csv", LIMITS)


def test_findings_are_no_submission(write):
    items = read_dmhc(write(JOINED), LIMITS).items
    frame = submission_frame(items, "imr", "dmhc")
    assert tuple(frame.columns) == columns_at("imr", "dmhc")
    assert not frame.astype("str").apply(lambda column: column.str.contains("helped")).any(axis=None)
    assert "review_type" not in columns_at("rfa", "dmhc")
    with pytest.raises(LeakageError, match="treatment_category"):
        require_submission_columns(list(frame.columns), "imr")


def test_codes_are_read_from_the_text_and_the_text_from_codes(write):
    items = read_dmhc(write(BLANKED), LIMITS).items
    whole = submission_frame(items, "imr", "dmhc")
    codes = [name for name in whole if name.endswith("category")]
    from_text = submission_frame(items.drop(columns=codes), "imr", "dmhc")
    from_codes = submission_frame(items.drop(columns=["treatment", "diagnosis"]), "imr", "dmhc")
    assert from_text.equals(whole)
    assert from_codes.equals(whole)


def test_requests_may_bear_the_states_headings(write):
    table = read_table(write(BLANKED.replace(";", ",")))
    requests = sort_requests(table.drop(columns="Determination"), "imr", "dmhc")
    assert requests.unknown_columns == ()
    assert requests.submissions["treatment"].tolist() == ["Ophthalmology: Cataract Surgery", "Ophthalmology"]
    assert requests.submissions["age_band"].tolist() == ["11-20", "65+"]
    assert len(sort_requests(table, "imr", "dmhc").refused) == len(table)  # the determination is known only after


def test_codes_are_kept_as_spelled():
    assert read_code("ADHD -  Attention_Deficit ") == "ADHD - Attention_Deficit"


def run(*arguments):
    with pytest.raises(SystemExit) as stop:
        app([str(argument) for argument in arguments])
    return stop.value.code


def test_import_command(write, tmp_path, capsys):
    out = tmp_path / "items.jsonl"
    assert run("import", "dmhc", write(JOINED), "--out", out) == 0
    assert len(read_table(out)) == 1
    assert len(read_table(f"{out}.failures.jsonl")) == 5
    assert "5 rows not read (1 unknown_decision" in capsys.readouterr().err
