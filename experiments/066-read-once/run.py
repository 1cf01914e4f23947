"""Processor time of one training, and rationales a second, of the code that is imported: see
README.md. Run it once with each state of the code on PYTHONPATH, in turn.

python experiments/066-read-once/run.py train ITEMS [--config configs/synthetic.yaml] [--out FOLDER]
python experiments/066-read-once/run.py label ITEMS [--rounds 5]
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import imrml
from imrml.config import load_config
from imrml.labelling import label_rationale
from imrml.tables.files import read_table


def time_training(items: str, config: str, out: Path) -> None:
    """Train as the command does, MLflow and report included."""
    from imrml.tracking.trained import train  # noqa: PLC0415 (older states have another door)

    train(read_table(items), load_config(Path(config)), out=out, report=print)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{time.process_time():.1f} s of processor time, peak {peak:,.0f} MB")


def time_labelling(items: str, n_rounds: int) -> None:
    """Label the upheld items; processor time, least of some rounds."""
    rows = read_table(items)
    upheld = rows[rows["decision"] == "upheld"]
    pairs = list(zip(upheld["rationale"], upheld["item"], strict=True))
    least = float("inf")
    for number in range(n_rounds + 1):
        started = time.process_time()
        for rationale, item in pairs:
            label_rationale(rationale, item)
        if number:  # patterns are compiled in the first
            least = min(least, time.process_time() - started)
    print(f"{len(pairs)} rationales, {len(pairs) / least:,.0f} a second")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["train", "label"])
    parser.add_argument("items")
    parser.add_argument("--config", default="configs/synthetic.yaml")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print(f"{Path(imrml.__file__).parent}, load {os.getloadavg()[0]:.1f}")
    if given.what == "label":
        time_labelling(given.items, given.rounds)
        return
    with tempfile.TemporaryDirectory() as folder:
        time_training(given.items, given.config, given.out or Path(folder))


if __name__ == "__main__":
    main()
