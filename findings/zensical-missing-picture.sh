#!/usr/bin/env bash
# Zensical 0.0.73: `zensical build --strict` refuses a link to a page that does not exist, but says "No issues found" of a picture that
# does not exist, in Markdown like the link. Its documentation speaks of all internal links, inline links and references.
# Expected: the build fails for both. Seen: it fails for the page only.
# So tests/test_docs.py looks for every picture and link of our pages itself.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check "zensical==0.0.73"
mkdir docs
printf '[project]\nsite_name = "x"\n[project.validation]\ninvalid_links = true\ninvalid_link_anchors = true\n' > zensical.toml

printf '# Start\n\n[a page](nowhere.md)\n' > docs/index.md
if v/bin/zensical build --clean --strict > page.log 2>&1; then
    echo "changed: a link to a page that does not exist is let pass"
    exit 1
fi
grep -q "page does not exist" page.log

printf '# Start\n\n![a picture](nowhere.png)\n' > docs/index.md
if ! v/bin/zensical build --clean --strict > picture.log 2>&1; then
    echo "changed: a picture that does not exist is refused"
    cat picture.log
    exit 1
fi
cat picture.log
echo "as found: zensical 0.0.73 refuses the missing page and lets the missing picture pass"
