"""What the record shows: documents and findings, or their absence, diagnoses, age of the claim."""

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from imrml.config import Stage
from imrml.features.base import Cells, NumberFeatures
from imrml.features.counting import texts_of
from imrml.features.diagnoses import find_diagnoses
from imrml.features.documents import cue_names, cue_values
from imrml.features.vocabulary import read_vocabulary
from imrml.own_tables import cache
from imrml.submissions.programmes import columns_at
from imrml.text.cache import remember

# Days from injury from which a band begins. Acute ends after one month and chronic begins after
# three: 8 CCR 9792.20.
CHRONICITY_BANDS = {
    "acute": 0,
    "subacute": 30,
    "chronic_3_months": 91,
    "chronic_1_year": 365,
    "chronic_3_years": 1096,
    "chronic_10_years": 3652,
}


_DATE = re.compile(r"\b(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})\b")


@remember(16384)
def _last_date(narrative: str) -> date | None:
    """Find the latest date of a narrative: the best guess of when its request was made."""
    dates = []
    for match in _DATE.finditer(narrative):
        month, day, year = (int(number) for number in match.groups())
        try:
            dates.append(date(year + 2000 if year < 100 else year, month, day))
        except ValueError:
            continue
    return max(dates, default=None)


def chronicity_band(days: float) -> str:
    """Name the band of a claim's age.

    Parameters
    ----------
    days : float
        Days since the injury; NaN where that is missing.

    Returns
    -------
    str
        A key of ``CHRONICITY_BANDS``, or ``"unknown"`` where ``days`` is missing or negative.

    Examples
    --------
    >>> [chronicity_band(days) for days in (12, 60, 100, 400, float("nan"))]
    ['acute', 'subacute', 'chronic_3_months', 'chronic_1_year', 'unknown']
    """
    reached = [band for band, first_day in CHRONICITY_BANDS.items() if days >= first_day]
    return reached[-1] if reached else "unknown"


class ClinicalFeatures(NumberFeatures):
    """Documents shown or said to be absent, diagnosis families, age of the claim.

    Age and sex are features only if asked for.

    Parameters
    ----------
    stage : {'rfa', 'imr'}, default='imr'
        At ``imr`` the day of the application or of the denial ends the claim's age; before, the
        latest date of the narrative.
    use_case_summary : bool, default=True
        Whether the narrative is read; without it documents are looked for in the request and the
        diagnosis only.
    use_age_and_sex : bool, default=False
        Whether the injured person's age and sex become features.
    sparse_output : bool, default=False
        Whether :meth:`transform` gives a sparse matrix, which cannot be pandas.
    extra_columns : sequence of str, default=()
        Names of the owner's own columns in the frame, which it passes over.

    Examples
    --------
    >>> from imrml.submissions.frame import submission_frame
    >>> items = pd.DataFrame(
    ...     {"item": ["Norco"], "case_summary": ["The UDS was consistent. No pain agreement."]}
    ... )
    >>> features = ClinicalFeatures("rfa").set_output(transform="pandas")
    >>> shown = features.fit_transform(submission_frame(items, "rfa"))
    >>> shown.columns[shown.loc[0] > 0].tolist()
    ['shows=urine_drug_screen', 'lacks=pain_agreement', 'chronicity=unknown']
    """

    def __init__(
        self,
        stage: Stage = "imr",
        *,
        use_case_summary: bool = True,
        use_age_and_sex: bool = False,
        sparse_output: bool = False,
        extra_columns: Sequence[str] = (),
    ) -> None:
        self.stage = stage
        self.extra_columns = extra_columns
        self.sparse_output = sparse_output
        self.use_case_summary = use_case_summary
        self.use_age_and_sex = use_age_and_sex

    def _cells_by_row(self, X: pd.DataFrame) -> Iterable[Cells]:
        narratives = texts_of(X, "case_summary") if self.use_case_summary else [""] * len(X)
        days = [None if np.isnan(one) else float(one) for one in self._claim_days(X)]
        people: list[Iterable[Hashable]] = []
        if self.use_age_and_sex:
            ages = [None if np.isnan(one) else float(one) for one in X["age"]]
            people = [ages, texts_of(X, "sex")]
        read = texts_of(X, "treatment"), texts_of(X, "diagnosis"), narratives
        return zip(*read, days, *people, strict=True)

    def _numbers_of(self, cells: Cells) -> Mapping[str, float]:
        treatment, diagnosis, narrative = map(str, cells[:3])
        claim_days: Any = cells[3]
        # Texts are read one by one, because the items of one case share all but the first.
        parts = [
            cue_values(treatment, is_request=True),
            cue_values(diagnosis),
            cue_values(narrative),
        ]
        known = {name: 1.0 for part in reversed(parts) for name in part}
        families = (*find_diagnoses(diagnosis, is_list=True), *find_diagnoses(narrative))
        known |= {f"diagnosis={family}": 1.0 for family in families}
        known[f"chronicity={chronicity_band(np.nan if claim_days is None else claim_days)}"] = 1.0
        known["log_claim_days"] = 0.0 if claim_days is None else float(np.log1p(claim_days))
        if self.use_age_and_sex:
            age: Any
            age, sex = cells[4:]
            known["is_age_unknown" if age is None else "age"] = 1.0 if age is None else age
            known |= {f"sex={sex}": 1.0} if sex else {}
        return known

    def _names(self) -> Iterable[str]:
        people = ["age", "is_age_unknown", "sex=female", "sex=male"] if self.use_age_and_sex else []
        return [*_clinical_names(), *people]

    def _claim_days(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Days from the injury to the day the request was known of; NaN where either is missing."""
        known = [
            X[name].to_numpy()
            for name in ("received_on", "ur_denied_on")
            if name in columns_at(self.stage)
        ]
        if self.use_case_summary:
            known.append(
                np.array(
                    [_last_date(text) for text in texts_of(X, "case_summary")],
                    dtype="datetime64[s]",
                )
            )
        until = np.full(len(X), "NaT", dtype="datetime64[s]")
        for day in known:
            until = np.where(np.isnat(until), day, until)
        days = (until - X["date_of_injury"].to_numpy()) / np.timedelta64(1, "D")
        return np.where(days >= 0, days, np.nan)


@cache
def _clinical_names() -> tuple[str, ...]:
    cues = cue_names()
    return (
        *(f"shows={cue}" for cue in cues),
        *(f"lacks={cue}" for cue in cues),
        *(f"diagnosis={row['family']}" for row in read_vocabulary("diagnosis_families")),
        *(f"chronicity={band}" for band in (*CHRONICITY_BANDS, "unknown")),
        "log_claim_days",
    )
