"""How ``imrml compare`` prints its figures: a line a recipe."""

import pandas as pd

_SHORT = {
    "name": "name",
    "log_loss": "log_loss",
    "log_loss_vs_prior": "vs_prior",
    "log_loss_vs_prior_low": "low",
    "log_loss_vs_prior_high": "high",
    "auroc": "auroc",
    "average_precision": "average_precision",
    "calibration_error": "calibration_error",
    "deficiency_micro_ap": "def_ap",
    "deficiency_hit_at_3": "def_hit3",
    "fit_seconds": "fit_seconds",
    "score_seconds": "score_seconds",
}


def print_comparison(table: pd.DataFrame) -> None:
    """Print recipes on stdout.

    Parameters
    ----------
    table : DataFrame
        From :func:`~imrml.training.comparing.compare_recipes`.
    """
    print(table[[*_SHORT]].rename(columns=_SHORT).round(4).to_string(index=False))
    print(
        f"split {table['split'][0]}; vs_prior is the log loss minus that of "
        f"{table['best_prior'][0]}, paired by case, with its interval: below zero is better"
    )
