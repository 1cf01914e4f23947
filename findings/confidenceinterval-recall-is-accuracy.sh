#!/usr/bin/env bash
# confidenceinterval 1.0.5 gives metrics with their intervals, under the names and arguments of scikit-learn's.
# Expected: recall_score, precision_score and f1_score of two classes are those of the class 1, as in scikit-learn and as its own tpr_score.
# Seen: all three are the accuracy, with an interval around it, since the average over both classes ("micro") is what they take unless told
# otherwise. With one overturned denial in ten a model that finds none of them has recall 0.90, from 0.86 to 0.94, and precision as much.
# Hurts whoever reports how many overturned denials are found: with rare outcomes the figure is near 1 whatever the model does, and the
# interval lends it weight. Its guide does not say what is taken where no average is named.
# So imrml has intervals of its own for each figure, resampled by case (imrml/intervals.py), and never accuracy as a headline.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check confidenceinterval==1.0.5 scikit-learn==1.9.1 pandas==2.3.3 numpy==1.26.4 scipy==1.12.0
venv/bin/python -W ignore > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import confidenceinterval
import sklearn.metrics

overturned = [1] * 20 + [0] * 180
for name, found in (("finds none", [0] * 200), ("finds half", [1] * 10 + [0] * 190)):
    print(name)
    for metric in ("recall_score", "precision_score", "f1_score"):
        value, (low, high) = getattr(confidenceinterval, metric)(overturned, found)
        plain = getattr(sklearn.metrics, metric)(overturned, found, zero_division=0)
        print(f"  {metric}: {value:.2f} ({low:.2f} to {high:.2f}), scikit-learn {plain:.2f}")
    print(f"  tpr_score: {confidenceinterval.tpr_score(overturned, found)[0]:.2f}")
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
finds none
  recall_score: 0.90 (0.86 to 0.94), scikit-learn 0.00
  precision_score: 0.90 (0.86 to 0.94), scikit-learn 0.00
  f1_score: 0.90 (0.86 to 0.94), scikit-learn 0.00
  tpr_score: 0.00
finds half
  recall_score: 0.95 (0.92 to 0.98), scikit-learn 0.50
  precision_score: 0.95 (0.92 to 0.98), scikit-learn 1.00
  f1_score: 0.95 (0.92 to 0.98), scikit-learn 0.67
  tpr_score: 0.50
SEEN
