"""Which columns a trained model asks for: those without which it answers otherwise."""

import numpy as np
import pandas as pd
import pytest
from model_factories import TELLING, fictional_items, make_model

from imrml.submissions.frame import submission_frame
from imrml.submissions.programmes import LETTERS
from imrml.submissions.request_columns import find_absent
from imrml.training.telling_columns import find_telling_columns


@pytest.fixture(scope="module")
def told() -> pd.DataFrame:
    """Notes that tell the decision, days and a priority that tell nothing."""
    items = fictional_items(60)
    days = pd.date_range("2015-01-01", periods=len(items["X"])).strftime("%Y-%m-%d")
    table = pd.DataFrame(items["X"][["treatment", "case_summary"]])
    table = table.assign(ur_denied_on=days, received_on=days, priority="regular")
    return table.assign(date_of_injury=np.where(items["y"], "2014-12-01", "1999-03-01"))


def find(table: pd.DataFrame, *settings: str, is_labelled: bool = True) -> tuple[str, ...]:
    items = fictional_items(60)
    frame = submission_frame(table, "imr")
    model = make_model("models.n_refits=0", "models.ship=distinguishable", *settings)
    labels = (items["deficiencies"], items["is_labelled"]) if is_labelled else ()
    model.fit(frame, items["y"], items["cases"], *labels)
    assert {"priority", "received_on", "ur_denied_on"} <= {*model.expected_columns_}
    return find_telling_columns(model, frame)


@pytest.mark.parametrize("is_labelled", [True, False])
def test_what_moves_nothing_is_not_asked_for(told, is_labelled):
    found = find(told, is_labelled=is_labelled)
    assert TELLING in " ".join(told["case_summary"])
    assert "case_summary" in found
    assert "priority" not in found


def test_days_that_stand_for_each_other_are_asked_for_where_a_table_has_neither(told):
    found = find(told)
    assert {"date_of_injury", "ur_denied_on", "received_on"} <= {*found}
    assert find_absent(["treatment", "case_summary", "date_of_injury"], "imr", LETTERS, found) == (
        "received_on",
        "ur_denied_on",
    )
    given = ["treatment", "case_summary", "date_of_injury", "ur_denied_on"]
    assert find_absent(given, "imr", LETTERS, found) == ()


def test_what_only_the_deficiencies_are_read_from_is_asked_for(told):
    assert "case_summary" in find(told, "models.outcome.kind=category_prior")
