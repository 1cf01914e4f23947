"""Connections on which a request never arrives whole are closed, so that they keep nobody out.

uvicorn has a timeout for what is idle between two requests, and none for half a request. Its own
protocol is extended where it lets one be given (``uvicorn.run(http=...)``).
"""

import asyncio
from typing import Any, Literal

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""In which the head of a request must be there, from the connection or its first byte."""
BODY_SECONDS = 180.0
"""In which its body must be there: 25 MB at 1.2 Mbit/s."""
SILENT_SECONDS = 15.0
"""Without a byte of a body that is not complete."""
_TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class TimedProtocol(H11Protocol):
    """uvicorn's protocol of one connection, with a time for the head and the body of a request.

    Parameters
    ----------
    *arguments, **named : Any
        As uvicorn gives them.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._awaited: Literal["head", "body"] | None = None
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head.

        Parameters
        ----------
        transport : Transport
            Of the connection.
        """
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take in what came, and wait for what is still to come.

        Parameters
        ----------
        data : bytes
            What came.
        """
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more.

        Parameters
        ----------
        exc : Exception or None
            Why it ended.
        """
        self._stop_timer()
        super().connection_lost(exc)

    def _watch(self) -> None:
        self._stop_timer()
        states: dict[Any, Literal["head", "body"]] = {h11.IDLE: "head", h11.SEND_BODY: "body"}
        awaited = states.get(self.conn.their_state)
        now = self.loop.time()
        if awaited != self._awaited:
            self._awaited = awaited
            self._until = now + (HEAD_SECONDS if awaited == "head" else BODY_SECONDS)
        if awaited is None or self.transport.is_closing():
            return
        until = min(self._until, now + SILENT_SECONDS) if awaited == "body" else self._until
        self._timer = self.loop.call_at(until, self._close_too_late)

    def _close_too_late(self) -> None:
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(_TOO_LATE)
        self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
