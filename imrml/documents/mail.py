"""Mails as their text and what hangs on them."""

import email
import io
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from typing import Any

from imrml.documents.packed import Packed, ending_of
from imrml.errors import RequestFileError
from imrml.extras import require_extra

_HEADERS = frozenset(
    {"message-id", "mime-version", "received", "return-path", "content-type", "delivered-to"}
)
_BEGINNING = 8_000
_OUTLOOK_STREAM = "__properties_version1.0".encode("utf-16-le")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail.

    Parameters
    ----------
    texts : tuple of (str, str)
        Its own text in its parts, each with its kind, ``plain`` or ``html``.
    attachments : tuple of Packed
        What hangs on it.
    """

    texts: tuple[tuple[str, str], ...]
    attachments: tuple[Packed, ...]


def is_mail(head: bytes) -> bool:
    r"""Tell a mail as it travels (``.eml``) by its headers.

    Parameters
    ----------
    head : bytes
        Of the file's start.

    Returns
    -------
    bool
        A memo that only begins with From, To and Subject is none.

    Examples
    --------
    >>> is_mail(b"MIME-Version: 1.0\nFrom: a@example.org\n\nPlease authorize")
    True
    >>> is_mail(b"To: Desk\nFrom: Dr. Fictional\n\nPlease authorize")
    False
    """
    lines = head[:_BEGINNING].replace(b"\r\n", b"\n").partition(b"\n\n")[0].split(b"\n")
    names = []
    for line in lines:
        if line.startswith((b" ", b"\t", b"From ")):
            continue
        name, colon, _ = line.partition(b":")
        if not colon or not name.replace(b"-", b"").isalnum():
            return False
        names.append(name.decode("ascii", "replace").lower())
    return bool(_HEADERS.intersection(names))


def is_outlook_mail(content: bytes) -> bool:
    """Tell a mail as Outlook keeps it (``.msg``) from other files of its kind.

    Parameters
    ----------
    content : bytes
        Of a file in Microsoft's compound format.

    Returns
    -------
    bool
        Whether it holds the properties of a message.
    """
    return _OUTLOOK_STREAM in content


def read_mail(content: bytes) -> Mail:
    """Read a mail as it travels.

    Parameters
    ----------
    content : bytes
        Of the file.

    Returns
    -------
    Mail
        Also of mails that hang on it; of a text in two kinds the plain one.
    """
    message = email.message_from_bytes(content, policy=policy.default)
    texts: list[tuple[str, str]] = []
    attachments: list[Packed] = []
    for part, is_second in _leaves(message):
        kind = part.get_content_type()
        is_text = kind in {"text/plain", "text/html"} and not (
            part.get_filename() or part.get_content_disposition() == "attachment"
        )
        if is_text and not is_second:
            text = _text_of(part)
            if text.strip():
                texts.append((kind.rpartition("/")[2], text))
        elif not is_text and (payload := part.get_payload(decode=True)):
            assert isinstance(payload, bytes)
            if not _is_decoration(part, kind):
                attachments.append(Packed(ending_of(part.get_filename()), payload))
    return Mail(tuple(texts), tuple(attachments))


def _leaves(message: Any) -> Iterator[tuple[EmailMessage, bool]]:
    """Yield every part that holds no others; an HTML beside its plain text is the second."""
    seconds: set[int] = set()
    for part in message.walk():
        if part.get_content_type() == "multipart/alternative":
            plain = (leaf for leaf in part.walk() if leaf.get_content_type() == "text/plain")
            if any(_text_of(leaf).strip() for leaf in plain):
                seconds |= {
                    id(leaf) for leaf in part.walk() if leaf.get_content_type() == "text/html"
                }
        if not part.is_multipart():
            yield part, id(part) in seconds


def _text_of(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True) or b""
    assert isinstance(payload, bytes)
    try:
        return payload.decode(part.get_content_charset() or "utf-8")
    except (LookupError, UnicodeDecodeError):
        return payload.decode("cp1252", "replace")


def _is_decoration(part: EmailMessage, kind: str) -> bool:
    """Tell a picture that a mail's own text shows, such as a logo."""
    is_picture = kind.startswith("image/") and part.get_content_disposition() != "attachment"
    return is_picture and part.get("Content-ID") is not None


def read_outlook_mail(content: bytes) -> Mail:
    """Read a mail as Outlook keeps it.

    Parameters
    ----------
    content : bytes
        Of the file.

    Returns
    -------
    Mail
        Its text and what hangs on it.

    Raises
    ------
    RequestFileError
        It is damaged.
    MissingExtraError
        The extra ``office`` is not installed.
    """
    require_extra("office", "a mail of Outlook")
    from oxmsg import Message  # noqa: PLC0415 (only for such mails)

    try:
        message = Message.load(io.BytesIO(content))
        texts = [("plain", message.body or ""), ("html", message.html_body or "")]
        attachments = tuple(
            Packed(ending_of(hung.file_name), hung.file_bytes)
            for hung in message.attachments
            if hung.file_bytes
        )
    except Exception as error:  # damaged files raise whatever their bytes happen to break
        raise RequestFileError(
            f"a mail of Outlook that cannot be read ({type(error).__name__}); save it as .eml, or "
            "send its text and attachments"
        ) from None
    # Of a text in two kinds the plain one.
    return Mail(tuple([text for text in texts if text[1].strip()][:1]), attachments)
