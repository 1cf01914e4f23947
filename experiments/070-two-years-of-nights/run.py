"""Two years of nights on invented letters: arrivals, corrections, withdrawals, strays, one moved
disk, one restore, two upgrades; the champion beside a model fitted every week on clean data.

python experiments/070-two-years-of-nights/run.py all --out FOLDER [--overlay A --overlay B]
python experiments/070-two-years-of-nights/run.py measure --out FOLDER [--every 28]

An overlay is a folder that ``pip install --target FOLDER --no-deps`` filled with earlier versions
of MLflow and scikit-learn: the nights until the first upgrade run with the first one, those until
the second upgrade with the second. ``nights`` is called by ``all``, a process for each stretch.
A night that fails is a row of the table. ``all`` goes on at the night where it was stopped, and
``measure`` fits again only what it has not fitted yet.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from matplotlib.figure import Figure

from imrml.config import load_config
from imrml.retraining.backup import back_up
from imrml.retraining.forgetting import forget
from imrml.retraining.nights import run_night
from imrml.synthetic import draw_letters
from imrml.tables.files import read_table
from imrml.tracking import load_registered
from imrml.training.data import prepare
from imrml.training.fitting import fit_rows

warnings.simplefilter("ignore")

N_NIGHTS = 730
N_FIRST, N_LATER, N_TEST = 200, 500, 700
MOVED, RESTORED = 200, 341
UPGRADED = (244, 488)
POSTING = 1
"""Day of the week on which letters, strays and withdrawals arrive."""
RECIPE = {
    "models": {"n_refits": 0},
    "evaluation": {
        "splits": ["grouped"],
        "n_folds": 2,
        "n_bootstrap": 100,
        "learning_curve": [],
        "n_shuffles": 0,
    },
    "features": {"max_terms": 2000},
}
STRAYS = ("owner", "part", "fork", "prose", "pdf", "failures", "table", "cut", "link")


def plan(seed):
    """Say for each night which letters arrive, which case is withdrawn and what strays in.

    Returns
    -------
    dict
        ``arrivals`` (night to file name and text), ``withdrawals`` (night to case), ``right``
        (case number to the night its last determination arrives and its truth), ``cut``.
    """
    draw = random.Random(seed)
    letters = list(draw_letters(N_FIRST + N_LATER, seed, 0.2))
    others = [one for one in draw_letters(600, seed + 1, 0.0) if one.truth[0]["decided_on"]]
    letters.sort(key=lambda one: one.truth[0]["decided_on"] or f"{draw.randint(2014, 2016)}-07")
    working = [night for night in range(1, N_NIGHTS) if night % 7 == POSTING]
    arrivals, right = {}, {}
    n_corrected = 0
    for number, letter in enumerate(letters):
        case = letter.case.case_number
        later = max(number - N_FIRST, 0)
        night = 0 if number < N_FIRST else working[later * len(working) // N_LATER]
        if night and draw.random() < 0.03:  # lies on a desk
            night = min(night + 7 * draw.randint(3, 28), working[-1])
        day = letter.truth[0]["decided_on"]
        if night and day and draw.random() < 0.04:
            earlier = [one for one in others if one.truth[0]["decided_on"] < day]
            if earlier:
                first = max(earlier, key=lambda one: one.truth[0]["decided_on"])
                others.remove(first)
                text = first.text.replace(first.case.case_number, case)
                # Half of the wrong ones come first, half are found after the right one.
                come = max(night - 7, 1) if n_corrected % 2 == 0 else min(night + 7, working[-1])
                arrivals.setdefault(come, []).append((f"{case}-first.txt", text))
                n_corrected += 1
        arrivals.setdefault(night, []).append((f"{case}.txt", letter.text))
        right[case] = (night, letter.truth)
    withdrawals = {}
    for night in working[4::4]:
        here = [c for c, (came, _) in right.items() if came + 12 < night]
        withdrawals[night] = draw.choice([c for c in here if c not in withdrawals.values()])
    return {
        "arrivals": arrivals,
        "withdrawals": withdrawals,
        "right": right,
        "n_corrected": n_corrected,
        "cut": [one.text for one in others[:40]],
    }


def drop_stray(inbox, night, cut):
    """Put something into the drop folder that is no letter."""
    kind = STRAYS[(night // 7) % len(STRAYS)]
    name = f"stray-{night}"
    if kind == "owner":
        (inbox / f"~${name}.xlsx").write_bytes(b"\x00" * 165)
    elif kind == "part":
        (inbox / f"{name}.pdf.part").write_bytes(b"%PDF-1.4")
    elif kind == "fork":
        (inbox / f"._{name}.txt").write_bytes(b"\x00\x05\x16\x07")
    elif kind == "prose":
        (inbox / f"{name}.txt").write_text("Lunch is at noon.\n")
    elif kind == "pdf":
        (inbox / f"{name}.pdf").write_bytes(b"%PDF-1.4\n" + os.urandom(400))
    elif kind == "failures":
        (inbox / f"{name}.failures.jsonl").write_text('{"source": "x"}\n')
    elif kind == "table":
        (inbox / f"{name}.csv").write_text("case_number,decision\nX,maybe\n")
    elif kind == "cut":
        text = cut[night % len(cut)].replace("SY1", "SY9")
        (inbox / f"{name}.txt").write_text(text[: int(len(text) * 0.6)].rstrip())
    else:
        link = inbox / f"{name}-link.txt"
        link.unlink(missing_ok=True)
        link.symlink_to("nowhere.txt")


def make_config(inbox):
    retraining = {
        "drop_folder": str(inbox),
        "min_new_cases": 40,
        "min_new_overturned": 5,
        "min_age_seconds": 0,
        "gate": {"max_seconds_per_thousand": 10000.0},
    }
    path = inbox.parent / "retrain.yaml"
    path.write_text(yaml.safe_dump(RECIPE | {"retraining": retraining}))
    return load_config(path)


def make_test(seed):
    """Items that nobody learns from, with the probability behind each decision."""
    letters = draw_letters(N_TEST, seed + 2, 0.0)
    return pd.DataFrame([row for letter in letters for row in letter.truth])


def expected_loss(model, test, config):
    """Log loss expected over decisions that are drawn again and again."""
    p = np.clip(model.predict_proba(prepare(test, config).submissions)[:, 1], 1e-9, 1 - 1e-9)
    q = test["p_true"].to_numpy()
    return float(-(q * np.log(p) + (1 - q) * np.log(1 - p)).mean())


def run_nights(out, disk, first, last, seed):
    """Run the nights of one stretch in this process, on one disk, with the versions it finds."""
    planned, test = plan(seed), make_test(seed)
    root = out / disk
    inbox = root / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    os.environ["IMRML_HOME"] = str(root / "state")
    config = make_config(inbox)
    champion, loss = None, None
    for night in range(first, last):
        for name, text in planned["arrivals"].get(night, ()):
            (inbox / name).write_text(text)
        if night % 7 == POSTING:
            drop_stray(inbox, night, planned["cut"])
        if case := planned["withdrawals"].get(night):
            forget([case], "the person asked for it")
            if night % 2 == 0:  # else the letter stays where it is
                (inbox / f"{case}.txt").unlink(missing_ok=True)
        messages = []
        started = time.monotonic()
        row = {"night": night, "mlflow": version("mlflow"), "sklearn": version("scikit-learn")}
        try:
            outcome = run_night(config, 1, messages.append)
            row |= {"verdict": outcome.verdict, "why": outcome.why}
            row["n_new"] = outcome.n_new_cases
            if outcome.champion and outcome.champion != champion:
                champion = outcome.champion
                model = load_registered(f"models:/{champion[0]}/{champion[1]}").model
                loss = expected_loss(model, test, config)
            row |= {"version": champion and champion[1], "loss": loss}
        except Exception as error:  # whatever it is, the next night comes
            row |= {"verdict": "failed", "why": f"{type(error).__name__}: {error}"[:300]}
        row["seconds"] = time.monotonic() - started
        if night % 28 == 0:
            (out / "backup.zip").unlink(missing_ok=True)
            back_up(out / "backup.zip")
        with (out / "nights.jsonl").open("a") as log:
            log.write(json.dumps(row) + "\n")
        if row["verdict"] != "nothing new":
            print(row, flush=True)


def run_all(out, overlays, seed):
    """Run all stretches, one process each, and what befalls the state between them."""
    out.mkdir(parents=True, exist_ok=True)
    log = out / "nights.jsonl"
    n_done = len(log.read_text().splitlines()) if log.exists() else 0
    versions = [*[*overlays, None, None][:2], None]
    planned = plan(seed)
    stretches = [
        ("disk1", 0, MOVED, 0),
        ("disk2", MOVED, UPGRADED[0], 0),
        ("disk2", UPGRADED[0], RESTORED, 1),
        ("disk3", RESTORED, UPGRADED[1], 1),
        ("disk3", UPGRADED[1], N_NIGHTS, 2),
    ]
    for disk, first, last, upgrade in stretches:
        if n_done >= last:
            continue
        overlay = versions[upgrade]
        path = os.environ.get("PYTHONPATH", "")
        environment = os.environ | {"PYTHONPATH": f"{overlay}:{path}" if overlay else path}
        state = out / disk / "state"
        if first == MOVED and (out / "disk1").exists():
            (out / "disk1").rename(out / "disk2")
            call(environment, state, "from imrml.tracking import relocate; relocate()")
        if first == RESTORED and (out / "disk2").exists():
            shutil.move(out / "disk2" / "inbox", out / "disk3" / "inbox")
            shutil.rmtree(out / "disk2")  # the disk died: the letters lay elsewhere
            state.mkdir()
            again = [
                planned["withdrawals"][n] for n in planned["withdrawals"] if first - 7 < n < first
            ]
            call(
                environment,
                state,
                "from imrml.retraining.backup import restore; "
                "from imrml.retraining.forgetting import forget; "
                f"restore({str(out / 'backup.zip')!r}); "
                f"[forget([case], 'the person asked for it') for case in {again!r}]",
            )
        command = [sys.executable, __file__, "nights", "--out", str(out), "--disk", disk]
        command += ["--first", str(max(first, n_done)), "--last", str(last), "--seed", str(seed)]
        subprocess.run(command, env=environment, check=True)
    measure(out, seed, 7)


def call(environment, state, program):
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env=environment | {"IMRML_HOME": str(state)},
        check=True,
    )


def measure(out, seed, every):
    """Fit every week on clean data, and write table and plot."""
    planned, test = plan(seed), make_test(seed)
    disk = max(out.glob("disk*"))
    config = make_config(disk / "inbox")
    nights = pd.DataFrame(map(json.loads, (out / "nights.jsonl").read_text().splitlines()))
    assert list(nights["night"]) == list(range(len(nights)))
    gone = {case: night for night, case in planned["withdrawals"].items()}
    fitted = out / "clean.jsonl"
    clean = (
        [json.loads(line) for line in fitted.read_text().splitlines()] if fitted.exists() else []
    )
    for night in range(0, len(nights), every):
        if any(night == one["night"] for one in clean):
            continue
        rows = [
            row
            for case, (came, truth) in planned["right"].items()
            if came <= night < gone.get(case, N_NIGHTS)
            for row in truth
        ]
        data = prepare(pd.DataFrame(rows), config)
        model = fit_rows(data, config, np.arange(len(data.items)))
        clean.append({"night": night, "loss": expected_loss(model, test, config)})
        with fitted.open("a") as log:
            log.write(json.dumps(clean[-1]) + "\n")
    clean = pd.DataFrame(clean).sort_values("night", ignore_index=True)
    best = expected_loss_of(test["p_true"], test["p_true"])
    attainable = expected_loss_of(test["p_attainable"], test["p_true"])
    held = compare_intake(disk, planned, len(nights))
    both = nights.merge(clean.rename(columns={"loss": "clean"}), on="night")
    promoted = nights[nights["verdict"] == "promoted"]
    change = promoted["loss"].diff().dropna()
    summary = {
        "verdicts": nights["verdict"].value_counts().to_dict(),
        "promotions": len(promoted),
        "worse than the predecessor": int((change > 0).sum()),
        "worse by more than 0.002": int((change > 0.002).sum()),
        "worst step": round(float(change.max()), 4),
        "mean gap to clean": round(float((both["loss"] - both["clean"]).mean()), 4),
        "gap at the end": round(float((both["loss"] - both["clean"]).iloc[-1]), 4),
        "largest gap": round(float((both["loss"] - both["clean"]).max()), 4),
        "champion first, last": [round(float(nights["loss"].iloc[i]), 4) for i in (0, -1)],
        "clean first, last": [round(float(clean["loss"].iloc[i]), 4) for i in (0, -1)],
        "attainable": round(attainable, 4),
        "best": round(best, 4),
        "hours of work": round(float(nights["seconds"].sum()) / 3600, 3),
        "hours of nights that trained": round(
            float(nights.loc[nights["verdict"] != "nothing new", "seconds"].sum()) / 3600, 3
        ),
        "corrections": planned["n_corrected"],
        "withdrawals": len(planned["withdrawals"]),
        "intake": held,
        "failed": nights.loc[nights["verdict"] == "failed", ["night", "why"]].to_dict("records"),
        "versions": nights.groupby(["mlflow", "sklearn"])["night"]
        .agg(["min", "max"])
        .reset_index()
        .to_dict("records"),
    }
    print(json.dumps(summary, indent=1, default=str))
    (out / "summary.json").write_text(json.dumps(summary, indent=1, default=str))
    draw_plot(nights, clean, promoted, attainable, out / "nights.png")


def expected_loss_of(p, q):
    return float(-(q * np.log(p) + (1 - q) * np.log(1 - p)).mean())


def compare_intake(disk, planned, n_nights):
    """Hold the intake's items at the end against what clean data would be."""
    items = read_table(disk / "state" / "intake" / "items.parquet")
    gone = {case for night, case in planned["withdrawals"].items() if night <= n_nights}
    right = {
        (row["case_number"], row["item_number"]): row["decision"]
        for case, (came, truth) in planned["right"].items()
        if case not in gone and came <= n_nights
        for row in truth
    }
    found = {
        (str(row.case_number), int(row.item_number)): str(row.decision)
        for row in items.itertuples()
    }
    return {
        "items": len(found),
        "expected": len(right),
        "lacking": len(right.keys() - found.keys()),
        "too many": len(found.keys() - right.keys()),
        "other decision": sum(found[key] != right[key] for key in right.keys() & found.keys()),
        "forgotten": sum(case in gone for case, _ in found),
    }


def draw_plot(nights, clean, promoted, attainable, path):
    canvas = Figure(figsize=(9, 4.6), layout="constrained")
    axes = canvas.add_subplot()
    axes.step(nights["night"], nights["loss"], where="post", label="champion")
    axes.plot(clean["night"], clean["loss"], "--", label="fitted on clean data")
    axes.plot(promoted["night"], promoted["loss"], "o", markersize=3, color="C0", label="promoted")
    axes.axhline(attainable, color="grey", linewidth=1, label="attainable")
    low = axes.get_ylim()[1]
    for night, name in [
        (MOVED, "disk moved"),
        (RESTORED, "restored"),
        *((night, "upgraded") for night in UPGRADED),
    ]:
        if night > nights["night"].max():
            continue
        axes.axvline(night, color="#b3332b", linewidth=0.8, alpha=0.6)
        axes.annotate(name, (night, low), rotation=90, fontsize=8, va="top", ha="right")
    axes.set(xlabel="night", ylabel="expected log loss on 700 letters apart")
    axes.legend(frameon=False)
    canvas.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["all", "nights", "measure"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--overlay", action="append", default=[])
    parser.add_argument("--disk")
    parser.add_argument("--every", type=int, default=7, help="nights between fits on clean data")
    parser.add_argument("--first", type=int)
    parser.add_argument("--last", type=int)
    parser.add_argument("--seed", type=int, default=18)
    given = parser.parse_args()
    if given.what == "all":
        run_all(given.out.absolute(), given.overlay, given.seed)
    elif given.what == "nights":
        run_nights(given.out, given.disk, given.first, given.last, given.seed)
    else:
        measure(given.out.absolute(), given.seed, given.every)


if __name__ == "__main__":
    main()
