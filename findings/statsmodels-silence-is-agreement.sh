#!/usr/bin/env bash
# statsmodels 0.15.0, Fleiss' kappa for the agreement of readers (aggregate_raters, fleiss_kappa), and krippendorff 0.9.0, its alpha.
# Expected: where a reader gave no answer (NaN) nothing is known, so the item is left out for that reader, or refused. Seen: no answer is an
# answer of its own, which agrees with every other one of its kind. Two readers who agree on half of what both read, as chance would have it,
# have kappa 0; with ten items more that neither read it is 0.50, with forty 0.67, while alpha stays at 0.03. Where one reads and the other does
# not, they disagree. The documentation says that what cannot be made an integer raises an error; none comes, and no warning.
# Hurts whoever has letters labelled by several readers who each take a part: the more that is left undone by all, the better they agree, and
# labels that are guesses pass for agreed ones.
# So imrml counts a gold item that was not labelled as one without labels, and says how many there are (labelling/agreement.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check statsmodels==0.15.0 krippendorff==0.9.0 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import krippendorff
import numpy as np
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

read = np.array([[1, 1], [1, 0], [0, 1], [0, 0]] * 5, dtype=float)
one_only = np.array([[1, np.nan], [np.nan, 0]] * 5)
neither = np.full((1, 2), np.nan)
for name, answers in (
    ("both read 20", read),
    ("10 more that neither read", np.vstack([read, neither.repeat(10, axis=0)])),
    ("40 more that neither read", np.vstack([read, neither.repeat(40, axis=0)])),
    ("10 more that one read", np.vstack([read, one_only])),
):
    counts, values = aggregate_raters(answers)
    alpha = krippendorff.alpha(reliability_data=answers.T, level_of_measurement="nominal")
    print(f"{name}: kappa {fleiss_kappa(counts):.2f} of answers {values.tolist()}, alpha {alpha:.2f}")
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
both read 20: kappa 0.00 of answers [0.0, 1.0], alpha 0.03
10 more that neither read: kappa 0.50 of answers [0.0, 1.0, nan], alpha 0.03
40 more that neither read: kappa 0.67 of answers [0.0, 1.0, nan], alpha 0.03
10 more that one read: kappa -0.07 of answers [0.0, 1.0, nan], alpha 0.03
SEEN
