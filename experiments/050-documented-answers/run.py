"""Share of requests in which an answer lowers or keeps its deficiency, by sentence and by cue
columns.

python experiments/050-documented-answers/run.py MODEL [--n-requests 1000]
"""

import argparse
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import yaml
from scipy import sparse

from imrml.deficiencies import cues_that_show, deficiency_ids, taxonomy
from imrml.features import find_documents
from imrml.models import load_model
from imrml.submissions.requests import sort_requests
from imrml.synthetic import draw_requests
from imrml.synthetic.phrase_banks import read_banks, read_table, say

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


class Slots(dict):
    def __missing__(self, key):
        return SLOTS.get(key, "back")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("--n-requests", type=int, default=1000)
    given = parser.parse_args()
    loaded = load_model(given.model)
    model = loaded.model
    process, facts = read_table("process"), read_banks("record")["facts"]
    ids = list(deficiency_ids())
    drawn = draw_requests(given.n_requests, 77)
    table = pd.DataFrame([request.row for request in drawn])
    before_inputs = model.read(sort_requests(table, model.stage).submissions)
    before = model.predict_deficiencies(before_inputs).to_numpy()
    rng = Random(5)
    rows, labels, sentences = [], [], []
    for row, request in enumerate(drawn):
        shown = {
            found.cue for found in find_documents(request.row["case_summary"]) if found.is_shown
        }
        for label in np.argsort(-before[row])[:3]:
            for aspect in process["categories"][request.treatment_category]["aspects"]:
                facts_of = process["aspects"][aspect]
                if facts_of["deficiency"] != ids[label] or facts_of["scope"] != "record":
                    continue
                sentence = say(rng, facts[aspect]["shown"], Slots())
                answered = {
                    found.cue
                    for found in find_documents(sentence)
                    if found.is_shown and ids[label] in found.answers
                }
                if answered and not answered <= shown:
                    rows.append(row)
                    labels.append(label)
                    sentences.append(sentence)
    asked = table.iloc[rows].reset_index(drop=True)
    asked["request_id"] = [str(number) for number in range(len(asked))]
    asked["case_summary"] = [
        f"{notes} {sentence}"
        for notes, sentence in zip(asked["case_summary"], sentences, strict=True)
    ]
    after = model.predict_deficiencies(sort_requests(asked, model.stage).submissions).to_numpy()
    changed = after[np.arange(len(rows)), labels] - before[rows, labels]
    report("by sentence", changed, labels, ids)
    by_columns(model, before_inputs, before, ids)
    by_own_sentences(model, table, before, ids)
    by_associations(model, before, ids)


def by_columns(model, inputs, before, ids) -> None:
    """Set the cue columns of each checklist line of the three likeliest deficiencies."""
    names = model.feature_names_.tolist()
    place = {name: position for position, name in enumerate(names)}
    lines = [
        (d.id, line)
        for d in taxonomy()
        for line in d.send_before_submission
        if (d.id, line) in cues_that_show()
    ]
    rows, labels, lines_of = [], [], []
    for row in range(before.shape[0]):
        for label in np.argsort(-before[row])[:3]:
            for id_, line in lines:
                if id_ == ids[label]:
                    rows.append(row)
                    labels.append(label)
                    lines_of.append((id_, line))
    matrix = sparse.csr_matrix(sparse.hstack([inputs.matrix, inputs.words]))[rows].tolil()
    for number, line in enumerate(lines_of):
        for cue in cues_that_show()[line]:
            matrix[number, place[f"shows={cue}"]] = 1.0
            matrix[number, place[f"lacks={cue}"]] = 0.0
    categories = [inputs.categories[row] for row in rows]
    after = model.deficiencies_.predict_proba(matrix.tocsr(), categories)
    report(
        "by cue columns", after[np.arange(len(rows)), labels] - before[rows, labels], labels, ids
    )


def by_own_sentences(model, table, before, ids) -> None:
    """Add the sentences of sentences.yaml for each checklist line of the three likeliest
    deficiencies that is not shown yet.
    """
    sentences = yaml.safe_load(
        Path(__file__).with_name("sentences.yaml").read_text(encoding="utf-8")
    )
    rows, labels, texts = [], [], []
    for row, notes in enumerate(table["case_summary"]):
        shown = {found.cue for found in find_documents(notes) if found.is_shown}
        for label in np.argsort(-before[row])[:3]:
            for (id_, _), cues in cues_that_show().items():
                if id_ == ids[label] and not cues <= shown:
                    rows.append(row)
                    labels.append(label)
                    texts.append(
                        " ".join([notes, *(sentences[cue] for cue in sorted(cues - shown))])
                    )
    asked = (
        table.iloc[rows]
        .reset_index(drop=True)
        .assign(case_summary=texts, request_id=[str(n) for n in range(len(rows))])
    )
    after = model.predict_deficiencies(sort_requests(asked, model.stage).submissions).to_numpy()
    report(
        "by our sentences", after[np.arange(len(rows)), labels] - before[rows, labels], labels, ids
    )


def by_associations(model, before, ids) -> None:
    """Move the probabilities by what past letters associate with each line of the checklist, as
    what-if does.
    """
    told = model.associations_
    changed, labels = [], []
    for row in range(before.shape[0]):
        for label in np.argsort(-before[row])[:3]:
            for place, (id_, _) in enumerate(cues_that_show()):
                if id_ == ids[label] and not np.isnan(told.deficiency_log_odds_[place]):
                    p = float(before[row, label])
                    changed.append(told.move(p, [place], told.deficiency_log_odds_) - p)
                    labels.append(label)
    report("by associations", np.array(changed), labels, ids)
    known = ~np.isnan(told.deficiency_log_odds_)
    print(
        f"  {known.sum()} of {len(known)} lines with enough items, "
        f"{(told.deficiency_log_odds_[known] == 0).sum()} at no change"
    )


def report(what, changed, labels, ids) -> None:
    falls = changed <= 1e-9
    print(f"{what}: {len(changed):,} answers, {falls.mean():.1%} fall or stay,", end=" ")
    print(f"mean change {changed.mean():+.3f}, worst {changed.max():+.3f}")
    for label in sorted(set(labels)):
        of = np.array(labels) == label
        if falls[of].mean() < 0.99:
            print(f"  {ids[label]}: {falls[of].mean():.1%} of {of.sum()}")


if __name__ == "__main__":
    main()
