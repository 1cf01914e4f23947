"""The command line: what people and cron jobs meet."""

import json
import re
import subprocess
import sys

import pytest
import yaml
from conftest import SMALL
from factories import FictionalLetter

from imrml.config import default_text
from imrml.evaluation.metrics.outcome import BASELINES
from imrml.scoring.in_words import DEMO
from imrml.scoring.prediction import PREDICTION_COLUMNS
from imrml.tables.files import read_table, write_table

REQUESTS = [
    {
        "request_id": "r1",
        "treatment": "Norco 10/325mg #60",
        "notes": "A 51 year old roofer. Urine drug screen of 3/2/15 consistent.",
    },
    {
        "request_id": "r2",
        "treatment": "MRI of the left knee",
        "notes": "Meniscus tear suspected. McMurray positive.",
    },
    {"request_id": "r3", "treatment": "", "notes": ""},
    {
        "request_id": "r4",
        "treatment": "PT 12 visits lumbar spine",
        "rationale": "The visits exceed the guideline.",
    },
    {"request_id": "r5", "treatment": "Acupuncture 6 sessions, neck", "favourite_colour": "green"},
]


@pytest.fixture
def requests_file(tmp_path):
    path = tmp_path / "requests.jsonl"
    path.write_text("".join(json.dumps(request) + "\n" for request in REQUESTS))
    return path


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['imrml', '--help']\n"
        "from imrml.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'pandas', 'sklearn', 'mlflow', 'skops', 'pydantic', 'numpy', 'yaml'}\n"
        "heavy &= set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "score" in done.stdout


def test_version(imrml):
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", imrml("--version").out)


def test_parse_counts_and_keeps_what_it_cannot_read(imrml, tmp_path):
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "good.txt").write_text(FictionalLetter().spaced())
    (folder / "bad.txt").write_text("An invoice for a baker.")
    out = tmp_path / "items.jsonl"
    done = imrml("parse", folder, "--out", out)
    assert (done.code, done.out) == (0, "")
    assert "1 of 2 letters read, 1 item," in done.err
    assert len(read_table(out)) == 1
    [failure] = read_table(tmp_path / "items.jsonl.failures.jsonl").to_dict("records")
    assert failure["reason"] == "not_a_letter"
    assert failure["source"].endswith("bad.txt")
    assert "baker" not in done.err
    assert imrml("parse", folder, "--out", out, "--strict").code == 4
    before = out.read_bytes()
    nothing = imrml("parse", folder / "bad.txt", "--out", out)
    assert (nothing.code, out.read_bytes()) == (1, before)
    assert "was not written" in nothing.err
    assert imrml("--quiet", "parse", folder, "--out", out).err == ""
    imrml("parse", folder / "good.txt", "--out", out)
    assert not (tmp_path / "items.jsonl.failures.jsonl").exists()
    assert (
        json.loads(imrml("parse", folder / "good.txt", "--out", "-").out)["case_number"]
        == "CM15-0099999"
    )


def test_errors_are_one_line_and_an_exit_code(imrml, tmp_path):
    absent = imrml("label", tmp_path / "absent.csv", "--out", tmp_path / "out.csv")
    assert absent.code == 1
    assert re.fullmatch(r"imrml: .*absent\.csv: no such file\n", absent.err)
    assert imrml("parse", tmp_path / "absent", "--out", tmp_path / "out.csv").code == 1
    assert imrml("parse").code == 2
    assert imrml("parse", tmp_path, "--out", "items.docx").code == 1
    assert "unknown ending" in imrml("parse", tmp_path, "--out", "items.docx").err


def test_the_whole_line_left_its_files(line):
    items = read_table(line.items)
    truth = read_table(line.truth)
    assert len(items) == len(truth)
    assert set(items["decision"]) == {"upheld", "overturned"}
    assert any(len(ids) for ids in items["deficiencies"])
    assert {path.name for path in line.model.iterdir()} == {
        "model.skops",
        "model.json",
        "metrics.json",
        "report.html",
        "card.md",
    }
    assert json.loads((line.model / "model.json").read_text())["trained_on"] == "synthetic"


def test_metrics_follow_the_contract(line):
    metrics = json.loads((line.model / "metrics.json").read_text())
    assert {"outcome", "baselines", "deficiencies", "slices", "checks", "data"} <= metrics.keys()
    assert set(metrics["outcome"]) == {"random", "grouped", "time_forward"}
    assert set(metrics["baselines"]) == {*BASELINES, "without_case_summary"}
    figure = metrics["outcome"]["grouped"]["log_loss"]
    assert figure["low"] < figure["value"] < figure["high"]
    assert figure["n"] == metrics["data"]["n_items"]
    assert {check["code"]: check["status"] for check in metrics["checks"]}[
        "case_on_both_sides"
    ] == "passed"


def test_reports_hold_no_text_of_a_record(line):
    items = read_table(line.items)
    words = {
        " ".join(str(text).split()[4:12])
        for name in ("rationale", "case_summary", "item")
        for text in items[name][:100]
    }
    for name in ("report.html", "card.md", "metrics.json", "model.json"):
        content = (line.model / name).read_text()
        assert not [phrase for phrase in words if len(phrase) > 25 and phrase in content]


def test_score_takes_what_staff_write(imrml, line, requests_file, tmp_path):
    out = tmp_path / "predictions.jsonl"
    done = imrml("score", requests_file, "--model", line.model, "--out", out, "--allow-demo")
    assert done.code == 1
    assert "row 4: column 'rationale' is written by the reviewer after the decision" in done.err
    assert "favourite_colour" in done.err
    assert "exceed" not in done.err
    predictions = read_table(out).set_index("request_id")
    assert predictions.reset_index().columns.to_list() == list(PREDICTION_COLUMNS)
    assert predictions.index.to_list() == ["r1", "r2", "r3", "r5"]
    assert predictions.loc["r3", "predicted"] == "abstain"
    assert predictions.loc["r3", "abstain_reason"] == "no treatment is named"
    scored = predictions.drop("r3")
    assert (scored["p_low"] <= scored["p_overturned"]).all()
    assert (scored["p_overturned"] <= scored["p_high"]).all()
    assert scored["p_overturned"].between(0.001, 0.999).all()
    assert any("urine drug screen" in shown for shown in predictions.loc["r1", "already_shown"])
    assert out.stat().st_mode & 0o777 == 0o600


def test_a_table_that_is_decided_already_is_refused_in_one_line(imrml, line, tmp_path):
    decided = read_table(line.items)[["treatment", "decision"]][:40]
    write_table(decided, tmp_path / "decided.csv")
    out = tmp_path / "predictions.jsonl"
    done = imrml(
        "score", tmp_path / "decided.csv", "--model", line.model, "--out", out, "--allow-demo"
    )
    assert done.code == 1
    first, *others = done.err.partition("score: ")[2].strip().splitlines()
    assert first == "40 requests refused"
    [reason] = others
    assert reason.startswith("  rows 1 to 40: column 'decision' is written by the reviewer")
    assert reason.endswith("remove it and score again")
    assert out.read_text(encoding="utf-8") == ""


@pytest.mark.parametrize("separator", [",", ";"])
def test_score_tells_what_it_could_not_read(imrml, line, tmp_path, separator):
    asked = tmp_path / "asked.csv"
    rows = [
        ["treatment", "age", "date_of_injury"],
        ["MRI of the knee", "400", "05/01/2015"],
        ["Norco #60", "50", "last May"],
    ]
    asked.write_text("\n".join(map(separator.join, rows)), encoding="utf-8-sig")
    done = imrml(
        "score", asked, "--model", line.model, "--out", tmp_path / "p.jsonl", "--allow-demo"
    )
    assert done.code == 0
    [told] = [told for told in done.err.splitlines() if "row 1 age" in told]
    assert told.endswith("row 1 age, row 2 date_of_injury")


def test_a_demo_model_is_refused_without_consent(imrml, line, requests_file, tmp_path):
    done = imrml("score", requests_file, "--model", line.model, "--out", tmp_path / "p.jsonl")
    assert done.code == 1
    assert DEMO in done.err
    assert "--allow-demo" in done.err
    assert not (tmp_path / "p.jsonl").exists()


def test_evaluate_leaves_out_what_the_model_saw(imrml, line, tmp_path):
    seen = imrml("evaluate", line.model, line.items, "--out", tmp_path / "report")
    assert seen.code == 1
    assert "trained on every case" in seen.err
    imrml(
        "synth",
        "--n-letters",
        80,
        "--seed",
        99,
        "--out",
        tmp_path / "new",
        "--truth",
        tmp_path / "truth.jsonl",
    )
    for path in sorted(line.letters.iterdir())[:20]:
        (tmp_path / "new" / path.name).write_bytes(path.read_bytes())
    imrml("parse", tmp_path / "new", "--out", tmp_path / "new.csv")
    done = imrml("evaluate", line.model, tmp_path / "new.csv", "--out", tmp_path / "report")
    assert done.code == 0, done.err
    n_left_out = int(
        re.search(r"([\d,]+) items of cases that the model was trained on", done.err)[1]
    )
    assert n_left_out >= 20
    metrics = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert set(metrics["outcome"]) == {"external"}
    n_measured = len(read_table(tmp_path / "new.csv")) - n_left_out
    assert (
        metrics["outcome"]["external"]["log_loss"]["n"] == metrics["data"]["n_items"] == n_measured
    )
    assert metrics["data"]["n_items_left_out"] == n_left_out


def test_training_names_bad_rows(imrml, line, tmp_path):
    items = read_table(line.items)
    items.loc[3, "decision"] = "withdrawn"
    items.to_parquet(tmp_path / "items.parquet")
    done = imrml("train", tmp_path / "items.parquet", "--out", tmp_path / "model")
    assert done.code == 1
    assert "row 4" in done.err


def test_training_without_labels_says_so(imrml, line, tmp_path):
    items = read_table(line.items).drop(columns=["deficiencies", "evidence"])
    items.to_parquet(tmp_path / "items.parquet")
    overrides = [
        word for setting in [*SMALL, "evaluation.splits=[grouped]"] for word in ("--set", setting)
    ]
    done = imrml("train", tmp_path / "items.parquet", "--out", tmp_path / "model", *overrides)
    assert done.code == 0, done.err
    assert "the deficiency model is skipped" in done.err
    assert (
        "not_applicable"
        in json.loads((tmp_path / "model" / "metrics.json").read_text())["deficiencies"]["grouped"]
    )


def test_a_leak_is_an_exit_code(imrml, line, tmp_path):
    items = read_table(line.items)
    told = items["decision"].map({"upheld": " as asked", "overturned": " as granted"})
    items.assign(item=items["item"] + told, treatment=items["treatment"] + told).to_parquet(
        tmp_path / "items.parquet"
    )
    overrides = [
        word for setting in [*SMALL, "evaluation.splits=[grouped]"] for word in ("--set", setting)
    ]
    done = imrml("train", tmp_path / "items.parquet", "--out", tmp_path / "model", *overrides)
    assert done.code == 4
    assert "found leakage" in done.err
    assert "granted" not in done.err


def test_the_demo_touches_no_folder_of_others(imrml, tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "real.txt").write_text("a real letter")
    done = imrml("demo", "--out", tmp_path)
    assert done.code == 1
    assert "no demo made" in done.err
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["real.txt"]


def test_config_show_and_check(imrml, tmp_path):
    assert imrml("config", "show").out == default_text()
    assert yaml.safe_load(imrml("config", "show", "--set", "seed=3").out)["seed"] == 3
    bad = tmp_path / "bad.yaml"
    bad.write_text("models: {outcom: {c: 1}}")
    done = imrml("config", "check", bad)
    assert done.code == 2
    assert "nearest known: models.outcome" in done.err
    words = "body_part,name,pattern\ntail,tail,(a+)+$\n"
    (tmp_path / "parts.csv").write_text(words, encoding="utf-8")
    bad.write_text("features: {vocabularies: {body_parts: parts.csv}}", encoding="utf-8")
    done = imrml("config", "check", bad)
    assert done.code == 2
    assert "body_parts: row 1: pattern repeats" in done.err


def test_synth_is_the_same_twice(imrml, tmp_path):
    for name in ("a", "b"):
        done = imrml(
            "synth",
            "--n-letters",
            5,
            "--seed",
            4,
            "--out",
            tmp_path / name,
            "--truth",
            tmp_path / f"{name}.jsonl",
        )
        assert done.code == 0
        assert "INVENTED DATA" in done.err
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
