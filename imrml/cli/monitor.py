"""``imrml monitor`` and ``imrml reconcile``: is a model fed what it knows, and was it right."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console, print_rows
from imrml.cli.options import TrustOption, folder_here
from imrml.phrases import pluralize


def compare_tables(
    reference: Annotated[
        str, typer.Option(help="Submissions or items of the time the model learned from.")
    ],
    current: Annotated[str, typer.Option(help="Submissions or items of now.")],
    out: Annotated[
        Path,
        typer.Option(
            parser=folder_here, metavar="<path>", help="Folder for drift.json and drift.html."
        ),
    ],
    config: Annotated[Path | None, typer.Option(help="Config file (stage, monitoring).")] = None,
    model: Annotated[
        str | None, typer.Option(help="Also compare this model's predictions.")
    ] = None,
    trust: TrustOption = None,
) -> None:
    """Compare requests of now with those of before; exit 4 when an alarm fires.

    Where both tables hold decisions, the overturn rate is watched decision by decision too.
    """
    from imrml.config import load_config
    from imrml.errors import CheckFailedError
    from imrml.models.trust import trusted_types
    from imrml.monitoring.tables import compare_tables as compare
    from imrml.tracking.addresses import load_model

    settings = load_config(config)
    trusted = {*(trust or ()), *trusted_types(settings)}
    loaded = load_model(model, trusted=trusted) if model else None
    comparison = compare(reference, current, settings, loaded, out=out)
    if comparison.why_not_watched:
        console.tell(comparison.why_not_watched)
    console.tell(f"report: {out / 'drift.html'}")
    if len(comparison.alarms):
        print_rows(comparison.alarms)
        raise CheckFailedError(
            f"monitor: {pluralize(len(comparison.alarms), 'alarm')}; "
            f"{out / 'drift.html'} shows them"
        )


def follow_trends(
    items: Annotated[str, typer.Argument(help="Item table, or requests with days.")],
    out: Annotated[
        Path,
        typer.Option(
            parser=folder_here, metavar="<path>", help="Folder for trends.json and trends.html."
        ),
    ],
    stable: Annotated[
        str | None,
        typer.Option(
            metavar="FROM:TO",
            help="Months in which nothing moved, such as 2015-01:2016-12. [default: first half]",
        ),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Config file (stage, monitoring).")] = None,
) -> None:
    """Follow every column over its months; exit 4 when two in a row are out of the ordinary.

    What is ordinary is learned from the stable months. Guidelines that nobody cited before, new
    treatments and new words of reviewers are followed too.
    """
    from imrml.config import load_config
    from imrml.errors import CheckFailedError
    from imrml.monitoring.report import describe_sparse, write_trends
    from imrml.monitoring.trends import find_trends, read_stable
    from imrml.submissions.requests import is_known_heading
    from imrml.tables.files import read_table

    trends = find_trends(
        read_table(items, is_known_heading), load_config(config), read_stable(stable)
    )
    write_trends(out, trends)
    console.tell("\n".join([*describe_sparse(trends), f"report: {out / 'trends.html'}"]))
    if trends.eras:
        print_rows(trends.list_eras())
        raise CheckFailedError(
            f"trends: {pluralize(len(trends.eras), 'alarm')}; {out / 'trends.html'} shows them"
        )


def reconcile(
    predictions: Annotated[str, typer.Argument(help="Prediction table that `imrml score` wrote.")],
    items: Annotated[str, typer.Argument(help="Item table with the decisions since.")],
    out: Annotated[
        Path,
        typer.Option(
            parser=folder_here, metavar="<path>", help="Folder for realised.json and realised.html."
        ),
    ],
    link: Annotated[
        str | None,
        typer.Option(
            help="Table of request_id and item_id (CASE#NUMBER). [default: ids are the same]"
        ),
    ] = None,
) -> None:
    """Measure stored predictions against later letters, overall and by month.

    Log loss, calibration, abstention and whether the likely deficiencies were cited.
    """
    from imrml.monitoring.tables import RECONCILED
    from imrml.monitoring.tables import reconcile as match
    from imrml.tables.files import read_table

    reconciliation = match(
        read_table(predictions),
        read_table(items, is_wanted=RECONCILED.__contains__),
        read_table(link) if link else None,
        out=out,
    )
    print_rows(reconciliation.realised.by_month)
    console.tell(
        f"{pluralize(reconciliation.n_matched, 'prediction')} matched, "
        f"{reconciliation.n_left_over:,} not; report: {out / 'realised.html'}"
    )
