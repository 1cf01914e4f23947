"""``imrml monitor`` and ``imrml reconcile``: is the model still fed what it knows, and was it right."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imrml.cli.console import console, print_rows
from imrml.phrases import pluralize

if TYPE_CHECKING:
    import pandas as pd

    from imrml.config import Config
    from imrml.monitoring import RateWatch


def compare_tables(
    reference: Annotated[
        str, typer.Option(help="Submissions or items of the time the model learned from.")
    ],
    current: Annotated[str, typer.Option(help="Submissions or items of now.")],
    out: Annotated[Path, typer.Option(help="Folder for drift.json and drift.html.")],
    config: Annotated[Path | None, typer.Option(help="Config file (stage, monitoring).")] = None,
    model: Annotated[
        str | None, typer.Option(help="Also compare this model's predictions.")
    ] = None,
) -> None:
    """Compare requests of now with those of before; exit 4 when an alarm rings.

    Where both tables hold decisions, the overturn rate is watched decision by decision too.
    """
    import pandas as pd

    from imrml.config import load_config
    from imrml.errors import CheckFailedError
    from imrml.monitoring import compare_submissions
    from imrml.monitoring.report import write_drift
    from imrml.submissions.frame import submission_frame
    from imrml.submissions.programmes import programme_of
    from imrml.submissions.requests import is_known_heading, name_columns
    from imrml.tables.files import read_table

    settings = load_config(config)
    stage, programme = settings.stage, programme_of(settings.profile)
    fitted = None
    if model is not None:
        from imrml.cli.score import open_model

        fitted = open_model(model).model
        stage, programme = fitted.stage, fitted.programme
    # As `imrml score` reads them: requests of staff name their columns otherwise.
    tables = [
        name_columns(read_table(path, is_known_heading), programme) for path in (reference, current)
    ]
    frames = [submission_frame(table, stage, programme) for table in tables]
    p_overturned = None
    if fitted is not None:
        before, after = (fitted.predict_proba(frame)[:, 1] for frame in frames)
        p_overturned = before, after
    drift = compare_submissions(
        frames[0], frames[1], settings.monitoring, settings.seed, p_overturned
    )
    watch = _watch(tables, settings)
    write_drift(out, drift, watch)
    rows = [(alarm.fact, alarm.measure, alarm.found, alarm.threshold) for alarm in drift.alarms]
    if watch is not None and watch.rings_at is not None:
        rows.append(
            (
                "overturn rate",
                "decisions until it rang",
                float(watch.rings_at),
                settings.monitoring.false_alarm_rate,
            )
        )
    console.tell(f"report: {out / 'drift.html'}")
    if rows:
        print_rows(pd.DataFrame(rows, columns=["fact", "measure", "found", "threshold"]))
        raise CheckFailedError(
            f"monitor: {pluralize(len(rows), 'alarm')}; {out / 'drift.html'} shows them"
        )


def _watch(tables: "list[pd.DataFrame]", settings: "Config") -> "RateWatch | None":
    from imrml.monitoring import watch_rate

    if any("decision" not in table for table in tables):
        return None
    # Rows without a decision wait for theirs.
    before, after = (
        _in_order(table[table["decision"].isin(["upheld", "overturned"])])["decision"]
        == "overturned"
        for table in tables
    )
    if before.nunique() < 2:
        console.tell(
            "the overturn rate is not watched: the reference table needs decisions of both kinds"
        )
        return None
    chosen = settings.monitoring
    return watch_rate(
        int(before.sum()), len(before), after.to_numpy(), chosen.false_alarm_rate, chosen.rate_shift
    )


def _in_order(items: "pd.DataFrame") -> "pd.DataFrame":
    """Put items in the order of their decisions: by day, else by year and case number."""
    keys = [name for name in ("decided_on", "decided_year", "case_number") if name in items]
    return items.sort_values(keys, kind="stable") if keys else items


def reconcile(
    predictions: Annotated[str, typer.Argument(help="Prediction table that `imrml score` wrote.")],
    items: Annotated[str, typer.Argument(help="Item table with the decisions since.")],
    out: Annotated[Path, typer.Option(help="Folder for realised.json and realised.html.")],
    link: Annotated[
        Path | None,
        typer.Option(
            help="Table of request_id and item_id (CASE#NUMBER). [default: ids are the same]"
        ),
    ] = None,
) -> None:
    """Measure stored predictions against later letters: log loss, calibration, abstention, deficiency hits, by month."""
    from imrml.errors import NotEnoughDataError
    from imrml.monitoring import match_predictions, measure_realised
    from imrml.monitoring.report import write_realised
    from imrml.tables.files import read_table

    matched, left_over = match_predictions(
        read_table(predictions), read_table(items), None if link is None else read_table(link)
    )
    if matched.empty:
        raise NotEnoughDataError(
            f"reconcile: none of {pluralize(len(left_over), 'prediction')} has an item; give --link"
        )
    realised = measure_realised(matched, seed=0)
    write_realised(out, realised, left_over.to_dict("records"))
    print_rows(realised.by_month)
    console.tell(
        f"{pluralize(len(matched), 'prediction')} matched, {len(left_over):,} not; report: {out / 'realised.html'}"
    )
