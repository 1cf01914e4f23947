"""``imrml forget``: cases out of the state folder and of every training to come."""

from typing import Annotated

import typer


def forget_cases(
    cases: Annotated[list[str], typer.Argument(help="Case numbers.")],
    why: Annotated[str, typer.Option(help="Reason, written down; it must not name a case.")],
) -> None:
    """Remove cases from intake, past items and future training, and keep them out.

    The log holds when, why and how many, not whose. Letters, tables and backups that hold
    them are named: they are their owner's to delete.
    """
    from imrml.retraining.forgetting import describe_forgetting, forget

    print("\n".join(describe_forgetting(forget(cases, why))))
