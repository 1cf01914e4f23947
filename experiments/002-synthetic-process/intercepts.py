"""Fit each treatment category's intercept in process.yaml so that its mean P(overturned) is the
stated rate.

The facts do not depend on the intercepts, so one draw of cases and one root per category are
enough. Run again after any change of a share, weight or interaction; rewrites process.yaml in
place.
"""

import re
from collections import defaultdict
from importlib.resources import files
from pathlib import Path
from random import Random

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from imrml.synthetic.process import Process

N_CASES = 120_000


def main() -> None:
    process = Process()
    hidden = process.numbers["hidden"]
    logits = defaultdict(list)
    for number in range(N_CASES):
        case = process.draw_case(Random(f"intercepts/{number}"))
        for item in case.items:
            row = process.categories[item.category]
            weight = (
                hidden["reviewer"][case.reviewer]["weight"]
                + hidden["record"][case.record]["weight"]
            )
            logits[item.category].append(process.logit(case, item) - row["intercept"] + weight)
    path = Path(str(files("imrml.synthetic").joinpath("process.yaml")))
    text = path.read_text(encoding="utf-8")
    for category, row in process.categories.items():
        shown = np.array(logits[category])
        intercept = brentq(
            lambda a, shown=shown, rate=row["overturned"]: expit(shown + a).mean() - rate, -15, 15
        )
        text, n_replaced = re.subn(
            rf"(\n  {category}:\n    \{{[^\n]*intercept: )-?[\d.]+", rf"\g<1>{intercept:.3f}", text
        )
        if n_replaced != 1:
            raise SystemExit(f"{path}: no line of {category} with an intercept")
        print(f"{category:30s} n {len(shown):6d} intercept {intercept:7.3f}")
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
