"""Compare three ways to see that a request is unlike those learned from; prints shares only,
nothing of a record.
"""

import argparse
from importlib.metadata import files as files_of
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.feature_extraction.text import TfidfVectorizer

from imrml.config import load_config
from imrml.features import build_features
from imrml.models.abstention import learn_words, unknown_shares
from imrml.submissions.frame import submission_frame
from imrml.tables.files import read_table

SPANISH = (
    "El paciente refiere dolor lumbar persistente desde la caida y pide una consulta con su "
    "cirujano. "
    "La fisioterapia no ayudo durante el verano y ahora duerme mal por las noches. "
    "Trabaja en una cocina y levanta ollas pesadas todos los dias sin descanso."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items")
    parser.add_argument("findings", help="JSON Lines of another programme's findings")
    arguments = parser.parse_args()
    items = read_table(arguments.items)
    frame = submission_frame(items, "imr")
    cases = items["case_number"].to_numpy()
    shuffled = np.random.default_rng(0).permutation(np.unique(cases))
    tested = np.isin(cases, shuffled[: len(shuffled) // 4])
    train, held_out = frame[~tested], frame[tested]
    licences = [
        text
        for name in ("numpy", "scipy", "pandas", "scikit-learn", "mlflow")
        for text in _licences(name)
    ]
    other = read_table(arguments.findings)
    told = [max((str(value) for value in row), key=len) for row in other.itertuples(index=False)]
    asked = held_out["treatment"].head(50).tolist()
    sets = {
        "held out": held_out,
        "held out, treatment only": held_out.assign(case_summary="", diagnosis=""),
        "held out, summary of another case": held_out.assign(
            case_summary=np.roll(held_out["case_summary"], 7)
        ),
        "other programme": _as_requests(held_out, asked, told),
        "software licences": _as_requests(held_out, asked, licences),
        "Spanish": _as_requests(held_out, asked, [SPANISH]),
        "Spanish treatment": _as_requests(held_out, ["terapia fisica para la espalda baja"], [""]),
    }
    for name, distances in _distances(train, cases[~tested], sets).items():
        limit = np.quantile(distances["held out"], 0.99)
        print(f"{name}: limit {limit:.3f}")
        for which, values in distances.items():
            flagged, (low, middle, high) = (
                np.mean(values > limit),
                np.quantile(values, [0.01, 0.5, 0.99]),
            )
            print(
                f"  {which:36s} {len(values):5d} flagged {flagged:6.1%}   1 % {low:.3f} median "
                f"{middle:.3f} 99 % {high:.3f}"
            )


def _licences(package: str) -> list[str]:
    found = [path for path in files_of(package) or [] if "LICENSE" in path.name.upper()]
    texts = [
        Path(str(path.locate())).read_text(encoding="utf-8", errors="replace") for path in found
    ]
    return [
        text[start : start + 1500]
        for text in texts
        for start in range(0, min(len(text), 9000), 1500)
    ]


def _as_requests(like: pd.DataFrame, treatments: list[str], told: list[str]) -> pd.DataFrame:
    table = like.iloc[np.arange(max(len(told), 30)) % len(like)].reset_index(drop=True)
    asked = [treatments[place % len(treatments)] for place in range(len(table))]
    summaries = [told[place % len(told)] for place in range(len(table))]
    return table.assign(treatment=asked, item=asked, case_summary=summaries, diagnosis="")


def _distances(
    train: pd.DataFrame, cases: np.ndarray, sets: dict[str, pd.DataFrame]
) -> dict[str, dict[str, np.ndarray]]:
    known = learn_words(train, list(cases), 5)
    reader = TfidfVectorizer(min_df=5, sublinear_tf=True)
    learned = reader.fit_transform(_joined(train))
    facts = build_features(load_config().features.model_copy(update={"max_terms": 1}), "imr").fit(
        train
    )
    forest = IsolationForest(random_state=0).fit(facts.transform(train).toarray())
    return {
        "unknown words": {name: unknown_shares(frame, known) for name, frame in sets.items()},
        "nearest neighbour": {
            name: 1 - (reader.transform(_joined(frame)) @ learned.T).max(axis=1).toarray().ravel()
            for name, frame in sets.items()
        },
        "isolation forest of facts": {
            name: -forest.score_samples(facts.transform(frame).toarray())
            for name, frame in sets.items()
        },
    }


def _joined(frame: pd.DataFrame) -> list[str]:
    return [
        " ".join(row)
        for row in frame[["treatment", "diagnosis", "case_summary"]].itertuples(index=False)
    ]


if __name__ == "__main__":
    main()
