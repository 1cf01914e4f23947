"""One page that tells a person what a retrain did and why."""

from datetime import UTC, datetime
from pathlib import Path

from imrml.config import state_dir
from imrml.page_templates import open_templates
from imrml.private_files import write_private_text
from imrml.retraining.outcome import Outcome


def write_verdict(outcome: Outcome, *, is_dry_run: bool) -> Path:
    """Write ``retrain.html`` into the state folder; no text of a record stands in it.

    Parameters
    ----------
    outcome : Outcome
        What the retrain did.
    is_dry_run : bool
        Nothing was moved, and the page says so.

    Returns
    -------
    Path
        The page.
    """
    page = (
        open_templates("imrml.retraining")
        .get_template("verdict.html.j2")
        .render(
            outcome=outcome, is_dry_run=is_dry_run, when=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        )
    )
    target = state_dir() / "retrain.html"
    write_private_text(target, page)
    return target
