"""User and password of addresses, kept out of whatever is shown, written down or raised."""

import base64
import os
import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import quote, unquote, urlsplit

MASK = "***"

# Up to the last @ before a slash; and a password with a slash in it, as drivers of databases take.
_BEFORE_HOST = re.compile(r"(://)[^\s/'\"<>]{1,1000}@")
_WITH_SLASH = re.compile(r"(://)[^\s/'\"<>@:]{0,300}:[^\s'\"<>@]{1,700}@")
_BY_NAME = re.compile(
    r"(?i)\b(user|username|pass|password|passwd|pwd|passphrase|token|secret|api_?key|sslpassword)"
    r"(=|%3[dD])[^\s&;,'\"<>]{1,500}"
)

_ADDRESSES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
_USERS = ("MLFLOW_TRACKING_USERNAME", "PGUSER")
_PASSWORDS = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "PGPASSWORD", "IMRML_TOKEN")
_COMMON = frozenset({"imrml", "mlflow", "postgres", "postgresql", "sqlite", "model", "user"})
"""Names of users that are words of our own messages; masked only where they stand in quotes."""
_QUOTES = ('"{}"', "'{}'", "`{}`")
_MIN_LENGTH = 3


def mask_secrets(text: str) -> str:
    """Put ``***`` where an address, a setting or a quoted error names a user or a password.

    Known ones, of the addresses and credentials in the environment, are masked wherever they stand,
    also percent-encoded; any other address loses what stands before its host.

    Parameters
    ----------
    text : str
        Message, line of a log, or what a driver said.

    Returns
    -------
    str

    Examples
    --------
    >>> mask_secrets("MLflow at postgresql://night:secret@db.example/runs: refused")
    'MLflow at postgresql://***@db.example/runs: refused'
    >>> mask_secrets("could not connect: host=db user=night password=secret")
    'could not connect: host=db user=*** password=***'
    >>> mask_secrets("models:/imrml-imr@champion at http://127.0.0.1:5000")
    'models:/imrml-imr@champion at http://127.0.0.1:5000'
    """
    for secret in _known_passwords():
        text = text.replace(secret, MASK)
    if "://" in text:
        text = _WITH_SLASH.sub(rf"\1{MASK}@", _BEFORE_HOST.sub(rf"\1{MASK}@", text))
    if "=" in text or "%3" in text:
        text = _BY_NAME.sub(rf"\1\2{MASK}", text)
    for user in _known_users():
        text = _mask_word(text, user)
    return text


def _known_passwords() -> list[str]:
    """List passwords of the environment in every spelling, longest first."""
    passwords = {os.environ.get(name, "") for name in _PASSWORDS}
    users = set(_known_users())
    for _, password in _credentials():
        passwords.add(password)
    spellings = {
        spelling
        for secret in passwords
        for spelling in (secret, unquote(secret), quote(secret, safe=""))
    }
    for user in users:
        for secret in passwords:
            spellings.add(base64.b64encode(f"{user}:{secret}".encode()).decode())
    return sorted((each for each in spellings if len(each) >= _MIN_LENGTH), key=len, reverse=True)


def _known_users() -> list[str]:
    users = {os.environ.get(name, "") for name in _USERS}
    users |= {user for user, _ in _credentials()}
    spellings = {spelling for user in users for spelling in (user, unquote(user))}
    return sorted((each for each in spellings if len(each) >= _MIN_LENGTH), key=len, reverse=True)


def _credentials() -> Iterator[tuple[str, str]]:
    """Give user and password of each address that the environment names."""
    for name in _ADDRESSES:
        address = os.environ.get(name, "")
        if "@" not in address or "://" not in address:
            continue
        before_host = address.partition("://")[2].rpartition("@")[0]
        user, _, password = before_host.partition(":")
        yield user, password
        try:
            parts = urlsplit(address)
            yield parts.username or "", parts.password or ""
        except ValueError:  # no address that can be parsed: what stands before its @ is masked
            continue


def _mask_word(text: str, word: str) -> str:
    """Mask a word where no letter or digit touches it; a common one in quotes only."""
    for quoted in _QUOTES:
        text = text.replace(quoted.format(word), quoted.format(MASK))
    if word.lower() in _COMMON or word not in text:
        return text
    parts = text.split(word)
    masked = parts[0]
    for before, after in pairwise(parts):
        touches = before[-1:].isalnum() or after[:1].isalnum()
        masked += (word if touches else MASK) + after
    return masked
