"""``imrml serve``: the page and the JSON API, on this machine."""

from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.cli.options import MODEL_HELP, AllowDemoOption, TrustOption

# Far more than people have, and within the files that a process may open by default (1,024).
_MOST_CONNECTIONS = 800


def serve(
    model: Annotated[str, typer.Option(help=MODEL_HELP)],
    host: Annotated[
        str, typer.Option(help="Address to bind; any but this machine's own needs --token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to bind.")] = 8444,
    token: Annotated[
        str,
        typer.Option(
            envvar="IMRML_TOKEN",
            show_envvar=True,
            help="What visitors must know; better given by the variable.",
        ),
    ] = "",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A name by which browsers may call this machine; repeat."),
    ] = None,
    allow_demo: AllowDemoOption = False,
    trust: TrustOption = None,
) -> None:
    """Open the page for claims staff. Nothing that is entered is stored, logged or sent on."""
    from imrml.extras import require_extra

    require_extra("web", "serve")
    import uvicorn

    from imrml.errors import ConfigError
    from imrml.explaining.precedents import open_precedents
    from imrml.scoring.in_words import DECISION_SUPPORT, P_MEANING
    from imrml.tracking.addresses import load_model
    from imrml.web.app import create_app
    from imrml.web.half_sent import TimedProtocol
    from imrml.web.settings import ServeSettings

    settings = ServeSettings(host, token, tuple(allow_host or ()))
    loaded = load_model(model, trusted=trust or ())
    app = create_app(
        loaded, settings, past_items=open_precedents(loaded.manifest), allow_demo=allow_demo
    )
    console.tell(f"{P_MEANING}: {DECISION_SUPPORT}")
    if not settings.is_loopback:
        console.tell(
            "other machines can reach this page: put a proxy with TLS before it, "
            "for what is sent is health data"
        )
    named = f"[{host}]" if ":" in host else host
    console.tell(f"http://{named}:{port}  (Ctrl+C stops it)")
    # No access log, no server name, and of its own faults only what imrml.web writes: a line never
    # holds what was sent.
    try:
        uvicorn.run(
            app,
            host=host,
            port=port,
            access_log=False,
            log_level="warning",
            server_header=False,
            http=TimedProtocol,
            ws="none",
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=5,
        )
    except SystemExit:  # with a code that elsewhere means "nothing changed"
        raise ConfigError(
            f"serve: {named}:{port} cannot be bound; another program may hold it: "
            "give another --port"
        ) from None
