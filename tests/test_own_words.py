"""Categories, vocabularies and cues of an owner: files beside the config, then in the model."""

import json
import threading

import numpy as np
import pandas as pd
import pytest
from test_own_columns import QUICK, items

import imrml
from imrml.config import load_config
from imrml.errors import ConfigError
from imrml.features import parse_treatment, treatment_category
from imrml.features.own_words import OWN_TABLES, in_words_of, require_tables
from imrml.features.vocabulary import parse_vocabulary, read_vocabulary, shipped_text
from imrml.own_tables import using

CATEGORIES = "category,name,dwc_category\ngene_therapy,gene therapy,\n"
PATTERNS = r"""category,priority,pattern,note
gene_therapy,99,\bgene (?:transfer|therapy)\b,
"""
CUES = r"""cue,document,answers,scope,kind,pattern,negated_pattern,source
genotype,genotype report,no_rationale_or_plan,record,test,genotyp\w*,,our own
"""
DRUGS = "name,generic,drug_class,category\nzorbalin,zorbalin,opioid_short_acting,opioid\n"


@pytest.fixture
def config(tmp_path):
    """A config with its files beside it."""
    folder = tmp_path / "settings"
    (folder / "words").mkdir(parents=True)
    tables = {
        "treatment_categories": CATEGORIES,
        "treatment_patterns": PATTERNS,
        "documentation_cues": CUES,
        "drugs": DRUGS,
    }
    for name, text in tables.items():
        (folder / "words" / f"{name}.csv").write_text(text, encoding="utf-8")
    stated = "\n".join(f"    {name}: words/{name}.csv" for name in tables)
    (folder / "own.yaml").write_text(f"features:\n  vocabularies:\n{stated}\n", encoding="utf-8")
    return load_config(folder / "own.yaml", [*QUICK, "abstention.max_unknown_words=null"])


def asked(table):
    return table[["treatment", "case_summary", "date_of_injury", "received_on"]]


def own_items():
    table = items()
    table.loc[::4, "treatment"] = "Gene transfer, left knee"
    table.loc[::3, "case_summary"] += " The genotyping was done on 3/2/15."
    return table


def test_files_are_found_beside_the_config_and_read_into_it(config):
    assert config.features.vocabularies["treatment_patterns"].startswith("category,priority")


def test_they_count_only_within(config):
    assert treatment_category("Gene transfer, left knee") != "gene_therapy"
    with in_words_of(config):
        assert treatment_category("Gene transfer, left knee") == "gene_therapy"
        assert parse_treatment("Zorbalin 10mg #60").drug_class == "opioid_short_acting"
        with using({}):
            assert treatment_category("Gene transfer, left knee") != "gene_therapy"
        assert treatment_category("Gene transfer, left knee") == "gene_therapy"
    assert treatment_category("Gene transfer, left knee") != "gene_therapy"


def test_a_row_of_the_same_key_replaces_ours():
    table = "category,name,dwc_category\nopioid,narcotics,Pharmaceuticals\n"
    with using({"treatment_categories": table}):
        names = [row["name"] for row in read_vocabulary("treatment_categories")]
    assert "narcotics" in names
    assert "opioids" not in names


def test_a_model_carries_them_with_it(config, tmp_path):
    result = imrml.train(own_items(), config, out=tmp_path / "model")
    names = result.model.name_features().tolist()
    assert {"category=gene_therapy", "shows=genotype"} <= set(names)
    manifest = json.loads((tmp_path / "model" / "model.json").read_text(encoding="utf-8"))
    assert set(manifest["vocabularies"]) == set(config.features.vocabularies)
    assert "own_words" in manifest["data"]
    for path in (tmp_path / "settings" / "words").iterdir():
        path.unlink()
    model = imrml.load_model(tmp_path / "model")
    table = asked(own_items()).head(12)
    scored = imrml.score(model, table)
    assert scored["treatment_category"][0] == "gene_therapy"
    assert any("genotype report" in one for one in scored["already_shown"][0])
    explained = imrml.explain(model, table, 1)
    assert any(one.document == "genotype report" for one in explained.shown)
    assert treatment_category("Gene transfer") != "gene_therapy"
    np.testing.assert_allclose(
        scored["base_rate"], imrml.score(model, table)["base_rate"], rtol=0, atol=0
    )


def test_two_models_of_other_words_read_side_by_side(config):
    theirs, wrong = dict(config.features.vocabularies), []

    def read(tables, expected):
        for _ in range(50):
            with using(tables):
                if (treatment_category("Gene transfer") == "gene_therapy") is not expected:
                    wrong.append(expected)

    threads = [
        threading.Thread(target=read, args=(tables, expected))
        for tables, expected in ((theirs, True), ({}, False)) * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []


@pytest.mark.parametrize(
    ("table", "text", "message"),
    [
        ("feature_words", "a,b\n1,2\n", "no table feature_words"),
        ("drugs", "name,generic\na,b\n", "has the columns name, generic; expected"),
        ("drugs", "name,generic,drug_class,category\n", "holds 0 rows"),
        ("drugs", "name,generic,drug_class,category\na,b,c,none_such\n", "no treatment category"),
        ("drugs", "name,generic,drug_class,category\na,b\n", "more or fewer cells"),
        ("drugs", "name,generic,drug_class,category\n,b,c,opioid\n", "name is empty"),
        ("body_parts", "body_part,name,pattern\ntail,tail,(a\n", "no regular expression"),
        ("body_parts", "body_part,name,pattern\ntail,tail,(?:a+b?)+c\n", "repeats what repeats"),
        ("body_parts", "body_part,name,pattern\ntail,tail,(a)\\1\n", "repeats what repeats"),
        ("documentation_cues", CUES.replace("no_rationale_or_plan", "no_such"), "no deficiency"),
        ("treatment_patterns", PATTERNS.replace("99", "high"), "priority is no number"),
    ],
)  # fmt: skip
def test_a_wrong_table_is_named(table, text, message):
    tables = {table: text}
    if "gene_therapy" in text:
        tables["treatment_categories"] = CATEGORIES
    with pytest.raises(ConfigError, match=message):
        require_tables(tables)


def test_a_file_that_is_absent_is_named(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("features: {vocabularies: {drugs: none.csv}}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"drugs: .*none\.csv cannot be read"):
        load_config(path)


@pytest.mark.parametrize("table", OWN_TABLES)
def test_our_own_tables_would_pass(table):
    rows = parse_vocabulary(shipped_text(table))
    text = pd.DataFrame(rows).to_csv(index=False)
    require_tables({table: text})
