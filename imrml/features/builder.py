"""All features of a submission in one sparse matrix, and words for each of its columns."""

from itertools import accumulate, pairwise
from typing import Any

import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from imrml.config import FeaturesConfig, Profile, Stage
from imrml.features.clinical import ClinicalFeatures
from imrml.features.coded import CodedFeatures
from imrml.features.crossed import CrossedTextFeatures
from imrml.features.own_columns import OwnColumns, OwnText, list_own_columns
from imrml.features.own_transformers import OwnTransformer, make_transformer
from imrml.features.spelling import SpellingFeatures
from imrml.features.text import SUMMARY_PART, TREATMENT_PART, TextFeatures
from imrml.features.treatment import TreatmentFeatures
from imrml.features.vocabulary import read_vocabulary
from imrml.own_tables import cache
from imrml.submissions.columns import PEOPLE_COLUMNS
from imrml.submissions.frame import SubmissionFrame
from imrml.submissions.programmes import LETTERS, Programme, columns_at


def build_features(
    config: FeaturesConfig, stage: Stage, programme: Programme = LETTERS
) -> FeatureUnion:
    """Build the unfitted features of a submission frame.

    Every transformer sees every column, so that each fires the alarm for one that is not known at
    the stage.

    Fit with ``cases`` (the case of each row) under
    ``sklearn.config_context(enable_metadata_routing=True)``, so that a term must stand in
    ``min_cases`` different cases; without ``cases`` every row counts as a case.

    Parameters
    ----------
    config : FeaturesConfig
        Which columns and how much text.
    stage : {'rfa', 'imr'}
        When the prediction is made.
    programme : Programme, default=LETTERS
        Whose reviews: text, or codes.

    Returns
    -------
    FeatureUnion
        Sparse output of shape (n_items, n_features); values between -1 and 1 on the training data.
        Like scikit-learn's own vectorizers it cannot give pandas by ``set_output``, because its
        output is sparse; :func:`feature_frame` can.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> from imrml.submissions.frame import submission_frame
    >>> frame = submission_frame(
    ...     pd.DataFrame({"treatment": ["MRI left knee", "Norco 10/325mg #60"]}), "rfa"
    ... )
    >>> build_features(load_config().features, "rfa").fit_transform(frame).shape[0]
    2
    """
    extra = [one.name for one in list_own_columns(stage, programme.name, _declared(config))]
    own, own_text = _own_blocks(config, stage, programme.name)
    if programme.code_columns:
        codes = CodedFeatures(
            stage,
            config.use_age_and_sex,
            config.max_order,
            config.min_cases,
            config.min_cross_cases,
            extra_columns=tuple(extra),
        )
        blocks = [*own, ("codes", codes), *own_text]
        return FeatureUnion(blocks, verbose_feature_names_out=False)
    treatment = TreatmentFeatures(stage, sparse_output=True, extra_columns=tuple(extra))
    clinical = ClinicalFeatures(
        stage,
        use_case_summary=config.use_case_summary,
        use_age_and_sex=config.use_age_and_sex,
        sparse_output=True,
        extra_columns=tuple(extra),
    )
    text = TextFeatures(
        stage,
        use_case_summary=config.use_case_summary,
        word_ngrams=tuple(config.word_ngrams),
        min_cases=config.min_cases,
        max_terms=config.max_terms,
        extra_columns=tuple(extra),
    )
    if config.cross_summary and config.use_case_summary:
        text = CrossedTextFeatures(
            stage,
            word_ngrams=tuple(config.word_ngrams),
            min_cases=config.min_cases,
            max_terms=config.max_terms,
            extra_columns=tuple(extra),
        )
    # What is few and dense stands before the words: trees see the words reduced.
    numbers = [("treatment", _scaled(treatment)), ("clinical", _scaled(clinical))]
    blocks = [*numbers, *own, ("text", text)]
    if config.char_ngrams is not None:
        spelling = SpellingFeatures(
            stage,
            char_ngrams=config.char_ngrams,
            n_columns=config.n_char_columns,
            extra_columns=tuple(extra),
        )
        blocks.append(("spelling", spelling))
    return FeatureUnion([*blocks, *own_text], verbose_feature_names_out=False)


def find_columns_read(
    config: FeaturesConfig, stage: Stage, programme: Programme = LETTERS
) -> tuple[str, ...]:
    """Name the columns of a submission frame that the features read.

    Parameters
    ----------
    config : FeaturesConfig
        Which columns.
    stage : {'rfa', 'imr'}
        When the prediction is made.
    programme : Programme, default=LETTERS
        Whose reviews.

    Returns
    -------
    tuple of str
        All that are known at the stage where a transformer of the owner's own reads beside ours.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> find_columns_read(load_config().features, "rfa")
    ('treatment', 'diagnosis', 'date_of_injury', 'case_summary')
    """
    known = columns_at(stage, programme)
    if config.transformers:
        return known
    passed_over = set() if config.use_age_and_sex else {*PEOPLE_COLUMNS}
    if programme.code_columns:
        own = (column.name for column in programme.extra_columns)
        passed_over |= {*known} - {*programme.code_columns, *own}
    elif not config.use_case_summary:
        passed_over.add("case_summary")
    return tuple(name for name in known if name not in passed_over)


def _declared(config: FeaturesConfig) -> dict[str, Any]:
    declared: dict[str, Any] = config.model_dump()["extra_columns"]
    return declared


def _own_blocks(
    config: FeaturesConfig, stage: Stage, profile: Profile
) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    """Make the blocks of an owner's columns and transformers, and that of the columns' words."""
    declared = _declared(config)
    kinds = {column.kind for column in list_own_columns(stage, profile, declared)}
    own: list[tuple[str, Any]] = []
    if kinds - {"text"}:
        columns = OwnColumns(stage, profile=profile, columns=declared, min_cases=config.min_cases)
        own.append(("own", columns))
    for name, stated in config.transformers.items():
        made = make_transformer(name, stated.path, stated.params)
        wrapped = OwnTransformer(made, name, stage, profile=profile, columns=declared)
        own.append((f"own {name}", wrapped))
    if "text" not in kinds:
        return own, []
    text = OwnText(
        stage,
        profile=profile,
        columns=declared,
        word_ngrams=tuple(config.word_ngrams),
        min_cases=config.min_cases,
        max_terms=config.max_terms,
    )
    return own, [("own text", text)]


def block_places(features: FeatureUnion) -> dict[str, slice]:
    """Tell which columns each block of fitted features fills.

    Parameters
    ----------
    features : FeatureUnion
        Fitted.

    Returns
    -------
    dict of str to slice
        Positions of the columns, by the name of the block.

    Examples
    --------
    >>> import pandas as pd
    >>> from imrml.config import load_config
    >>> from imrml.submissions.frame import submission_frame
    >>> frame = submission_frame(pd.DataFrame({"treatment": ["MRI left knee"]}), "rfa")
    >>> features = build_features(load_config().features, "rfa").fit(frame)
    >>> places = block_places(features)
    >>> list(places), str(features.get_feature_names_out()[places["treatment"]][0])
    (['treatment', 'clinical', 'text'], 'category=opioid')
    """
    ends = accumulate(
        (len(block.get_feature_names_out()) for _, block in features.transformer_list), initial=0
    )
    names = (name for name, _ in features.transformer_list)
    return {
        name: slice(start, end) for name, (start, end) in zip(names, pairwise(ends), strict=True)
    }


def feature_frame(features: FeatureUnion, submissions: SubmissionFrame) -> pd.DataFrame:
    """Give the features of a submission frame as pandas, with their names.

    To look at, or for estimators that want names.

    Parameters
    ----------
    features : FeatureUnion
        From :func:`build_features`, fitted.
    submissions : SubmissionFrame of shape (n_items, n_columns)
        Of the same stage.

    Returns
    -------
    DataFrame of shape (n_items, n_features)
        Sparse columns of floats with the index of ``submissions``; ``.sparse.to_dense()`` makes
        them dense.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> from imrml.submissions.frame import submission_frame
    >>> asked = submission_frame(
    ...     pd.DataFrame({"treatment": ["MRI left knee", "Norco 10/325mg #60"]}, index=[7, 8]),
    ...     "rfa",
    ... )
    >>> features = build_features(load_config().features, "rfa").fit(asked)
    >>> feature_frame(features, asked)[
    ...     ["category=imaging", "category=opioid"]
    ... ].sparse.to_dense().loc[8].to_list()
    [0.0, 1.0]
    """
    values = sparse.csc_array(features.transform(submissions))
    accessor: Any = pd.DataFrame.sparse  # which the stubs do not know on the class
    frame: pd.DataFrame = accessor.from_spmatrix(
        values, index=submissions.index, columns=features.get_feature_names_out()
    )
    return frame


def _scaled(numbers: TreatmentFeatures | ClinicalFeatures) -> Pipeline:
    """Divide each column by its largest value."""
    return make_pipeline(numbers, MaxAbsScaler())


TEXT_PREFIXES = (f"{TREATMENT_PART}__", f"{SUMMARY_PART}__")
_MASKS = {"0": "(number)", "name": "(name)"}


@cache
def is_filler(name: str) -> bool:
    """Tell whether a column stands for words that say nothing, such as masked numbers and names.

    Parameters
    ----------
    name : str
        One of ``get_feature_names_out()``.

    Returns
    -------
    bool
        Whether none of its words says anything by itself.

    Examples
    --------
    >>> [
    ...     is_filler(name)
    ...     for name in ("summary__of the", "summary__0 0", "summary__right knee", "side=right")
    ... ]
    [True, True, False, False]
    """
    part = next((prefix for prefix in TEXT_PREFIXES if name.startswith(prefix)), None)
    return part is not None and all(
        word in ENGLISH_STOP_WORDS or word in _MASKS for word in name.removeprefix(part).split(" ")
    )


@cache
def _names(table: str, key: str, words: str) -> dict[str, str]:
    return {row[key]: row[words] for row in read_vocabulary(table)}


@cache
def describe_feature(name: str) -> str:
    """Say in plain words what a column of :func:`build_features` stands for.

    Parameters
    ----------
    name : str
        One of ``get_feature_names_out()``.

    Returns
    -------
    str
        What a person reads; the name itself where there are no words for it.

    Examples
    --------
    >>> [
    ...     describe_feature(name)
    ...     for name in ("summary__radiculopathy", "shows=urine_drug_screen", "is_quantity_unknown")
    ... ]
    ["mentions 'radiculopathy'", 'shows: urine drug screen', 'request names no quantity']
    >>> describe_feature("treatment__mg 0")
    "request says 'mg (number)'"
    """
    for row in read_vocabulary("feature_words"):
        if row["feature"] == name:
            return row["words"]
    for row in read_vocabulary("feature_words"):
        if row["feature"].endswith("*") and name.startswith(prefix := row["feature"][:-1]):
            value = name.removeprefix(prefix)
            if prefix in TEXT_PREFIXES:
                value = " ".join(_MASKS.get(word, word) for word in value.split(" "))
            table = row["table"]
            words = (
                _names(table, row["key"], row["column"]).get(value, value)
                if table
                else value.replace("_", " ")
            )
            return row["words"].format(words)
    return name
