"""Count what the removals take from the narratives of an item table, and how often a person who
read them disagrees.

Prints counts only, nothing of a record.
"""

import argparse
from collections import Counter
from hashlib import sha256
from pathlib import Path

from imrml.submissions.narratives import removal_reason
from imrml.tables.files import read_table
from imrml.text.sentences import split_sentences

# What must go at each stage, by the verdict on a sentence; a sentence without a verdict is clinical
# and stays.
GOES = {"rfa": ("judgement", "utilization_review"), "imr": ("judgement",)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("items")
    items = read_table(arguments.parse_args().items).drop_duplicates("case_number")
    judged = read_table(str(Path(__file__).with_name("judged.csv")))
    verdicts = dict(zip(judged["sentence"], judged["verdict"], strict=True))
    told = [
        (case, sentence.text)
        for case, text in zip(items["case_number"], items["case_summary"], strict=True)
        for sentence in split_sentences(text)
    ]
    print(f"{len(items)} letters, {len(told)} sentences")
    for stage, goes in GOES.items():
        reasons: Counter[str] = Counter()
        missed, lost = [], []
        for case, sentence in told:
            reason = removal_reason(sentence, stage)
            reasons[reason] += 1
            must_go = (
                verdicts.get(sha256(" ".join(sentence.split()).encode()).hexdigest()[:16]) in goes
            )
            if must_go != bool(reason):
                (missed if must_go else lost).append(case)
        print(
            f"{stage}: {len(told) - reasons.pop('')} removed, {len(missed)} missed in "
            f"{len(set(missed))} letters, "
            f"{len(lost)} lost in {len(set(lost))} letters"
        )
        for reason, n_sentences in sorted(reasons.items()):
            print(f"  {reason:36s} {n_sentences}")


if __name__ == "__main__":
    main()
