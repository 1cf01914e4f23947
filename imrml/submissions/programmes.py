"""The programmes whose reviews a model can learn, as data: what differs between them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from imrml.config import Profile, Stage
from imrml.errors import LeakageError
from imrml.submissions.cells import RawColumns
from imrml.submissions.columns import (
    CODED_COLUMNS,
    IGNORED_COLUMNS,
    REFUSED_COLUMNS,
    SUBMISSION_COLUMNS,
    Column,
    ExtraColumn,
)
from imrml.submissions.dmhc_codes import fill_codes, list_headings, map_heading

_KNOWN_AT_STAGE: dict[Stage, frozenset[str]] = {
    "rfa": frozenset({"rfa", "proxy"}),
    "imr": frozenset({"rfa", "proxy", "imr"}),
}


def _map_no_heading(_heading: str) -> None:
    return None


def _list_no_heading() -> list[str]:
    return []


def _keep_cells(cells: RawColumns) -> RawColumns:
    return cells


@dataclass(frozen=True, slots=True)
class Programme:
    """A review programme: its columns, and how its tables are read.

    Config and model files hold its name alone; :func:`programme_of` gives the rest.

    Parameters
    ----------
    name : {'letters', 'dmhc'}
        Value of ``profile`` in a config.
    columns : tuple of Column
        Submission columns, whatever the stage.
    treatment_columns : tuple of str
        Columns of which a table must have one.
    code_columns : tuple of str, default=()
        Columns whose codes the features cross; where there are none, features read the text.
    extra_columns : tuple of ExtraColumn, default=()
        Columns of an owner's own, which stand in ``columns`` too; see :func:`extend_programme`.
    category_column : str or None, default=None
        Column whose code is the treatment category; None where words of the treatment tell it.
    cases_are : str, default='letters'
        What its cases are called where they are counted.
    map_heading : callable, default gives None for each
        Gives a heading of the programme's own files our column's name, or None.
    list_headings : callable, default gives none
        Lists the headings of the programme's own files.
    fill_cells : callable, default gives back what it takes
        Fills cells of a table from other cells of the same row.

    Examples
    --------
    >>> LETTERS.treatment_columns, DMHC.category_column
    (('treatment', 'item'), 'treatment_category')
    """

    name: Profile
    columns: tuple[Column, ...]
    treatment_columns: tuple[str, ...]
    code_columns: tuple[str, ...] = ()
    extra_columns: tuple[ExtraColumn, ...] = ()
    category_column: str | None = None
    cases_are: str = "letters"
    map_heading: Callable[[str], str | None] = field(default=_map_no_heading, repr=False)
    list_headings: Callable[[], Sequence[str]] = field(default=_list_no_heading, repr=False)
    fill_cells: Callable[[RawColumns], RawColumns] = field(default=_keep_cells, repr=False)

    @property
    def known_columns(self) -> frozenset[str]:
        """Every column that a request may bear, whether it is used, passed over or refused.

        Returns
        -------
        frozenset of str
            Names.
        """
        names = (column.name for column in self.columns)
        return frozenset({"request_id", *names, *REFUSED_COLUMNS, *IGNORED_COLUMNS})


LETTERS = Programme(
    name="letters", columns=SUBMISSION_COLUMNS, treatment_columns=("treatment", "item")
)
"""Letters of the workers' compensation programme."""

DMHC = Programme(
    name="dmhc",
    columns=SUBMISSION_COLUMNS + CODED_COLUMNS,
    treatment_columns=("treatment", "item", "treatment_category"),
    code_columns=(*(column.name for column in CODED_COLUMNS), "sex"),
    category_column="treatment_category",
    cases_are="reviews",
    map_heading=map_heading,
    list_headings=list_headings,
    fill_cells=fill_codes,
)
"""The coded data of the Department of Managed Health Care on reviews of health plans."""

PROGRAMMES: dict[Profile, Programme] = {one.name: one for one in (LETTERS, DMHC)}
"""By name, as a config and a model file hold it."""


def programme_of(name: Profile) -> Programme:
    """Give the programme that a config or a model names.

    Parameters
    ----------
    name : {'letters', 'dmhc'}
        Value of ``profile``.

    Returns
    -------
    Programme
        One of ``PROGRAMMES``.

    Examples
    --------
    >>> programme_of("letters") is LETTERS
    True
    """
    return PROGRAMMES[name]


def columns_at(stage: Stage, programme: Programme = LETTERS) -> tuple[str, ...]:
    """Name the submission columns that are known at a stage.

    Parameters
    ----------
    stage : {'rfa', 'imr'}
        When the prediction is made.
    programme : Programme, default=LETTERS
        Whose reviews.

    Returns
    -------
    tuple of str
        In the order of the frame that features accept.

    Examples
    --------
    >>> "claims_guideline" in columns_at("rfa"), "claims_guideline" in columns_at("imr")
    (False, True)
    """
    known_at = _KNOWN_AT_STAGE[stage]
    return tuple(column.name for column in programme.columns if column.known_at in known_at)


def require_submission_columns(
    columns: Sequence[str],
    stage: Stage,
    programme: Programme = LETTERS,
    extra_columns: Sequence[str] = (),
) -> None:
    """Raise unless columns are exactly those known at the stage: the frame was made elsewhere.

    Parameters
    ----------
    columns : sequence of str
        Names of the columns of a frame.
    stage : {'rfa', 'imr'}
        When the prediction is made.
    programme : Programme, default=LETTERS
        Whose reviews.
    extra_columns : sequence of str, default=()
        Names of the owner's own columns that are known at the stage, where ``programme`` is not
        told of them.

    Raises
    ------
    LeakageError
        Names the columns that do not belong and those that are absent.

    Examples
    --------
    >>> require_submission_columns([*columns_at("imr"), "rationale"], "imr")
    Traceback (most recent call last):
    imrml.errors.LeakageError: columns ['rationale'] are not known at stage 'imr'; ...
    """
    known = (*columns_at(stage, programme), *extra_columns)
    foreign = [name for name in columns if name not in known]
    absent = [name for name in known if name not in columns]
    faults = [f"columns {foreign} are not known at stage {stage!r}"] * bool(foreign)
    faults += [f"columns {absent} of stage {stage!r} are absent"] * bool(absent)
    if faults:
        raise LeakageError(f"{' and '.join(faults)}; make the frame with submission_frame()")
