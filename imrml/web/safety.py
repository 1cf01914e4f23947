"""What stands between a browser and the page: origins, sizes, the token, headers, silent errors."""

import asyncio
import hashlib
import hmac
import logging
import secrets
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imrml.web.throttle import Throttle, TooManyTriesError, read_address

logger = logging.getLogger("imrml.web")

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    # not no-referrer, which would hide the origin that the check below wants to see
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex",
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_PATHS = ("/healthz", "/sign-in", "/static/")
"""What a visitor without the token may see; none of it says anything of the model."""
COOKIE = "imrml_pass"
FILE_PATH = "/api/score-file"
"""Where a program sends a file."""
_SIGN_IN_BYTES = 10_000


Tell = Callable[[str, int, str], Response]
"""Says what is wrong: path, status and words to an answer that fits whoever asked."""


def is_program(path: str) -> bool:
    """Tell whether a program asks, which is answered in JSON.

    Parameters
    ----------
    path : str
        Of the request.

    Returns
    -------
    bool
        False for the pages.
    """
    return path.startswith("/api/") or path in ("/healthz", "/openapi.json")


class MarkupFreeResponse(JSONResponse):
    """JSON in which no character can begin a tag, whoever takes it for something else."""

    def render(self, content: Any) -> bytes:
        """Write JSON with ``<``, ``>`` and ``&`` as escapes.

        Parameters
        ----------
        content : Any
            What JSON can hold.

        Returns
        -------
        bytes
            The body.
        """
        text = super().render(content)
        for character in (b"<", b">", b"&"):
            text = text.replace(character, b"\\u%04x" % ord(character))
        return text


def format_size(n_bytes: int) -> str:
    """Say a size as people do.

    Parameters
    ----------
    n_bytes : int
        Of a body or file.

    Returns
    -------
    str
        In MB from one on, else in bytes.

    Examples
    --------
    >>> format_size(25_000_000), format_size(10_000)
    ('25 MB', '10,000 bytes')
    """
    return f"{n_bytes / 1e6:.0f} MB" if n_bytes >= 1_000_000 else f"{n_bytes:,} bytes"


def make_json_error(status: int, what: str) -> Response:
    """Say what is wrong, as every answer of the API that is no success does.

    Parameters
    ----------
    status : int
        Of the answer.
    what : str
        What is wrong, without text that was sent.

    Returns
    -------
    Response
        JSON with ``error``.
    """
    return MarkupFreeResponse({"error": what}, status)


class _Guard(ABC):
    """ASGI middleware that looks at HTTP only; what else there is (start and stop) passes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as ASGI has it."""
        answer = self._answer if scope["type"] == "http" else self.app
        await answer(scope, receive, send)

    @abstractmethod
    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of HTTP."""


class Shield(_Guard):
    """Outermost: safe headers on every answer; an error of ours is a 500 that says nothing of it.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    tell : callable
        Says what is wrong.
    """

    def __init__(self, app: ASGIApp, tell: Tell) -> None:
        super().__init__(app)
        self.tell = tell

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except ClientDisconnect:  # nobody is there to be told
            pass
        except asyncio.CancelledError:  # the server stops, and this took longer than it waits
            if not has_begun:
                words = "The server is being stopped; nothing was kept. Try again in a minute."
                await self.tell(scope["path"], 503, words)(scope, receive, send_with_headers)
        except Exception as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            # Where, but neither the message nor the path: either may hold what somebody typed.
            place = (type(error).__name__, Path(at.filename).name, at.lineno)
            logger.error("error: %s in %s, line %d", *place)  # noqa: TRY400
            if not has_begun:
                apology = self.tell(
                    scope["path"],
                    500,
                    "A fault of the program, not of what you sent; nothing was kept. Report it.",
                )
                await apology(scope, receive, send_with_headers)


class SameOrigin(_Guard):
    """Refuse what another site makes a browser send: by ``Sec-Fetch-Site``, else by ``Origin``.

    Every browser that is still in use names one of them in a POST; a program that names none has no
    visitor's rights to abuse.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    tell : callable
        Says what is wrong.
    """

    def __init__(self, app: ASGIApp, tell: Tell) -> None:
        super().__init__(app)
        self.tell = tell

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in SAFE_METHODS and self._is_foreign(Headers(scope=scope)):
            refusal = self.tell(
                scope["path"],
                403,
                "This came from another site. Open the page itself and try again there.",
            )
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send)

    @staticmethod
    def _is_foreign(headers: Headers) -> bool:
        if site := headers.get("sec-fetch-site"):
            return site not in ("same-origin", "none")
        origin = headers.get("origin")
        return origin is not None and urlsplit(origin).netloc != headers.get("host")


class _TooLargeError(Exception):
    """The body went on beyond its limit."""


class BodyLimit(_Guard):
    """Refuse bodies over a size before they are held, by what they announce and by what comes.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    max_json_bytes, max_form_bytes : int
        Under ``/api``, but for its files, and elsewhere.
    tell : callable
        Says what is wrong.
    """

    def __init__(self, app: ASGIApp, max_json_bytes: int, max_form_bytes: int, tell: Tell) -> None:
        super().__init__(app)
        self.tell = tell
        self.max_json_bytes = max_json_bytes
        self.max_form_bytes = max_form_bytes

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_json = scope["path"].startswith("/api/") and scope["path"] != FILE_PATH
        most = self.max_json_bytes if is_json else self.max_form_bytes
        if scope["path"] == "/sign-in":  # the one form that is read before the token is known
            most = min(most, _SIGN_IN_BYTES)
        announced = Headers(scope=scope).get("content-length", "0")
        refusal = self.tell(
            scope["path"],
            413,
            f"At most {format_size(most)} are taken at once. "
            "Send fewer or shorter requests, or a smaller file.",
        )
        if not announced.isdecimal() or int(announced) > most:
            await refusal(scope, receive, send)
            return
        n_seen = 0
        has_begun = False

        async def receive_counted() -> Message:
            nonlocal n_seen
            message = await receive()
            n_seen += len(message.get("body", b""))
            if n_seen > most:
                raise _TooLargeError
            return message

        async def send_unless_too_large(message: Message) -> None:
            nonlocal has_begun
            # Beyond the limit, whoever read the body took the error for one that it made.
            if n_seen <= most or has_begun:
                has_begun = True
                await send(message)

        with suppress(_TooLargeError):
            await self.app(scope, receive_counted, send_unless_too_large)
        if n_seen > most and not has_begun:
            await refusal(scope, receive, send)


class TokenGuard(_Guard):
    """Ask for the token: as a bearer token, or by the cookie that ``/sign-in`` gives.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    authenticator : TokenAuthenticator
        Knows the token.
    """

    def __init__(self, app: ASGIApp, authenticator: "TokenAuthenticator") -> None:
        super().__init__(app)
        self.authenticator = authenticator

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        try:
            is_known = scope["path"].startswith(OPEN_PATHS) or self._is_known(connection)
        except TooManyTriesError as error:
            refusal = make_json_error(429, str(error))
            refusal.headers["Retry-After"] = str(error.seconds)
            await refusal(scope, receive, send)
            return
        if is_known:
            await self.app(scope, receive, send)
            return
        # htmx asks for a part of a page, into which no other page fits.
        if is_program(scope["path"]) or "hx-request" in connection.headers:
            refusal = make_json_error(401, "a token is needed: Authorization: Bearer TOKEN")
            refusal.headers["WWW-Authenticate"] = "Bearer"
        else:
            refusal = RedirectResponse("/sign-in", 303)
        await refusal(scope, receive, send)

    def _is_known(self, connection: HTTPConnection) -> bool:
        if self.authenticator.knows_pass(connection.cookies.get(COOKIE, "")):
            return True
        kind, _, given = connection.headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and self.authenticator.admits(
            given, read_address(connection)
        )


class TokenAuthenticator:
    """Knows the token, and the pass that stands for it in a cookie until the server stops.

    Parameters
    ----------
    token : str
        What a visitor must know.

    Examples
    --------
    >>> authenticator = TokenAuthenticator("a token of the house")
    >>> authenticator.knows("a guess"), authenticator.knows_pass(authenticator.make_pass())
    (False, True)
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._key = secrets.token_bytes(32)
        self._throttle = Throttle()

    def knows(self, given: str) -> bool:
        """Tell whether this is the token, in constant time.

        Parameters
        ----------
        given : str
            What a visitor gives.

        Returns
        -------
        bool
            True for the token alone.
        """
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token)

    def admits(self, given: str, address: str) -> bool:
        """Tell whether a visitor gave the token, and count where not.

        Parameters
        ----------
        given : str
            What the visitor gives.
        address : str
            Where from.

        Returns
        -------
        bool
            True for the token alone.

        Raises
        ------
        TooManyTriesError
            Too many wrong tokens came from there; this one is not looked at.
        """
        if seconds := self._throttle.seconds_to_wait(address):
            raise TooManyTriesError(seconds)
        if self.knows(given):
            return True
        self._throttle.note_wrong(address)
        return False

    def make_pass(self) -> str:
        """Make what the cookie holds.

        Returns
        -------
        str
            Another one after each start of the server.
        """
        return hmac.new(self._key, self._token, hashlib.sha256).hexdigest()

    def knows_pass(self, given: str) -> bool:
        """Tell whether a cookie holds the pass.

        Parameters
        ----------
        given : str
            What the cookie holds.

        Returns
        -------
        bool
            True for the pass alone.
        """
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.make_pass().encode())
