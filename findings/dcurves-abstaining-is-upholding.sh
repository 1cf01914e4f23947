#!/usr/bin/env bash
# dcurves 1.1.7, decision curves: what a model gains at a threshold over acting on all cases or on none (dca).
# Expected: a case without a prediction is left out for every strategy alike, or refused. Seen: it stays in the count as a case on which the
# model would not act, while "all" acts on it. One model that abstains on none, a tenth, a fifth or half of the cases, taken evenly, has net
# benefits of 0.083, 0.075, 0.068 and 0.043 at the same n of 2,000, in the end less than acting on all (0.056), and 0.083 or more if it is
# asked about the cases that it answers. No warning comes, and n says that all were used.
# Hurts whoever compares a model that abstains, or one that lacks a feature in some requests, with one that always answers: what is measured
# is how often it answers.
# So imrml compares models on the same held-out items, none left out (evaluation/metrics).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check dcurves==1.1.7 pandas==2.3.3 numpy==2.4.6
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import numpy as np
import pandas as pd
from dcurves import dca

table = pd.DataFrame({"chance": np.tile(np.repeat([0.05, 0.25], [500, 500]), 2), "overturned": 0})
table["overturned"] = np.tile((np.arange(500) % 20 < [[1], [5]]).astype(int).ravel(), 2)
for name, every in (("none", 0), ("a tenth", 10), ("a fifth", 5), ("half", 2)):
    asked = table.copy()
    if every:
        asked.loc[np.arange(len(asked)) * 7919 % 1009 % every == 0, "chance"] = np.nan
    curve = dca(data=asked, outcome="overturned", modelnames=["chance"], thresholds=np.array([0.1])).set_index("model")
    rest = dca(data=asked.dropna(), outcome="overturned", modelnames=["chance"], thresholds=np.array([0.1])).set_index("model")
    values = [f"{k} {v:.3f}" for k, v in curve["net_benefit"].items()]
    print(f"abstains on {name}: n {curve['n'].iloc[0]}, {', '.join(values)}; on the rest {rest.loc['chance', 'net_benefit']:.3f}")
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
abstains on none: n 2000, chance 0.083, all 0.056, none 0.000; on the rest 0.083
abstains on a tenth: n 2000, chance 0.075, all 0.056, none 0.000; on the rest 0.083
abstains on a fifth: n 2000, chance 0.068, all 0.056, none 0.000; on the rest 0.085
abstains on half: n 2000, chance 0.043, all 0.056, none 0.000; on the rest 0.085
SEEN
