"""How ``imrml compare`` prints its figures: a line a recipe."""

import pandas as pd

_FIGURES = {
    "log_loss": "log_loss",
    "auroc": "auroc",
    "average_precision": "average_precision",
    "calibration_error": "calibration_error",
    "deficiency_micro_ap": "def_ap",
    "deficiency_hit_at_3": "def_hit3",
}
_SECONDS = ("fit_seconds", "score_seconds")


def print_comparison(table: pd.DataFrame) -> None:
    """Print recipes on stdout.

    Parameters
    ----------
    table : DataFrame
        From :func:`~imrml.training.comparing.compare_recipes`.
    """
    print(
        table[["name", *_FIGURES, *_SECONDS]]
        .rename(columns=_FIGURES)
        .round(4)
        .fillna("")
        .to_string(index=False)
    )
    prior = str(table["best_prior"][0]).replace("_", " ")
    print(
        f"\nsplit {table['split'][0]}; minus the {prior}, deficiencies minus the category's rates, "
        "paired by case, with intervals; of log loss and calibration error below zero is better:"
    )
    differences = {
        short: _differences(table, f"{name}_vs_prior") for name, short in _FIGURES.items()
    }
    print(pd.DataFrame({"name": table["name"], **differences}).to_string(index=False))


def _differences(table: pd.DataFrame, name: str) -> list[str]:
    ends = table[[name, f"{name}_low", f"{name}_high"]].itertuples(index=False, name=None)
    return [
        "" if pd.isna(value) else f"{value:+.3f} ({low:+.3f} to {high:+.3f})"
        for value, low, high in ends
    ]
