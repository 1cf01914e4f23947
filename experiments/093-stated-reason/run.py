"""Whether the reason that utilization review stated helps to forecast the reviewer's deficiencies.

python experiments/093-stated-reason/run.py ITEMS GOLD [--config CONFIG] [--n-deals 5]
    [--later CASE ...]

What a narrative tells of utilization review at stage imr is labelled by the cues. The log-odds of
a deficiency that it states go up by one weight, those of the others, where it states any, down by
another; both are fitted on predictions of inner folds of cases. Prints figures only.
"""

import argparse
import re

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.model_selection import GroupKFold

from imrml.config import load_config
from imrml.deficiencies import deficiency_ids
from imrml.evaluation.metrics.deficiencies import measure_deficiencies
from imrml.evaluation.splits import make_splits
from imrml.features.treatment import parse_treatment
from imrml.intervals import Resamples
from imrml.labelling import label_rationale
from imrml.submissions.narratives import removal_reason
from imrml.tables.files import read_table
from imrml.text.sentences import split_sentences
from imrml.training.contrasts import deal_grouped
from imrml.training.data import prepare
from imrml.training.fitting import TrainingRun, hold_out

N_INNER = 3
PULL = 1.0
"""Penalty on the square of each weight, in nats."""
_REVIEWER = re.compile(
    r"utili[sz]ation review\w*|\bUR\b|claims administrator|physician advis[eo]r|\breviewer\b",
    re.IGNORECASE,
)


def stated_ids(narrative: str) -> set[str]:
    """Label what a narrative tells of utilization review, as if a provider were spoken of."""
    told = [
        sentence.text
        for sentence in split_sentences(narrative)
        if removal_reason(sentence.text, "rfa").startswith(("reported.", "utilization_review."))
    ]
    return {span.id for text in told for span in label_rationale(_REVIEWER.sub("provider", text))}


def moved(p: np.ndarray, stated: np.ndarray, weights: np.ndarray) -> np.ndarray:
    others = stated.any(axis=1, keepdims=True) & ~stated
    odds = logit(np.clip(p, 1e-4, 1 - 1e-4))
    return expit(odds + weights[0] * stated - weights[1] * others)


def fit_weights(p: np.ndarray, stated: np.ndarray, labels: np.ndarray) -> np.ndarray:
    def loss(weights: np.ndarray) -> float:
        q = np.clip(moved(p, stated, weights), 1e-9, 1 - 1e-9)
        nats = -np.where(labels, np.log(q), np.log(1 - q)).sum()
        return float(nats + PULL * (weights**2).sum())

    return np.asarray(minimize(loss, np.zeros(2), method="Nelder-Mead").x)


def print_overlap(data, stated: np.ndarray) -> None:
    """Print how often the reviewer finds what was stated, beside the category in other letters."""
    rows = np.flatnonzero(data.is_labelled)
    labels, cases = data.deficiencies.to_numpy(dtype=bool), data.cases
    categories = np.array([parse_treatment(item).category for item in data.items["item"]])
    hits = expected = n_stated = 0.0
    for row in rows:
        elsewhere = rows[cases[rows] != cases[row]]
        alike = elsewhere[categories[elsewhere] == categories[row]]
        rates = labels[alike if len(alike) else elsewhere].mean(axis=0)
        hits += (labels[row] & stated[row]).sum()
        expected += rates[stated[row]].sum()
        n_stated += stated[row].sum()
    n_items = int(stated[rows].any(axis=1).sum())
    print(f"{n_items} of {len(rows)} upheld items have a stated id; {n_stated:.0f} ids stated, ")
    print(f"{hits:.0f} of them the reviewer's too, {expected:.1f} expected from the category")


def forecast(run: TrainingRun, folds, stated: pd.DataFrame):
    """Predict each held-out part, as it ships and with the stated reason."""
    data, ships, with_reason, priors, weights = run.data, [], [], [], []
    for train, test in folds:
        inner = GroupKFold(N_INNER).split(train, groups=data.groups[train])
        known = hold_out(run, tuple((train[a], train[b]) for a, b in inner))
        own = fit_weights(
            known.p_deficiencies.to_numpy(),
            stated.loc[known.p_deficiencies.index].to_numpy(),
            known.deficiency_labels.to_numpy(dtype=bool),
        )
        held = hold_out(run, ((train, test),))
        p = held.p_deficiencies
        better = moved(p.to_numpy(), stated.loc[p.index].to_numpy(), own)
        ships.append(p)
        with_reason.append(pd.DataFrame(better, p.index, p.columns))
        priors.append(held.p_deficiency_priors)
        weights.append(own)
    mean = np.mean(weights, axis=0)
    return pd.concat(ships), pd.concat(with_reason), pd.concat(priors), mean


def show(name: str, labels: pd.DataFrame, beside, cases: np.ndarray, config) -> None:
    pairs = list(zip(*beside, strict=True))
    resamples = Resamples(cases, config.evaluation.n_bootstrap, config.seed)
    figures = measure_deficiencies(labels, pairs, resamples, 0.95)
    for metric in ("micro_ap", "hit_at_3"):
        value, gain = figures[metric], figures[f"{metric}_vs_category_prior"]
        print(
            f"  {name:34s} {metric} {value['value']:.4f}, "
            f"gain {gain['value']:+.4f} ({gain['low']:+.4f} to {gain['high']:+.4f})",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items")
    parser.add_argument("gold")
    parser.add_argument("--config")
    parser.add_argument("--n-deals", type=int, default=5)
    parser.add_argument("--later", nargs="*", default=[])
    given = parser.parse_args()
    config = load_config(
        given.config, [f"evaluation.n_repeats={given.n_deals}", "models.n_refits=0"]
    )
    data = prepare(read_table(given.items), config, read_table(given.gold))
    run = TrainingRun(data, config)
    ids = list(deficiency_ids())
    found = [stated_ids(text) for text in data.submissions["case_summary"].fillna("")]
    stated = pd.DataFrame(
        [[id_ in one for id_ in ids] for one in found], data.submissions.index, ids
    )
    print_overlap(data, stated.to_numpy())
    asked = config.evaluation.model_copy(update={"splits": ["grouped"]})
    splits = make_splits(data.keys, data.groups, data.overturned, asked, config.seed)
    parts = {"case-grouped": deal_grouped(run, splits)}
    if given.later:
        is_later = np.isin(data.cases, given.later)
        parts["later letters"] = [((np.flatnonzero(~is_later), np.flatnonzero(is_later)),)]
    for name, deals in parts.items():
        done = [forecast(run, folds, stated) for folds in deals]
        index = done[0][0].index.sort_values()
        labels = data.deficiencies.loc[index]
        cases = pd.Series(data.cases, data.submissions.index).loc[index].to_numpy()
        ships, reason, priors = ([one[k].loc[index] for one in done] for k in range(3))
        print(f"{name}: weights {np.mean([one[3] for one in done], axis=0).round(2)}")
        show("ships, to the category prior", labels, (ships, priors), cases, config)
        show("with the reason, to the prior", labels, (reason, priors), cases, config)
        show("with the reason, to what ships", labels, (reason, ships), cases, config)


if __name__ == "__main__":
    main()
