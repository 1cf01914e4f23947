#!/usr/bin/env bash
# simplemma 2.0.0 gives the dictionary form of each word (lemmatize, text_lemmatizer).
# Expected: a form of the same word, and abbreviations as they stand. Seen: "UR denied PT and TENS for ROM" is "your deny point and ten for rom"
# (utilization review, therapy, a device that stimulates nerves); "at least" is "at less", the other direction; "worse" is "wrong", so pain
# that got worse and a request for the wrong knee share a word, which "worst" (bad) and "better" (good) do not. At the head of a sentence
# "PT" stays "pt", so one word is two columns. No error comes, and the words are English ones that no look at a vocabulary finds odd.
# Hurts whoever takes lemmas of notes as words of a model: "PT" counts as one more "trigger point", and "at least 50% relief", what an
# injection must show before it is repeated, as less than it.
# So imrml lemmatizes nothing; its vocabulary holds words as written (features/).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check simplemma==2.0.0
venv/bin/python > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
from simplemma import text_lemmatizer

for text in (
    "The UR denied PT and TENS for ROM",
    "PT helped",
    "Refer to PT for trigger point release",
    "Relief of at least 50%",
    "Pain is worse",
    "The wrong knee was requested",
    "Pain is worst, not better",
):
    print(f"{text}: {' '.join(text_lemmatizer(text, lang='en'))}")
PYTHON
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
The UR denied PT and TENS for ROM: the your deny point and ten for rom
PT helped: pt help
Refer to PT for trigger point release: refer to point for trigger point release
Relief of at least 50%: relief of at less 50 %
Pain is worse: pain be wrong
The wrong knee was requested: the wrong knee be request
Pain is worst, not better: pain be bad , not good
SEEN
