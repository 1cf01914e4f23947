"""The page and API on an address of this machine, until they are stopped."""

from collections.abc import Callable
from typing import Any

import uvicorn

from imrml.errors import ConfigError
from imrml.explaining.precedents import Precedents
from imrml.models import LoadedModel
from imrml.scoring.in_words import DECISION_SUPPORT, P_MEANING
from imrml.web.app import create_app
from imrml.web.half_sent import TimedProtocol
from imrml.web.settings import ServeSettings

# No access log, no server name, and of its own faults only what imrml.web writes: a line never
# holds what was sent.
UVICORN_SETTINGS: dict[str, Any] = {
    "access_log": False,
    "log_level": "warning",
    "server_header": False,
    "http": TimedProtocol,
    "ws": "none",
    # Far more than people have, and within the files that a process may open by default (1,024).
    "limit_concurrency": 800,
    "timeout_graceful_shutdown": 5,
}


def serve(
    model: LoadedModel,
    settings: ServeSettings,
    port: int,
    *,
    past_items: Precedents | None = None,
    allow_demo: bool = False,
    knows_withdrawn: Callable[[], bool] = lambda: False,
    report: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve one model until the process is told to stop.

    Parameters
    ----------
    model : LoadedModel
        As :func:`imrml.models.load_model` gives it.
    settings : ServeSettings
        Who may reach it.
    port : int
        To bind, 1 to 65535.
    past_items : Precedents, optional
        Past items to set beside an explanation.
    allow_demo : bool, default=False
        Whether a model of invented data may answer.
    knows_withdrawn : callable, optional
        Asked at every page whether the model learned from a letter that was withdrawn since.
    report : callable, optional
        Told, in words, what a score is and where the page is.

    Raises
    ------
    ModelError
        The model was trained on invented data and ``allow_demo`` is false.
    ConfigError
        The port cannot be bound.
    """
    app = create_app(
        model,
        settings,
        past_items=past_items,
        allow_demo=allow_demo,
        knows_withdrawn=knows_withdrawn,
    )
    report(f"{P_MEANING}: {DECISION_SUPPORT}")
    if not settings.is_loopback:
        report(
            "other machines can reach this page: put a proxy with TLS before it, "
            "for what is sent is health data"
        )
    named = f"[{settings.host}]" if ":" in settings.host else settings.host
    report(f"http://{named}:{port}  (Ctrl+C stops it)")
    try:
        uvicorn.run(app, host=settings.host, port=port, **UVICORN_SETTINGS)
    except SystemExit:  # with a code that elsewhere means "nothing changed"
        raise ConfigError(
            f"serve: {named}:{port} cannot be bound; another program may hold it: "
            "give another --port"
        ) from None
