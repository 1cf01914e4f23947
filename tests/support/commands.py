"""The command line as tests call it."""

import pytest

from imrml.cli import app


def run(*arguments: object) -> int | str | None:
    """Run a command and give its exit code."""
    with pytest.raises(SystemExit) as stop:
        app([str(argument) for argument in arguments])
    return stop.value.code
