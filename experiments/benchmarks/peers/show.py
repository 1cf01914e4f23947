"""What was measured as one table: ours in figures, the others as differences and ratios to ours."""

import json
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from imrml.evaluation.metrics.deficiencies import measure_deficiencies
from imrml.intervals import Resamples, figure

SHOWN = {"letters": "real letters", "dmhc": "coded reviews", "invented": "invented items"}
COSTS = {  # name of a figure: heading, and whether less is said by less
    "fit_seconds": "fit, processor s",
    "row_processor_milliseconds": "a row alone, processor ms",
    "rows_per_second": "rows a processor s",
    "peak_megabytes": "peak MB",
    "model_megabytes": "model MB",
}
NEVER_SURE = 1e-6
"""A probability of 0 or 1 would cost without bound."""
N_RESAMPLES, LEVEL = 2_000, 0.95
BEGIN, END = "<!-- made by make bench -->\n", "<!-- end -->\n"

Summary = dict[str, dict]


def summarize(out: Path, methods: Sequence[str], read_constants: Callable) -> Summary:
    """Pool what the folds of each table gave, paired with ours by case."""
    summary: Summary = {"tables": {}, "installed_megabytes": {}, "versions": {}}
    for name in SHOWN:
        folder = out / "tables" / name
        if (out / "results" / name / "ours").exists():
            summary["tables"][name] = _summarize_table(folder, out / "results" / name, methods)
    for method in methods:
        env = _environment(out / "envs", read_constants(method)["REQUIREMENTS"])
        if env is not None:
            [packages] = env.glob("lib/python*/site-packages")
            files = [path for path in packages.rglob("*") if path.is_file()]
            summary["installed_megabytes"][method] = sum(p.stat().st_size for p in files) / 1e6
            summary["versions"][method] = _versions(packages, read_constants(method))
    parsed = out / "results" / "parsing.json"
    summary["parse_to_bare_pypdfium2"] = json.loads(parsed.read_text()) if parsed.exists() else []
    return summary


def _environment(envs: Path, requirements: Sequence[str]) -> Path | None:
    for made in envs.glob("*/installed"):
        if made.read_text() == "\n".join(requirements):
            return made.parent
    return None


def _versions(packages: Path, said: dict) -> str:
    found = []
    for requirement in said["REQUIREMENTS"]:
        name = requirement.partition("[")[0].partition("=")[0].replace("-", "_").replace(".", "_")
        found += [path.stem.replace("-", " ") for path in packages.glob(f"{name}-*.dist-info")]
    return ", ".join(found)


def _summarize_table(folder: Path, results: Path, methods: Sequence[str]) -> dict:
    described = json.loads((folder / "described.json").read_text())
    rows = pd.read_csv(folder / "rows.csv", usecols=["overturned", "group"], dtype={"group": str})
    tests = [np.array(test) for _, test in described["folds"]]
    of_ours = _Pooled(results / "ours", tests, len(rows))
    truth = rows["overturned"].to_numpy(bool)
    made: dict = {"n_rows": len(rows), "n_test": sum(map(len, tests)), "methods": {}}
    for method in methods:
        pooled = _Pooled(results / method, tests, len(rows))
        if not pooled.folds:
            continue
        asked = np.concatenate([tests[fold] for fold in pooled.folds])
        resamples = Resamples(rows["group"].iloc[asked].tolist(), N_RESAMPLES, 0)
        fold_of = np.repeat(pooled.folds, [len(tests[fold]) for fold in pooled.folds])
        figures = _measure(truth[asked], pooled.p[asked], of_ours.p[asked], fold_of, resamples)
        made["methods"][method] = {
            "folds": pooled.folds, "n": len(asked), **figures, "costs": pooled.costs,
            "labels": _measure_labels(folder, pooled, of_ours, rows),
        }  # fmt: skip
        made["methods"][method]["ratios"] = {
            name: [
                mine / max(theirs, 1e-9)
                for mine, theirs in zip(
                    costs, (of_ours.costs[name][fold] for fold in pooled.folds), strict=True
                )
            ]
            for name, costs in pooled.costs.items()
        }
    return made


class _Pooled:
    """What one method predicted for the test rows of the folds that it was measured on."""

    def __init__(self, folder: Path, tests: list[np.ndarray], n_rows: int) -> None:
        self.p, self.folds = np.full(n_rows, np.nan), []
        self.costs: dict[str, list[float]] = {name: [] for name in COSTS}
        self.labels: dict[int, np.ndarray] = {}
        for fold, test in enumerate(tests):
            if (folder / f"outcome-{fold}.json").exists():
                self.folds.append(fold)
                self.p[test] = np.load(folder / f"outcome-{fold}.npy")
                told = json.loads((folder / f"outcome-{fold}.json").read_text())
                for name, costs in self.costs.items():
                    costs.append(told[name])
            if (folder / f"labels-{fold}.json").exists():
                self.labels[fold] = np.load(folder / f"labels-{fold}.npy")


def _measure(
    truth: np.ndarray,
    p: np.ndarray,
    ours: np.ndarray,
    fold_of: np.ndarray,
    resamples: Resamples,
) -> dict:
    def losses(predicted: np.ndarray) -> np.ndarray:
        sure = np.clip(predicted, NEVER_SURE, 1 - NEVER_SURE)
        return -np.log(np.where(truth, sure, 1 - sure))

    def rank(predicted: np.ndarray) -> np.ndarray:
        # Within folds: the rates of training and test rows of a fold move against each other, so
        # pooled scores that say little rank worse than chance.
        masks = [fold_of == fold for fold in np.unique(fold_of)]
        by_fold = np.array(
            [resamples.of(mask).rank(truth[mask], predicted[mask])[0] for mask in masks]
        )
        n_defined = np.isfinite(by_fold).sum(axis=0)
        whole = np.full(by_fold.shape[1], np.nan)
        return np.divide(np.nansum(by_fold, axis=0), n_defined, out=whole, where=n_defined > 0)

    both = {
        "log_loss": (resamples.mean(losses(p)), resamples.mean(losses(ours))),
        "auroc": (rank(p), rank(ours)),
    }
    made = {}
    for name, (theirs, own) in both.items():
        made[name] = float(theirs[0])
        made[f"{name}_vs_ours"] = figure(
            theirs[0] - own[0], theirs[1:] - own[1:], len(truth), LEVEL
        )
    return made


def _measure_labels(folder: Path, pooled: _Pooled, ours: _Pooled, rows: pd.DataFrame) -> dict:
    folds = sorted(set(pooled.labels) & set(ours.labels))
    if not folds:
        return {}
    tests = json.loads((folder / "described.json").read_text())["folds"]
    labels = pd.read_csv(folder / "labels.csv")
    asked = np.concatenate([tests[fold][1] for fold in folds])
    known = labels["is_labelled"].to_numpy(bool)[asked]
    truth = labels.drop(columns="is_labelled").iloc[asked[known]].reset_index(drop=True)
    theirs, own = (
        pd.DataFrame(
            np.concatenate([one.labels[fold] for fold in folds])[known], columns=truth.columns
        )
        for one in (pooled, ours)
    )
    resamples = Resamples(rows["group"].iloc[asked[known]].tolist(), N_RESAMPLES, 0)
    measured = measure_deficiencies(truth, [(theirs, own)], resamples, LEVEL)
    return {
        name: {"value": measured[name]["value"], "vs_ours": measured[f"{name}_vs_category_prior"]}
        for name in ("micro_ap", "hit_at_3")
    }


# --- as text --------------------------------------------------------------------------------------


def write_markdown(summary: Summary) -> str:
    """Write the tables: quality as differences to ours, costs as ratios to ours."""
    parts = []
    for name, table in summary["tables"].items():
        parts += [f"**{SHOWN[name].capitalize()}**, {table['n_test']:,} test items", ""]
        parts += _quality_table(table), _cost_table(table, summary["installed_megabytes"])
    if rounds := summary["parse_to_bare_pypdfium2"]:
        parts.append(
            f"`imrml parse` of the real PDFs takes {_spread(rounds)} times the processor time of "
            f"bare pypdfium2, start-up taken off ({len(rounds)} rounds).\n"
        )
    return "\n".join(parts)


def _quality_table(table: dict) -> str:
    lines = [
        "| | log loss | to ours | AUROC | to ours | deficiencies: micro AP | to ours | hit@3 "
        "| to ours |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for method, told in table["methods"].items():
        is_ours = method == "ours"
        cells = [_name(method, told, table)]
        for name in ("log_loss", "auroc"):
            cells += [f"{told[name]:.3f}", "" if is_ours else _interval(told[f"{name}_vs_ours"])]
        for name in ("micro_ap", "hit_at_3"):
            label = told["labels"].get(name)
            cells += (
                [f"{label['value']:.3f}", "" if is_ours else _interval(label["vs_ours"])]
                if label
                else ["", ""]
            )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _cost_table(table: dict, installed: dict[str, float]) -> str:
    lines = [
        f"| | {' | '.join(COSTS.values())} | installed MB |",
        f"|{'---|' * (len(COSTS) + 2)}",
    ]
    for method, told in table["methods"].items():
        values = told["costs" if method == "ours" else "ratios"]
        sign = "" if method == "ours" else "x "
        cells = [f"{sign}{_spread(values[name])}" for name in COSTS]
        size = f"{installed[method]:,.0f}" if method in installed else ""
        lines.append(f"| {_name(method, told, table)} | {' | '.join(cells)} | {size} |")
    return "\n".join([*lines, ""])


def _name(method: str, told: dict, table: dict) -> str:
    shown = f"**{method}**" if method == "ours" else method.replace("_", " ")
    whole = len(table["methods"]["ours"]["folds"])
    return (
        shown if len(told["folds"]) == whole else f"{shown} ({len(told['folds'])} of {whole} folds)"
    )


def _interval(told: dict) -> str:
    if "value" not in told:
        return "n/a"
    sure = told["low"] > 0 or told["high"] < 0
    text = f"{told['value']:+.3f} ({told['low']:+.3f} to {told['high']:+.3f})"
    return f"**{text}**" if sure else text


def _spread(values: Sequence[float]) -> str:
    middle = statistics.median(values)
    if len(values) == 1:
        return _short(middle)
    return f"{_short(middle)} ({_short(min(values))} to {_short(max(values))})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def write_into(path: Path, text: str, summary: Summary) -> None:
    """Put the tables where the page has its mark, and all figures beside the page."""
    page = path.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}{text}{END}{after}", encoding="utf-8")
    kept = json.dumps(summary, indent=1)
    path.with_name("results.json").write_text(f"{kept}\n", encoding="utf-8")
