"""Fictional submissions and settings to make features of."""

import pandas as pd

from imrml.config import FeaturesConfig, load_config
from imrml.submissions.frame import SubmissionFrame, submission_frame


def make_frame(stage: str = "imr", n_cases: int = 12) -> SubmissionFrame:
    """Two requests a case, sharing the narrative."""
    rows = []
    for number in range(n_cases):
        summary = (
            f"The injured worker is a {30 + number} year old woman. Lumbar strain was diagnosed "
            f"on 3/{number + 1}/2015. "
            "She completed 6 sessions of physical therapy. The UDS was consistent. There is no "
            "pain agreement on file. "
            f"She was seen by Dr. Quillfeather{number}."
        )
        facts = {
            "case_number": f"CM15-{number:07d}",
            "case_summary": summary,
            "date_of_injury": "2014-11-02",
            "received_on": "2015-05-01",
            "claims_guideline": "Decision based on MTUS Low Back Complaints 2004.",
        }
        rows += [
            {"item": f"Norco 10/325mg #{30 * (number % 3 + 1)}", **facts},
            {"item": "MRI of the left knee", **facts},
        ]
    return submission_frame(pd.DataFrame(rows), stage)


def small_config(**changes: object) -> FeaturesConfig:
    return load_config().features.model_copy(update=changes)
