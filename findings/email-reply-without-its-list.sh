#!/usr/bin/env bash
# email-reply-parser 0.5.12 takes the reply out of an e-mail (EmailReplyParser.parse_reply), without quoted text and signatures.
# Expected: what the writer wrote above a signature stays. Seen: a paragraph whose first line begins with a hyphen and a letter or digit is a
# signature, and everything below it goes too. A doctor's office that answers "Please authorize:" with a list "-MRI ..." and the findings
# of the examination below asks for nothing any more. With a blank behind the hyphen the whole text stays.
# Hurts whoever takes requests or notes from a mailbox to predict from them: the requested items and the examination are gone without a word.
# So imrml reads a message whole (documents/mail.py) and cuts no signature.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check email-reply-parser==0.5.12
venv/bin/python > seen.txt <<'PYTHON'
from email_reply_parser import EmailReplyParser

for hyphen in ("-", "- "):
    items = f"{hyphen}MRI of the lumbar spine\n{hyphen}12 visits of therapy"
    message = f"Please authorize:\n\n{items}\n\nStraight leg raising is positive.\n\nThanks,\nA. Roe\n"
    reply = EmailReplyParser.parse_reply(message)
    print(f"{hyphen!r}:", "all of it" if reply.strip() == message.strip() else repr(reply))
PYTHON
cat seen.txt
diff seen.txt - <<'SEEN'
'-': 'Please authorize:'
'- ': all of it
SEEN
