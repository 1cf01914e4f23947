"""Add documented answers to invented notes, score again, and compare with what-if; timings; ranking
on held-out letters.

python experiments/051-answers-never-raise/run.py ITEMS HELD_OUT [--request-seed 77] [--n-requests
1000]

ITEMS and HELD_OUT are parsed and labelled invented letters. The file also runs on the code before
this experiment.
"""

import argparse
import time
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import yaml
from sklearn import config_context
from sklearn.metrics import average_precision_score

from imrml.config import load_config
from imrml.deficiencies import cues_that_show, deficiency_ids
from imrml.features import find_documents
from imrml.models import ReviewModel
from imrml.submissions.frame import SubmissionFrame
from imrml.submissions.requests import sort_requests
from imrml.synthetic import draw_requests
from imrml.synthetic.phrase_banks import read_banks, say
from imrml.synthetic.phrase_banks import read_table as read_bank
from imrml.tables.files import read_table
from imrml.training.data import prepare

SLOTS = {
    "d": "3/2/2015",
    "n": "4",
    "low": "4",
    "high": "6",
    "part": "lumbar",
    "side": "left",
    "worker": "worker",
    "year": "2014",
}
OWN = Path(__file__).parents[1] / "050-documented-answers" / "sentences.yaml"


class Slots(dict):
    def __missing__(self, key):
        return SLOTS.get(key, "back")


def fit(items, config) -> ReviewModel:
    data = prepare(items, config)
    model = ReviewModel.from_config(config)
    with config_context(enable_metadata_routing=False):
        started = time.perf_counter()
        model.fit(
            data.submissions, data.overturned, data.groups, data.deficiencies, data.is_labelled
        )
    n_labelled = int((data.is_labelled & ~data.overturned).sum())
    print(
        f"fitted on {n_labelled:,} labelled upheld items in {time.perf_counter() - started:.0f} s"
    )
    return model


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("items")
    parser.add_argument("held_out")
    parser.add_argument("--request-seed", type=int, default=77)
    parser.add_argument("--n-requests", type=int, default=1000)
    given = parser.parse_args()
    config = load_config(overrides=["models.outcome.kind=class_prior", "models.n_refits=0"])
    model = fit(read_table(given.items), config)
    rank(model, read_table(given.held_out), config)
    drawn = draw_requests(given.n_requests, given.request_seed)
    table = pd.DataFrame([request.row for request in drawn])
    inputs = model.read(sort_requests(table, model.stage).submissions)
    before = model.predict_deficiencies(inputs).to_numpy()
    by_sentence(model, table, before, [request.treatment_category for request in drawn])
    by_own_sentences(model, table, before)
    latency(model, table)


def ask(model, table, rows, added) -> np.ndarray:
    """P(deficiency) of the requests at ``rows`` with sentences added to their notes."""
    asked = table.iloc[rows].reset_index(drop=True)
    notes = [
        f"{notes} {sentence}" for notes, sentence in zip(asked["case_summary"], added, strict=True)
    ]
    asked = asked.assign(
        case_summary=notes, request_id=[str(number) for number in range(len(asked))]
    )
    return model.predict_deficiencies(sort_requests(asked, model.stage).submissions).to_numpy()


def by_sentence(model, table, before, categories) -> None:
    """As in experiment 050: sentences of the bank that writes the records, for each of the three
    likeliest deficiencies.
    """
    process, facts, ids, rng = (
        read_bank("process"),
        read_banks("record")["facts"],
        deficiency_ids(),
        Random(5),
    )
    rows, labels, sentences, newly = [], [], [], []
    for row, category in enumerate(categories):
        shown = {
            found.cue for found in find_documents(table["case_summary"][row]) if found.is_shown
        }
        for label in np.argsort(-before[row])[:3]:
            for aspect in process["categories"][category]["aspects"]:
                facts_of = process["aspects"][aspect]
                if facts_of["deficiency"] != ids[label] or facts_of["scope"] != "record":
                    continue
                sentence = say(rng, facts[aspect]["shown"], Slots())
                found = [one for one in find_documents(sentence) if one.is_shown]
                answered = {one.cue for one in found if ids[label] in one.answers}
                if answered and not answered <= shown:
                    rows.append(row)
                    labels.append(label)
                    sentences.append(sentence)
                    newly.append({one.cue for one in found})
    after = ask(model, table, rows, sentences)
    report(
        "sentences of the process",
        after[np.arange(len(rows)), labels] - before[rows, labels],
        labels,
    )
    if hasattr(model, "predict_deficiencies_if_shown"):
        told = []
        for row, cues in zip(rows, newly, strict=True):
            one = model.read(sort_requests(table.iloc[[row]], model.stage).submissions)
            told.append(model.predict_deficiencies_if_shown(one, [cues])[0])
        apart = np.abs(np.array(told) - after)
        is_same = apart.max(axis=1) < 1e-9
        print(
            f"  what-if and the sentence: all 18 figures equal to 1e-9 in {is_same.mean():.1%} of "
            "the answers"
        )


def by_own_sentences(model, table, before) -> None:
    """Sentences of experiment 050 for each line of the checklist of the three likeliest
    deficiencies that is not shown yet.
    """
    sentences, ids = yaml.safe_load(OWN.read_text(encoding="utf-8")), deficiency_ids()
    rows, labels, added = [], [], []
    for row, notes in enumerate(table["case_summary"]):
        shown = {found.cue for found in find_documents(notes) if found.is_shown}
        for label in np.argsort(-before[row])[:3]:
            for (id_, _), cues in cues_that_show().items():
                if id_ == ids[label] and not cues <= shown:
                    rows.append(row)
                    labels.append(label)
                    added.append(" ".join(sentences[cue] for cue in sorted(cues - shown)))
    after = ask(model, table, rows, added)
    report(
        "sentences of our own", after[np.arange(len(rows)), labels] - before[rows, labels], labels
    )


def report(what, changed, labels) -> None:
    stay, fall = (changed <= 1e-9).mean(), (changed < -1e-9).mean()
    print(f"{what}: {len(changed):,} answers, {stay:.2%} fall or stay, {fall:.1%} fall,", end=" ")
    print(f"mean change {changed.mean():+.3f}, worst {changed.max():+.3f}")
    for label in sorted(set(labels)):
        of = changed[np.array(labels) == label]
        print(
            f"  {deficiency_ids()[label]}: {(of <= 1e-9).mean():.1%} of {len(of)} fall or stay, "
            f"{of.mean():+.3f}"
        )


def rank(model, items, config) -> None:
    """How well deficiencies are ranked on letters that were not learned from, and how well
    probabilities fit.
    """
    data = prepare(items, config)
    rows = np.flatnonzero(data.is_labelled & ~data.overturned)
    truth = data.deficiencies.to_numpy(dtype=bool)[rows]
    inputs = model.read(SubmissionFrame(data.submissions.iloc[rows]))
    named = {
        "model": model.predict_deficiencies(inputs),
        "category prior": model.deficiency_priors(inputs),
    }
    for name, predicted in named.items():
        p = predicted.to_numpy()
        has = truth.any(axis=1)
        best = np.argsort(-p[has], axis=1, kind="stable")[:, :3]
        hit = np.take_along_axis(truth[has], best, axis=1).any(axis=1).mean()
        clipped = np.clip(p, 0.01, 0.99)
        loss = -np.where(truth, np.log(clipped), np.log(1 - clipped)).sum(axis=1).mean()
        micro = average_precision_score(truth.ravel(), p.ravel())
        print(
            f"{name}: {len(rows):,} held-out items, micro AP {micro:.3f}, hit@3 {hit:.3f}, log "
            f"loss {loss:.3f}"
        )
    p = named["model"].to_numpy()
    for label in np.argsort(-truth.sum(axis=0))[:8]:
        print(
            f"  {deficiency_ids()[label]}: mean {p[:, label].mean():.3f}, share "
            f"{truth[:, label].mean():.3f}, ece",
            end=" ",
        )
        print(f"{calibration_error(p[:, label], truth[:, label]):.3f}")


def calibration_error(p, truth) -> float:
    """Mean distance of probability and share over ten bins of equal count."""
    bins = np.array_split(np.argsort(p, kind="stable"), 10)
    return float(
        sum(len(rows) * abs(p[rows].mean() - truth[rows].mean()) for rows in bins) / len(p)
    )


def latency(model, table) -> None:
    """Milliseconds of one request, read and its deficiencies predicted; the texts are new each
    time.
    """
    frames = [
        sort_requests(table.iloc[[row]], model.stage).submissions
        for row in range(min(200, len(table)))
    ]
    reading, predicting = [], []
    for frame in frames:
        started = time.perf_counter()
        inputs = model.read(frame)
        read = time.perf_counter()
        model.predict_deficiencies(inputs)
        reading.append(read - started)
        predicting.append(time.perf_counter() - read)
    print(
        f"one request: read {1000 * np.median(reading):.2f} ms, deficiencies "
        f"{1000 * np.median(predicting):.2f} ms (medians)"
    )


if __name__ == "__main__":
    main()
