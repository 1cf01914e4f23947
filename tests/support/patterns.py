"""Every pattern of the package with the place that makes it, and what of it google-re2 accepts.

``python tests/support/patterns.py`` prints them as JSON: a spy in ``re`` watches while all wings
are imported, all tables are read and all entries get a few seeds, because most patterns are made of
tables and no reading of the source would find them.
"""

import ast
import functools
import gc
import importlib
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FARTHEST_LOOK = 400
"""Characters that a look ahead or behind may read: a constant factor at each place."""

_NOT_OURS = frozenset(
    ["imrml.labelling.annotation.parse_quote", "imrml.features.own_words._find_fault"]
)
"""Places whose patterns are escaped words that the person at the terminal has just typed, or those
of an owner's tables, which are checked right there."""

_MAKERS = frozenset(
    ["compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"]
)
_BORROWERS = frozenset(
    ["contains", "extract", "extractall", "findall", "fullmatch", "match", "replace", "split"]
)


@dataclass(frozen=True, order=True)
class FoundPattern:
    """One pattern and where it is made, such as ``imrml.text.sentences._BOUNDARY``."""

    place: str
    pattern: str
    flags: int

    @property
    def compiled(self) -> re.Pattern[str]:
        """As the package uses it."""
        return re.compile(self.pattern, self.flags)


@functools.cache
def find_patterns() -> tuple[FoundPattern, ...]:
    """Collect the patterns in a fresh process, where no table has been read yet."""
    run = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return tuple(sorted(FoundPattern(*row) for row in json.loads(run.stdout)))


# --- where patterns are made ---------------------------------------------------------------------


def _modules() -> Iterator[tuple[str, Path, ast.Module]]:
    import imrml

    root = Path(imrml.__file__).parent
    for path in sorted(root.rglob("*.py")):
        module = ".".join(("imrml", *path.relative_to(root).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        yield module, path, ast.parse(path.read_text(encoding="utf-8"))


def _named_nodes(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Yield every node with the name that its statement binds at the top of the module."""
    for statement in tree.body:
        target = (
            statement.targets[0]
            if isinstance(statement, ast.Assign)
            else getattr(statement, "target", statement)
        )
        name = getattr(target, "id", None) or getattr(target, "name", "")
        yield from ((name, node) for node in ast.walk(statement))


def _spell(called: ast.expr) -> str:
    return ast.unparse(called) if isinstance(called, ast.Attribute) else ""


@functools.cache
def _sites() -> dict[tuple[str, int], str]:
    """Find each call that hands a pattern to ``re``: file and line to place."""
    return {
        (str(path), line): f"{module}.{name}"
        for module, path, tree in _modules()
        for name, node in _named_nodes(tree)
        if isinstance(node, ast.Call) and _spell(node.func) in {f"re.{maker}" for maker in _MAKERS}
        for line in range(node.lineno, node.end_lineno + 1)
    }


def _borrowed() -> Iterator[FoundPattern]:
    """Yield the named patterns that pandas and scikit-learn compile for us."""
    for module, _, tree in _modules():
        for name, node in _named_nodes(tree):
            if not isinstance(node, ast.Call):
                continue
            handed = [keyword.value for keyword in node.keywords if keyword.arg == "token_pattern"]
            if (spelled := _spell(node.func).split("."))[-2:-1] == ["str"] and spelled[
                -1
            ] in _BORROWERS:
                handed += node.args[:1]
            for pattern in handed:
                text = (
                    ast.literal_eval(pattern)
                    if isinstance(pattern, ast.Constant)
                    else getattr(sys.modules[module], pattern.id)
                )
                yield FoundPattern(f"{module}.{name}", text, int(re.compile(text).flags))


def _spy_out() -> tuple[set[FoundPattern], set[str]]:
    """Watch ``re`` at work; give the patterns, and places that made none and so would escape."""
    sites, patterns, silent = _sites(), set(), dict.fromkeys(_sites().values())
    compile_for_real = re._compile

    def watch(pattern: str | re.Pattern[str], flags: int) -> re.Pattern[str]:
        compiled = compile_for_real(pattern, flags)
        caller = sys._getframe(2)
        if place := sites.get((caller.f_code.co_filename, caller.f_lineno)):
            patterns.add(FoundPattern(place, compiled.pattern, compiled.flags))
            silent.pop(place, None)
        return compiled

    re._compile = watch
    for module, _, _ in list(_modules()):
        for member in vars(importlib.import_module(module)).values():
            if hasattr(member, "cache_info") and not inspect.signature(member).parameters:
                member()
    import fuzz_targets

    # Not before the spy: the modules that it takes in make patterns too.
    from imrml.text.late_patterns import LatePattern

    for pattern in [one for one in gc.get_objects() if isinstance(one, LatePattern)]:
        _ = pattern.compiled  # else compiled when a text may hold it
    for entry in fuzz_targets.ENTRIES:
        for seed in fuzz_targets.seeds(entry)[:4]:
            fuzz_targets.read(entry, seed)
    re._compile = compile_for_real
    return patterns | set(_borrowed()), set(silent) - _NOT_OURS


# --- what google-re2 accepts ---------------------------------------------------------------------


def compile_under_re2(pattern: str, flags: int) -> None:
    """Raise ``re2.error`` unless google-re2, linear by construction, can match a pattern."""
    import re2

    options = re2.Options()
    options.case_sensitive = not flags & re.IGNORECASE
    options.log_errors = False
    options.max_mem = 1 << 28
    letters = "".join(
        letter for flag, letter in ((re.DOTALL, "s"), (re.MULTILINE, "m")) if flags & flag
    )
    spelled = re.sub(r"\\u([0-9a-f]{4})", r"\\x{\1}", pattern.replace(r"\Z", r"\z"))
    re2.compile(f"(?{letters}:{spelled})" if letters else spelled, options)


_TOKEN = re.compile(
    r"(?P<look>\(\?<?[=!])|(?P<open>\()|(?P<close>\))"
    r"|(?P<atom>\\.|\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<repeat>[*+?]|\{\d*,?\d*\})(?P<possessive>\+?)",
    re.DOTALL,
)


def without_looks(pattern: str) -> str:
    """Leave out what RE2 lacks but Python does in constant time: bounded looks, possessive marks.

    A look of any length stays, and so does a back-reference: RE2 will refuse them.

    >>> without_looks(r"(?<![a-z])\\d++(?! (?:mg|ml))x(?=.*y)")
    '\\\\d+x(?=.*y)'
    """
    kept: list[str] = []
    opened: list[int | None] = []
    at = 0
    for token in _TOKEN.finditer(pattern):
        kept.append(pattern[at : token.start()])
        at = token.end()
        if token["look"] or token["open"]:
            opened.append(len(kept) if token["look"] else None)
        kept.append(token["repeat"] or token.group())
        if token["close"]:
            start = opened.pop()
            if start is not None and _is_near("".join(kept[start:])):
                del kept[start:]
    return "".join(kept) + pattern[at:]


_RUNS = frozenset(["MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"])
_SHORT_RUN = 1_000


def starts_with_a_run(pattern: str) -> bool:
    r"""Whether a pattern begins with a run of any length that something must follow.

    >>> starts_with_a_run(r"\d+ mg"), starts_with_a_run(r"\b\d+ mg")
    (True, False)
    """
    return _starts_with_a_run(list(re._parser.parse(pattern)))


def _starts_with_a_run(nodes: list) -> bool:
    if not nodes:
        return False
    kind, value = str(nodes[0][0]), nodes[0][1]
    if kind in _RUNS:
        return value[1] > _SHORT_RUN and len(nodes) > 1
    if kind == "SUBPATTERN":
        return _starts_with_a_run(list(value[3]))
    if kind == "BRANCH":
        return any(_starts_with_a_run(list(branch)) for branch in value[1])
    return kind == "ATOMIC_GROUP" and _starts_with_a_run(list(value))


def _is_near(look: str) -> bool:
    inner = re.sub(r"\((?:\?P<\w+>)", "(", re.sub(r"^\(\?<?[=!]", "(?:", look))
    return re._parser.parse(inner).getwidth()[1] <= FARTHEST_LOOK


if __name__ == "__main__":
    patterns, escaped = _spy_out()
    if escaped:
        sys.exit(
            f"patterns that nobody saw: {sorted(escaped)}; make them at module level "
            "or in a table read without arguments"
        )
    print(
        json.dumps(
            [
                # A pattern of bytes is judged as the pattern of characters that it spells.
                [
                    one.place,
                    one.pattern.decode("latin-1")
                    if isinstance(one.pattern, bytes)
                    else one.pattern,
                    one.flags,
                ]
                for one in patterns
            ]
        )
    )
