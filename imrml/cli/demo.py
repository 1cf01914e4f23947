"""``imrml demo``: the whole line on an invented corpus."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imrml.cli.console import console, require_jobs

if TYPE_CHECKING:
    import pandas as pd

    from imrml.training.run import TrainingResult

N_REQUESTS = 10
PDF_SHARE = 0.1
DAMAGE_SHARE = 0.3


def run_demo(
    out: Annotated[
        Path,
        typer.Option(help="Folder for everything the demo makes; what it made before is replaced."),
    ] = Path("demo"),
    n_letters: Annotated[
        int, typer.Option("--n-letters", min=200, help="How many letters to invent.")
    ] = 3000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same letters.")] = 0,
    jobs: Annotated[
        int, typer.Option(callback=require_jobs, help="Worker processes; -1 for one a core.")
    ] = -1,
) -> None:
    """Invent letters, parse, label, train, evaluate, score ten new requests, and open with a report to read."""
    import shutil
    from importlib.resources import as_file, files

    import pandas as pd

    from imrml.cli.label import label_items
    from imrml.cli.parse import parse_letters
    from imrml.cli.train import keep
    from imrml.config import load_config
    from imrml.errors import ImrmlError
    from imrml.models import load_model
    from imrml.scoring.prediction import score
    from imrml.scoring.terminal import format_predictions
    from imrml.synthetic import draw_requests, write_corpus
    from imrml.tables.files import read_table, write_table
    from imrml.training.run import train

    letters, items, truth, model_dir = (
        out / "letters",
        out / "items.parquet",
        out / "truth.parquet",
        out / "model",
    )
    marker = out / ".imrml-demo"
    if out.is_dir() and any(out.iterdir()) and not marker.exists():
        raise ImrmlError(
            f"demo: {out} holds files that no demo made; name an empty or a new folder with --out"
        )
    shutil.rmtree(letters, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    marker.touch()
    summary = write_corpus(
        n_letters,
        seed,
        letters,
        truth=truth,
        pdf_share=PDF_SHARE,
        damage_share=DAMAGE_SHARE,
        show=lambda drawn: console.show_progress(drawn, n_letters, "inventing"),
    )
    console.tell(str(summary))
    parse_letters([str(letters)], out=str(items), jobs=jobs)
    label_items(str(items), out=str(items), jobs=jobs)
    with as_file(files("imrml").joinpath("demo.yaml")) as path:
        config = load_config(path)
    table = read_table(items)
    with console.report_steps() as report:
        result = train(table, config, n_jobs=jobs, report=report)
    run = keep(result, config, model_dir)
    assert run is not None  # demo.yaml leaves tracking on
    requests = pd.DataFrame([request.row for request in draw_requests(N_REQUESTS, seed + 1)])
    write_table(requests, out / "requests.jsonl")
    loaded = load_model(model_dir)
    predictions = score(loaded, requests, allow_demo=True)
    write_table(predictions, out / "predictions.jsonl")
    for line in format_predictions(predictions, width=shutil.get_terminal_size((140, 40)).columns):
        print(line)
    print()
    print(_distance_to_best(result, read_table(truth)))
    print(result.verdict.sentence)
    print(f"report        {model_dir / 'report.html'}")
    print(
        f"model         {model_dir}  (models:/{run.model_name}@{run.alias}, version {run.model_version})"
    )
    print(f"predictions   {out / 'predictions.jsonl'}")
    print(f"MLflow        mlflow ui --backend-store-uri {run.tracking_uri}")


def _distance_to_best(result: "TrainingResult", truth: "pd.DataFrame") -> str:
    """Say how far the model is from the best that anyone could do, which only an invented corpus can tell."""
    from imrml.evaluation.metrics.held_out import best_attainable, share_of_attainable

    split = result.verdict.headline.split
    known = truth[["case_number", "item_number", "p_attainable"]].astype({"item_number": "int64"})
    held_out = result.held_out[split].outcome.merge(
        known, on=["case_number", "item_number"], validate="one_to_one"
    )
    best = best_attainable(held_out["p_attainable"], held_out["overturned"])
    figures = result.metrics["outcome"][split]
    auroc, loss = figures["auroc"]["value"], figures["log_loss"]["value"]
    share = share_of_attainable(auroc, best)
    return (
        f"Best attainable on these invented letters: AUROC {best['auroc']:.3f}, log loss {best['log_loss']:.4f}. "
        f"The model on {len(held_out):,} held-out items ({split.replace('_', '-')}): AUROC {auroc:.3f}, log loss {loss:.4f}, "
        f"{share:.0%} of the attainable ranking."
    )
