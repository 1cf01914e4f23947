"""The log of a run, for whoever watches jobs: ``--log-file`` and ``--log-format``."""

import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TextIO

from imrml.errors import ConfigError
from imrml.masking import mask_secrets

LogFormat = Literal["text", "json"]
_VALUED = ("--log-file", "--log-format")


@dataclass
class RunLog:
    """Lines with time, run id and level; the last one has the exit code.

    Parameters
    ----------
    command : str
        Command that is run.
    run_id : str
        The same in the history of nights.
    log_format : {'text', 'json'}
        Of each line.
    stream : file
        Log file, or stderr.
    """

    command: str
    run_id: str
    log_format: LogFormat
    stream: TextIO

    @property
    def is_stderr(self) -> bool:
        """Whether lines go to stderr in place of the prose.

        Returns
        -------
        bool
        """
        return self.stream is sys.stderr

    def write(self, level: str, message: str, exit_code: int | None = None) -> None:
        """Write one line.

        Parameters
        ----------
        level : {'info', 'error', 'end'}
            What it is.
        message : str
            Masked here.
        exit_code : int, optional
            Of the command, in its last line.
        """
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
        message = mask_secrets(message)
        if self.log_format == "json":
            facts = {
                "time": now,
                "run_id": self.run_id,
                "command": self.command,
                "level": level,
                "message": message,
            }
            line = json.dumps(facts if exit_code is None else facts | {"exit": exit_code})
        else:
            end = "" if exit_code is None else f" exit={exit_code}"
            line = f"{now} {self.run_id} {self.command} {level}{end} {message}".rstrip()
        print(line, file=self.stream, flush=True)


def take_log_options(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """Take the options of the log out of a command line, wherever they stand.

    Parameters
    ----------
    arguments : list of str
        Without the program.

    Returns
    -------
    left : list of str
        What is the command's own.
    options : dict of str to str
        ``--log-file`` and ``--log-format``, where given.

    Raises
    ------
    ConfigError
        An option lacks its value, or the format is unknown.

    Examples
    --------
    >>> take_log_options(["retrain", "--log-format=json", "--log-file", "a.log", "--config", "c"])
    (['retrain', '--config', 'c'], {'--log-format': 'json', '--log-file': 'a.log'})
    """
    left: list[str] = []
    options: dict[str, str] = {}
    waiting: str | None = None
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if waiting:
            options[waiting], waiting = argument, None
        elif name in _VALUED and equals:
            options[name] = value
        elif argument in _VALUED:
            waiting = argument
        else:
            left.append(argument)
    if waiting:
        raise ConfigError(f"{waiting}: needs a value")
    if options.get("--log-format", "text") not in {"text", "json"}:
        raise ConfigError(f"--log-format {options['--log-format']}: expected text or json")
    return left, options


def open_log(options: dict[str, str], command: str, run_id: str) -> RunLog | None:
    """Open the log that was asked for.

    Parameters
    ----------
    options : dict of str to str
        From :func:`take_log_options`.
    command, run_id : str
        Stand in every line.

    Returns
    -------
    RunLog or None
        None where neither option was given; without a file, JSON lines go to stderr.
    """
    path, log_format = options.get("--log-file"), options.get("--log-format", "text")
    known: LogFormat = "json" if log_format == "json" else "text"
    if path is None:
        return RunLog(command, run_id, known, sys.stderr) if known == "json" else None
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    return RunLog(command, run_id, known, os.fdopen(handle, "a", encoding="utf-8"))
