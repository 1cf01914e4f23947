"""How ``imrml demo`` ends: the requests scored, the distance to the best attainable, and where."""

import shutil

from imrml.demo import Demo
from imrml.scoring.terminal import format_predictions


def print_demo(demo: Demo) -> None:
    """Print what a demo made on stdout.

    Parameters
    ----------
    demo : Demo
        With its training saved and logged.
    """
    width = shutil.get_terminal_size((140, 40)).columns
    print("\n".join(format_predictions(demo.predictions, width=width)))
    print()
    print(_format_attainable(demo))
    print(demo.training.verdict.sentence)
    folder, run = demo.training.out, demo.training.run
    assert folder is not None  # a demo writes its training ...
    assert run is not None  # ... and its config leaves tracking on
    print(f"report        {folder / 'report.html'}")
    print(
        f"model         {folder}  "
        f"(models:/{run.model_name}@{run.alias}, version {run.model_version})"
    )
    print(f"predictions   {demo.predictions_path}")
    print(f"MLflow        mlflow ui --backend-store-uri {run.tracking_uri}")


def _format_attainable(demo: Demo) -> str:
    """Say how far the model is from the best that anyone could do."""
    best = demo.attainable
    return (
        f"Best attainable on these invented letters: AUROC {best.best_auroc:.3f}, "
        f"log loss {best.best_log_loss:.4f}. The model on {best.n_items:,} held-out items "
        f"({demo.split.replace('_', '-')}): AUROC {best.auroc:.3f}, log loss {best.log_loss:.4f}, "
        f"{best.share:.0%} of the attainable ranking."
    )
