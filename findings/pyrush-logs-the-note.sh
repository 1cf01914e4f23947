#!/usr/bin/env bash
# PyRuSH 1.0.13, the sentence splitter of medspacy 1.3.1, in spaCy 3.7.5.
# Expected: its switch enable_logger, which is off unless turned on, decides whether anything is logged. Seen: the switch is for the rules alone.
# The component of spaCy writes each note to stderr, every word with its place, through loguru, whose own first setting prints debug lines; so
# does every pipeline of medspacy, and no level of Python's logging stops it (loguru.logger.disable("PyRuSH") does). Sentences are right.
# Hurts whoever splits notes in a nightly job: what a scheduler keeps of stderr is the patient's whole record, in a place that nobody masks,
# a few times its size.
# So imrml splits sentences itself (text/sentences.py), and no text of a record goes to its logs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check PyRuSH==1.0.13 spacy==3.7.5 numpy==1.26.4 click==8.1.8
venv/bin/python -W ignore > seen.txt 2> said.txt <<'PYTHON' || { cat said.txt; exit 1; }
import logging

logging.disable(logging.CRITICAL)
import PyRuSH
import spacy

pipeline = spacy.blank("en")
pipeline.add_pipe("medspacy_pyrush")
print([sentence.text for sentence in pipeline("Pain is 8/10. He takes Norco.").sents])
PYTHON
sed -n 's/.*Token\/tag mapping: /logged: /p' said.txt >> seen.txt
cat seen.txt
diff seen.txt - <<'SEEN'
['Pain is 8/10.', 'He takes Norco.']
logged: [(Pain, True), (is, False), (8/10, False), (., False), (He, True), (takes, False), (Norco, False), (., False)]
SEEN
