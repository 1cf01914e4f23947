#!/usr/bin/env bash
# skrub 0.11.0 and interpret-core 0.7.8 with scikit-learn 1.9.1 and pandas 3.1.1: a column of procedure codes kept as text.
# Expected: text is a category; a user who wanted numbers would have made numbers. Seen: both take a column of texts for amounts as soon as
# all of them can be read as numbers. skrub's TableVectorizer (and so tabular_pipeline) passes 97110.0 on to the model, and an
# ExplainableBoostingClassifier declares the column continuous and cuts it into ranges: therapy (97110) lies between a drug test (80307) and
# an office visit (99214). One code with a letter in the training rows (J3301, E0730) turns the same column into categories, so a model
# fitted next month may read it the other way.
# So imrml declares what each column is (features/codes.py, features.extra_columns), and its comparison with peers (experiments/087) hands
# them no bare codes.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check skrub==0.11.0 interpret-core==0.7.8 scikit-learn==1.9.1 pandas==3.1.1
venv/bin/python -W ignore <<'PYTHON' | tee seen.txt
import pandas as pd
from interpret.glassbox import ExplainableBoostingClassifier
from skrub import TableVectorizer

codes = ["97110", "80307", "99214", "72148", "20610", "29881"] * 40
answers = [code == "97110" for code in codes]
for more in ([], ["J3301", "E0730"] * 40):
    table = pd.DataFrame({"procedure": codes + more})
    boosted = ExplainableBoostingClassifier(interactions=0, outer_bags=1, n_jobs=1)
    boosted.fit(table, answers + [False] * len(more))
    vectorizer = TableVectorizer().fit(table)
    kind = next(kind for kind, columns in vectorizer.kind_to_columns_.items() if "procedure" in columns)
    print(table["procedure"].dtype, "| skrub:", kind, "| interpret:", boosted.feature_types_in_[0])
PYTHON
diff seen.txt - <<'SEEN'
str | skrub: numeric | interpret: continuous
str | skrub: low_cardinality | interpret: nominal
SEEN
