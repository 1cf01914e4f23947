"""Where the judged lists of the tests lie."""

from pathlib import Path

DATA = Path(__file__).parents[1] / "data"
