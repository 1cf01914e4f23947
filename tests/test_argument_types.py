"""Every argument of the front door refuses a wrong type and says what it takes."""

import inspect
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import imrml
from imrml.config import CODED_PROFILES, load_config
from imrml.errors import ArgumentTypeError, ImrmlError, require_types
from imrml.models import LoadedModel, ReviewModel
from imrml.submissions.programmes import PROGRAMMES

CONFIG = load_config()
UNFITTED = ReviewModel.from_config(CONFIG)
MODEL = LoadedModel(UNFITTED, {"config": CONFIG.model_dump()})
TABLE = pd.DataFrame({"treatment": ["Norco #60"]})
RIGHT = {
    "source": "a letter",
    "paths": [],
    "rationale": "Not shown.",
    "items": TABLE,
    "text": "Norco #60",
    "path": "table.csv",
    "frame": TABLE,
    "config": CONFIG,
    "address": "nowhere",
    "folder": "nowhere",
    "manifest": {},
    "requests": TABLE,
}
"""An argument of the right type for each that must be given; a model is of one of two types."""
OPTIONAL = {
    "parse_letters": ["config"],
    "read_table": ["is_known", "is_wanted"],
    "read_requests": ["config"],
    "load_config": ["path"],
    "label_rationale": ["learned"],
    "label_items": ["learned"],
    "train": ["labels", "out"],
    "evaluate": ["config", "labels", "against", "out"],
    "check_leaks": ["model"],
    "explain": ["past_items"],
}
"""Arguments for which None is right."""
SEQUENCES = {
    "parse_letters.paths": [3],
    "label_rationale.denied_beside": "Soma",
    "load_config.overrides": "seed=1",
}
"""A wrong value that only these would take for a right one."""


class Stranger:
    """Of no type that any function takes."""


def list_arguments():
    for name in imrml.__all__:
        for argument in inspect.signature(getattr(imrml, name)).parameters:
            address = f"{name}.{argument}"
            wrong = [Stranger(), *([] if argument in OPTIONAL.get(name, []) else [None])]
            if address in SEQUENCES:
                wrong.append(SEQUENCES[address])
            for value in wrong:
                yield pytest.param(name, argument, value, id=f"{address}-{type(value).__name__}")


@pytest.mark.parametrize(("name", "argument", "value"), list(list_arguments()))
def test_a_wrong_type_is_named_with_what_was_expected(name, argument, value):
    function = getattr(imrml, name)
    right = {**RIGHT, "model": UNFITTED if name == "save_model" else MODEL}
    given = {
        needed.name: right[needed.name]
        for needed in inspect.signature(function).parameters.values()
        if needed.default is needed.empty
    }
    with pytest.raises(ImrmlError) as raised:
        function(**{**given, argument: value})
    message = str(raised.value)
    assert re.match(rf"{name}: {argument}(\[0\])? is (an? )?\w+, expected ", message), message
    found = value[0] if isinstance(value, list) else value
    assert " is None, " in message if found is None else type(found).__name__ in message
    annotation = str(inspect.signature(function).parameters[argument].annotation)
    expected = re.findall(r"\w+", message.partition("expected ")[2].partition(";")[0])
    assert any(word in annotation or word == "function" for word in expected if word not in "aor")
    assert isinstance(raised.value, TypeError)  # what Python itself would raise


def test_true_is_no_number_and_a_number_of_numpy_is():
    with pytest.raises(ArgumentTypeError, match=r"^explain: row is a bool, expected an int$"):
        require_types("explain", row=(True, int))
    require_types("explain", row=(np.int64(3), int))


def test_a_message_never_shows_the_value():
    with pytest.raises(ArgumentTypeError) as raised:
        imrml.score(MODEL, ["Norco for Jane Doe"])
    assert "Jane" not in str(raised.value)


def test_an_unknown_engine_is_refused():
    with pytest.raises(ArgumentTypeError, match="expected 'local' or 'dask'"):
        imrml.parse_letters([], engine="spark")


def test_an_absent_model_is_said_to_be_absent(tmp_path):
    expected = r"absent: does not exist .*; expected a folder .*, a bundle .*, or models:/NAME@"
    with pytest.raises(ImrmlError, match=expected):
        imrml.load_model(tmp_path / "absent")
    with pytest.raises(ImrmlError, match=r"no model.json; expected a folder .*, a bundle"):
        imrml.load_model(tmp_path)


@pytest.mark.parametrize(
    ("verb", "call"),
    [
        ("train", lambda items: imrml.train(items, CONFIG)),
        ("evaluate", lambda items: imrml.evaluate(MODEL, items)),
        ("leakcheck", lambda items: imrml.check_leaks(items, CONFIG)),
    ],
)
@pytest.mark.parametrize(
    "change",
    [
        {"decision": None},
        {"item_number": [None, 2]},
        {"decision": "approved"},
        {"item_number": [1, 1]},
    ],
    ids=["no decisions", "no number", "unknown decision", "twice"],
)
def test_an_error_about_the_table_begins_with_the_verb(verb, call, change):
    items = pd.DataFrame(
        {"case_number": "CM15-1", "item_number": [1, 2], "treatment": "MRI", "decision": "upheld"}
    )
    items = (
        items.drop(columns="decision") if change == {"decision": None} else items.assign(**change)
    )
    with pytest.raises(ImrmlError, match=rf"^{verb}(:| needs)"):
        call(items)


def test_every_output_makes_the_folders_above_it(tmp_path):
    path = tmp_path / "new" / "folder" / "table.csv"
    imrml.write_table(TABLE, path)
    assert imrml.read_table(str(path)).equals(TABLE)
    assert Path(path).stat().st_mode & 0o077 == 0


def test_coded_profiles_are_those_of_programmes_with_codes():
    assert {one.name for one in PROGRAMMES.values() if one.code_columns} == CODED_PROFILES


def test_a_table_of_another_library_is_named_with_what_to_pass():
    foreign = type("DataFrame", (), {"__module__": "polars.dataframe", "to_pandas": None})()
    message = r"is a DataFrame of polars, expected a DataFrame of pandas; .* \.to_pandas\(\) gives$"
    with pytest.raises(ArgumentTypeError, match=message):
        ReviewModel().fit(foreign, [0, 1])
