"""Write the generated pages; run by ``make reference``.

Four pages under ``docs/reference`` say what the code says: ``cli.md`` the ``--help`` of every
command, ``config.md`` every setting of ``defaults.yaml``, ``tables.md`` the columns between its
markers, and ``api.md`` the front door. ``experiments/README.md`` says what the experiments say. A
test holds that the committed pages are what this writes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
import yaml

import imrml
from imrml.cli import app
from imrml.config import Config, default_text
from imrml.determinations import DETERMINATION_COLUMNS, KEY_COLUMNS
from imrml.submissions.columns import SUBMISSION_COLUMNS, Column

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
EXPERIMENTS = ROOT / "experiments"
MAIN_CLASSES = (
    "imrml.letters.ParsedLetter",
    "imrml.corpus.ParsedLetters",
    "imrml.determinations.Case",
    "imrml.submissions.Submission",
    "imrml.determinations.Determination",
    "imrml.features.treatment.TreatmentFacts",
    "imrml.config.Config",
    "imrml.tracking.TrackedTraining",
    "imrml.training.TrainingResult",
    "imrml.training.Evaluation",
    "imrml.models.LoadedModel",
    "imrml.models.ReviewModel",
    "imrml.explaining.Explanation",
    "imrml.errors.ArgumentTypeError",
    "imrml.errors.RequestWarning",
    "imrml.errors.RefusedRequestWarning",
    "imrml.errors.DemoModelWarning",
)
"""Classes that the functions of the front door take or return."""

_HELP_WIDTH = 100
_GENERATED = "<!-- Written by `make reference`. Change the code, not this page. -->"


def main() -> None:
    """Write every generated page."""
    for path, text in reference_pages().items():
        path.write_text(text, encoding="utf-8")


def reference_pages() -> dict[Path, str]:
    """Return the text of each generated page by its path."""
    return {
        REFERENCE / "cli.md": _cli_page(),
        REFERENCE / "config.md": _config_page(),
        REFERENCE / "tables.md": _tables_page(),
        REFERENCE / "api.md": _api_page(),
        EXPERIMENTS / "README.md": _experiments_page(),
    }


def _cli_page() -> str:
    parts = [
        "# Commands",
        _GENERATED,
        "Each section is what `--help` of the command prints. How commands speak (exit codes, "
        "stdout and stderr, `--quiet`, `--debug`) is in "
        "[For operators](../operator.md#how-commands-speak).",
    ]
    for name, help_text in command_helps():
        level = "##" if len(name.split()) < 3 else "###"
        parts += [f"{level} {name}", f"```text\n{help_text}\n```"]
    return "\n\n".join(parts) + "\n"


def command_helps() -> Iterator[tuple[str, str]]:
    """Give each command's full name and its help, the program itself first.

    The width is fixed and nothing is coloured, whatever terminal this runs in.
    """
    command = typer.main.get_command(app)
    context = command.make_context(
        "imrml",
        [],
        resilient_parsing=True,
        terminal_width=_HELP_WIDTH,
        max_content_width=_HELP_WIDTH,
        color=False,
    )
    yield from _walk_commands(command, context)


def _walk_commands(command: Any, context: Any) -> Iterator[tuple[str, str]]:
    yield context.command_path, command.get_help(context).rstrip()
    if not hasattr(command, "list_commands"):
        return
    for name in command.list_commands(context):
        sub = command.get_command(context, name)
        yield from _walk_commands(sub, sub.make_context(name, [], context, resilient_parsing=True))


def _config_page() -> str:
    defaults = yaml.safe_load(default_text())
    meanings = _comments_by_path(default_text())
    schema = Config.model_json_schema()
    parts = [
        "# Settings",
        _GENERATED,
        "Every setting, its default and what it accepts. A config file holds any part of this as "
        "YAML; `--set a.b=c` overrides one setting. `imrml config show` prints the same defaults, "
        "`imrml config check FILE` checks a file. Annotated examples are in `configs/`.",
        "## Top level",
        _settings_table("", defaults, schema, schema, meanings),
    ]
    for path, settings, section in _sections("", defaults, schema, schema):
        intro = [section["description"]] if "description" in section else []
        intro += [f"Note: {meanings[path]}."] if path in meanings else []
        parts += [f"## {path}", *intro, _settings_table(path, settings, section, schema, meanings)]
    return "\n\n".join(parts) + "\n"


def _sections(
    prefix: str, settings: Mapping[str, Any], section: Mapping[str, Any], schema: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            inner = _resolve(section["properties"][name], schema)
            yield f"{prefix}{name}", value, inner
            yield from _sections(f"{prefix}{name}.", value, inner, schema)


def _settings_table(
    path: str,
    settings: Mapping[str, Any],
    section: Mapping[str, Any],
    schema: Mapping[str, Any],
    meanings: Mapping[str, str],
) -> str:
    rows = []
    for name, value in settings.items():
        if isinstance(value, dict):
            continue
        full = f"{path}.{name}" if path else name
        accepts = _describe_type(section["properties"][name], schema)
        default = yaml.safe_dump(value, default_flow_style=True).replace("...", "").strip()
        rows.append((f"`{name}`", f"`{default}`", accepts, meanings.get(full, "")))
    return _markdown_table(("setting", "default", "accepts", "meaning"), rows)


def _comments_by_path(text: str) -> dict[str, str]:
    """Return the comment of each setting by dotted path; it may go on in the lines below."""
    comments: dict[str, list[str]] = {}
    parents: list[tuple[int, str]] = []
    path = ""
    for line in text.splitlines():
        setting = re.match(r"(?P<indent> *)(?P<name>\w+):(?P<rest>.*)", line)
        if setting:
            indent = len(setting["indent"])
            parents = [parent for parent in parents if parent[0] < indent]
            parents.append((indent, setting["name"]))
            path = ".".join(name for _, name in parents)
        comment = re.search(r"(?:^|\s)# (.*)", line)
        if comment and path:
            comments.setdefault(path, []).append(comment[1].strip())
    return {path: " ".join(lines) for path, lines in comments.items()}


def _describe_type(field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    field = _resolve(field, schema)
    if "anyOf" in field:
        return " or ".join(_describe_type(choice, schema) for choice in field["anyOf"])
    if "const" in field or "enum" in field:
        return ", ".join(f"`{choice}`" for choice in field.get("enum", [field.get("const")]))
    kind = field.get("type")
    if kind == "array":
        return f"a list of: {_describe_type(field['items'], schema)}"
    if kind == "object":
        return f"settings by name ({field['title']})" if "title" in field else "settings by name"
    noun = {
        "integer": "whole number",
        "number": "number",
        "string": "text",
        "boolean": "`true`, `false`",
        "null": "`null`",
    }.get(str(kind), "any value")
    bounds = [
        f"{words} {field[key]:g}"
        for key, words in {
            "minimum": "at least",
            "exclusiveMinimum": "above",
            "maximum": "at most",
            "exclusiveMaximum": "below",
        }.items()
        if key in field
    ]
    return " ".join([noun, " and ".join(bounds)]).strip()


def _resolve(field: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in field:
        resolved: Mapping[str, Any] = schema["$defs"][field["$ref"].rsplit("/", 1)[1]]
        return resolved
    return field


def _tables_page() -> str:
    page = (REFERENCE / "tables.md").read_text(encoding="utf-8")
    for name, columns in {
        "keys": KEY_COLUMNS,
        "submission": SUBMISSION_COLUMNS,
        "determination": DETERMINATION_COLUMNS,
    }.items():
        begin, end = f"<!-- columns: {name} -->", f"<!-- end: {name} -->"
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = f"{before}{begin}\n\n{_columns_table(columns)}\n\n{end}{after}"
    return page


def _columns_table(columns: Iterable[Column]) -> str:
    return _markdown_table(
        ("column", "dtype", "unit or values", "known at", "meaning"),
        [
            (f"`{column.name}`", column.dtype, column.unit, column.known_at, column.note)
            for column in columns
        ],
    )


def _api_page() -> str:
    front_door = [name for name in imrml.__all__ if not name.startswith("_")]
    parts = [
        "# Python",
        _GENERATED,
        "The front door in the order of the pipeline: `import imrml`, then `imrml.NAME`. Heavy "
        "imports happen only when a name is first used.",
        "## Functions",
        *[f"::: imrml.{name}" for name in front_door],
        "## Classes",
        *[f"::: {name}" for name in MAIN_CLASSES],
    ]
    return "\n\n".join(parts) + "\n"


def _experiments_page() -> str:
    places = [*EXPERIMENTS.glob("[0-9]*"), *EXPERIMENTS.glob("benchmarks/*")]
    rows = [_experiment_row(place) for place in sorted(places) if place.is_dir()]
    parts = [
        "# Experiments",
        _GENERATED,
        "What was asked, what came out, and what was decided. Each folder has the question, the "
        "prediction written before the run, the result and the conclusion; negative results stay. "
        "A new one takes the next number and opens with its title, `Answer:` and `Decision:`, a "
        "line each; `make reference` then writes this table.",
        _markdown_table(("number", "question", "answer", "decision", "cited by"), rows),
        "Figures are those of the day of the run. Real letters are health data: no experiment "
        "keeps their text.",
    ]
    return "\n\n".join(parts) + "\n"


def _experiment_row(place: Path) -> tuple[str, ...]:
    text = (place / "README.md").read_text(encoding="utf-8")
    title, answer, decision = (
        re.search(pattern, text, re.MULTILINE)
        for pattern in (r"\A# (?:\d+: )?(.+)", r"^Answer: (.+)", r"^Decision: (.+)")
    )
    if title is None or answer is None or decision is None:
        raise ValueError(f"{place}: README.md must open with a title, `Answer:` and `Decision:`")
    name = place.relative_to(EXPERIMENTS).as_posix()
    number = name[:3] if name[0].isdigit() else place.name
    cited_by = ", ".join(f"`{path}`" for path in _citing_files(name, number))
    return f"[{number}]({name}/README.md)", title[1], answer[1], decision[1], cited_by


def _citing_files(name: str, number: str) -> list[str]:
    cites = re.compile(rf"{re.escape(name)}|experiments/(?:\d{{3}}, )*{number}\b")
    return [
        path.relative_to(ROOT).as_posix()
        for folder in ("configs", "imrml", "tests")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".yaml"} and cites.search(path.read_text(encoding="utf-8"))
    ]


def _markdown_table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines
    )


if __name__ == "__main__":
    main()
