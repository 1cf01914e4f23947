"""``imrml serve``: the page and the JSON API, on this machine."""

from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.cli.options import MODEL_HELP, AllowDemoOption, TrustOption


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
    from imrml.explaining.precedents import open_precedents
    from imrml.retraining.forgotten import watch_withdrawn
    from imrml.tracking.addresses import load_model
    from imrml.web.server import serve as run
    from imrml.web.settings import ServeSettings

    settings = ServeSettings(host, token, tuple(allow_host or ()))
    loaded = load_model(model, trusted=trust or ())
    run(
        loaded,
        settings,
        port,
        past_items=open_precedents(loaded.manifest),
        allow_demo=allow_demo,
        knows_withdrawn=watch_withdrawn(loaded.manifest),
        report=console.tell,
    )
