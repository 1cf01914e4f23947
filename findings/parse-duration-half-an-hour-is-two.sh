#!/usr/bin/env bash
# parse-duration 2.1.9 (npm) reads a duration out of a text.
# Expected: "1/2 hour" is half an hour, or nothing. Seen: two hours and a millisecond, for the 1 has no unit and counts as a millisecond, and the
# 2 has the unit: 3/4 of an hour is four hours. "1 1/2 hours" is two hours, "4-6 hours" six. "0.5 hour" is right.
# No error comes. Its examples name noise around durations ("duration: 1h:20min") and no fractions.
# Hurts whoever takes durations of visits, or how long relief lasted, from notes, where a half is written so: it is four times too long.
# So imrml reads frequency and duration by a grammar of its own (features/amounts.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit parse-duration@2.1.9
cat > look.mjs <<'NODE'
import parse from "parse-duration";

for (const text of ["0.5 hour", "1/2 hour", "3/4 hour", "1 1/2 hours", "4-6 hours"]) {
  console.log(`${text}: ${(parse(text) / 60000).toFixed(1)} minutes`);
}
NODE
node look.mjs > seen.txt 2> said.txt || { cat said.txt; exit 1; }
cat seen.txt
test ! -s said.txt
diff seen.txt - <<'SEEN'
0.5 hour: 30.0 minutes
1/2 hour: 120.0 minutes
3/4 hour: 240.0 minutes
1 1/2 hours: 120.0 minutes
4-6 hours: 360.0 minutes
SEEN
