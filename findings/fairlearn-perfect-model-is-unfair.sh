#!/usr/bin/env bash
# fairlearn 0.15.0 compares the rates of found cases between groups (equalized_odds_difference, equal_opportunity_difference).
# Expected: a group in which nothing was overturned has no rate of found cases, so it is left out or the measure is missing. Seen: its rate is 0,
# and the difference is the largest that there is. A model that is right in every single case has equalized odds 1.0 apart (ratio 0.0), as soon
# as one group of ten has no overturned case. No warning comes, and the documentation of the rates and of the measures does not speak of it.
# Hurts whoever has fairness judged by kind of treatment, age or language: with one denial in ten overturned, small groups have none by
# chance, and every model, the right one too, fails by the widest margin.
# So imrml takes from fairlearn only means of groups that have enough cases, and no rates of found cases (evaluation/metrics/slices.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check fairlearn==0.15.0 scikit-learn==1.9.1 pandas==2.3.3
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
from fairlearn.metrics import (
    MetricFrame,
    count,
    equal_opportunity_difference,
    equalized_odds_difference,
    equalized_odds_ratio,
    true_positive_rate,
)

groups = ["therapy"] * 40 + ["acupuncture"] * 10
overturned = [1, 0] * 20 + [0] * 10
frame = MetricFrame(
    metrics={"true positive rate": true_positive_rate, "cases": count},
    y_true=overturned,
    y_pred=overturned,
    sensitive_features=groups,
)
print(frame.by_group.to_dict("index"))
for measure in (equal_opportunity_difference, equalized_odds_difference, equalized_odds_ratio):
    print(measure.__name__, float(measure(overturned, overturned, sensitive_features=groups)))
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
{'acupuncture': {'true positive rate': 0.0, 'cases': 10.0}, 'therapy': {'true positive rate': 1.0, 'cases': 40.0}}
equal_opportunity_difference 1.0
equalized_odds_difference 1.0
equalized_odds_ratio 0.0
SEEN
