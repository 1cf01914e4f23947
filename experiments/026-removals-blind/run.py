"""Compare the removals with verdicts that were written before the patterns' own were seen; prints
counts only.
"""

import argparse

import pandas as pd
from scipy.stats import binomtest

from imrml.submissions.narratives import removal_reason
from imrml.tables.files import read_table
from imrml.text.sentences import split_sentences

# J: the reviewer judges the record; U: what utilization review did or said; all else is clinical.
GOES = {"rfa": {"J", "U"}, "imr": {"J"}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items")
    parser.add_argument(
        "verdicts", help="CSV: case, n (place of the sentence), judged; kept outside the repository"
    )
    arguments = parser.parse_args()
    verdicts = pd.read_csv(arguments.verdicts).set_index(["case", "n"])["judged"]
    items = read_table(arguments.items).drop_duplicates("case_number")
    rows = [
        (
            case,
            verdicts[case, place],
            {stage: removal_reason(sentence.text, stage) for stage in GOES},
        )
        for case, text in zip(items["case_number"], items["case_summary"], strict=True)
        for place, sentence in enumerate(split_sentences(text))
        if (case, place) in verdicts.index
    ]
    print(f"{len({row[0] for row in rows})} letters, {len(rows)} sentences judged")
    for stage, goes in GOES.items():
        table = pd.DataFrame(
            [(case, judged, found[stage]) for case, judged, found in rows],
            columns=["case", "judged", "reason"],
        )
        removed, must_go = table["reason"] != "", table["judged"].isin(goes)
        print(f"{stage}: precision {share(must_go[removed])}, recall {share(removed[must_go])}")
        print(f"  missed in {table.loc[must_go & ~removed, 'case'].nunique()} letters")
        for kind in sorted(goes):
            print(f"  recall of {kind}: {share(removed[table['judged'] == kind])}")
        for reason, part in table[removed].groupby("reason"):
            print(
                f"  {reason:36s} {len(part):4d} removed, {part['judged'].isin(goes).sum():4d} "
                "rightly"
            )


def share(hits: "pd.Series[bool]") -> str:
    interval = binomtest(int(hits.sum()), len(hits)).proportion_ci(0.95, method="wilson")
    bounds = f"({interval.low:.3f} to {interval.high:.3f})"
    return f"{hits.sum()} of {len(hits)}, {hits.mean():.3f} {bounds}"


if __name__ == "__main__":
    main()
