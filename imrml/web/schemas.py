"""What the JSON API takes and gives, in the words of the tables; OpenAPI is made from it."""

from functools import cache
from math import isfinite
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, create_model
from pydantic.config import JsonDict

from imrml.config import Stage
from imrml.explaining.explanation import Explanation
from imrml.explaining.what_if import JointWhatIf
from imrml.scoring.in_words import DECISION_SUPPORT, P_MEANING
from imrml.submissions.programmes import Programme, columns_at
from imrml.web.service import TRIAL
from imrml.yaml_tables import read_yaml


def _require_scalar(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(
                "holds half a character (\\ud800 to \\udfff); write it again as UTF-8"
            ) from None
    elif not (
        value is None
        or isinstance(value, bool | int)
        or (isinstance(value, float) and isfinite(value))
    ):
        raise ValueError("expected text, a number, true, false or null")
    return value


Scalar = Annotated[
    Any,
    AfterValidator(_require_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}, mode="validation"),
]
"""What a cell of a table may hold: the same as in JSON Lines, where a CPT code may be a number."""

_Share = Annotated[float, Field(ge=0, le=1)]


class Problem(BaseModel):
    """Why there is no answer; never holds what was sent."""

    error: str


class IgnoredCell(BaseModel):
    """One value that was left out."""

    row: int
    column: str


class Refused(BaseModel):
    """One request that is not scored."""

    row: int
    why: str


class Prediction(BaseModel):
    """One row of the prediction table, as ``imrml score`` writes it."""

    request_id: str
    p_overturned: Annotated[_Share | None, Field(description=P_MEANING)]
    p_low: _Share | None
    p_high: _Share | None
    predicted: str
    abstain_reason: str
    treatment_category: str
    base_rate: _Share
    n_base_rate: int
    deficiency_1: str | None
    deficiency_2: str | None
    deficiency_3: str | None
    p_deficiency_1: _Share | None
    p_deficiency_2: _Share | None
    p_deficiency_3: _Share | None
    send_before_submission: list[str]
    already_shown: list[str]
    reasons: list[str]
    stage: str
    model_version: str
    trained_on: str
    item_number: int
    treatment: str
    planned: list[str]
    deficiency_source: str | None


class Meaning(BaseModel):
    """What every figure is, and is not."""

    p_overturned: str = P_MEANING
    use: str = DECISION_SUPPORT
    law: str
    demo: str | None


class ScoreAnswer(BaseModel):
    """Predictions of the requests that could be scored, and what became of the others."""

    predictions: list[Prediction]
    refused: list[Refused]
    unknown_columns: list[str]
    absent_columns: list[str]
    late_columns: list[str]
    unread: list[IgnoredCell]
    meaning: Meaning


class FileAnswer(BaseModel):
    """What a file asks for, what of it could not be read, and the predictions."""

    not_read: list[str]
    left_out: list[str]
    requests: list[dict[str, str]]
    predictions: list[Prediction]
    refused: list[Refused]
    unknown_columns: list[str]
    absent_columns: list[str]
    late_columns: list[str]
    unread: list[IgnoredCell]
    meaning: Meaning


class ExplainAnswer(BaseModel):
    """One request in full; of one that lists several items the first holds the others."""

    explanation: Explanation
    if_shown: JointWhatIf | None
    further_if_shown: list[JointWhatIf | None]
    unknown_columns: list[str]
    absent_columns: list[str]
    late_columns: list[str]
    unread: list[IgnoredCell]
    meaning: Meaning


class ModelAnswer(BaseModel):
    """The model that answers."""

    model_config = ConfigDict(protected_namespaces=())

    model_version: str
    stage: str
    profile: str
    trained_on: str
    verdict: str
    learned_from_withdrawn: bool
    columns: list[str]
    meaning: Meaning


class Health(BaseModel):
    """The server answers."""

    status: str = "ok"


class _Row(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Scalar]


def make_request_models(
    stage: Stage, programme: Programme, max_rows: int
) -> tuple[type[BaseModel], type[BaseModel]]:
    """Make the bodies of ``/api/score`` and ``/api/explain`` for what a model knows.

    Parameters
    ----------
    stage : {'rfa', 'imr'}
        When the prediction is made.
    programme : Programme
        Whose reviews.
    max_rows : int
        Requests that one call may hold.

    Returns
    -------
    tuple of (type, type)
        Pydantic models of the two bodies.
    """
    known = columns_at(stage, programme)
    described = {
        column.name: (
            Scalar,
            Field(default=None, description="; ".join(filter(None, (column.note, column.unit)))),
        )
        for column in programme.columns
        if column.name in known
    }
    fields: dict[str, Any] = {
        "request_id": (Scalar, Field(default=None, description="made where absent")),
        **described,
    }
    example: JsonDict = {name: value for name, value in TRIAL.items() if name in fields}
    row = create_model(
        "Request", __base__=_Row, __doc__="One request; only its treatment is needed.", **fields
    )
    row.model_config["json_schema_extra"] = {"examples": [example]}
    # As in a table: one row that has the column is enough, and the others abstain.
    named: JsonDict = {"anyOf": [{"required": [name]} for name in programme.treatment_columns]}
    requests = Field(min_length=1, max_length=max_rows, json_schema_extra={"contains": named})
    rows: Any = list[row]  # type: ignore[valid-type]
    score_body = create_model(
        "ScoreBody", __doc__="A table of requests.", requests=(rows, requests)
    )
    score_body.model_config["json_schema_extra"] = {"examples": [{"requests": [example]}]}
    explain_body = create_model(
        "ExplainBody",
        __doc__="One request, and documents of its checklist as if its text showed them too.",
        request=(row, Field(json_schema_extra=named)),
        if_shown=(list[str], Field(default=[], max_length=50)),
    )
    shown: JsonDict = {
        "request": example,
        "if_shown": list(read_example_answer("/api/explain")["if_shown"]["documents"]),
    }
    explain_body.model_config["json_schema_extra"] = {"examples": [shown]}
    return score_body, explain_body


@cache
def _examples() -> dict[str, Any]:
    return dict(read_yaml("imrml.web", "answers.yaml"))


def read_example_answer(path: str) -> dict[str, Any]:
    """Give an invented answer of a path of the API, for its description.

    Parameters
    ----------
    path : str
        Of the API.

    Returns
    -------
    dict
        As JSON.

    Examples
    --------
    >>> read_example_answer("/healthz")
    {'status': 'ok'}
    """
    return dict(_examples()["answers"][path])


def read_example_problem(status: int) -> dict[str, Any]:
    """Give what the API answers with a status that is no success, for its description.

    Parameters
    ----------
    status : int
        Of the answer, 400 or above.

    Returns
    -------
    dict
        As JSON.

    Examples
    --------
    >>> read_example_problem(400)
    {'error': 'the body is no JSON'}
    """
    return {"error": _examples()["problems"][status]}
