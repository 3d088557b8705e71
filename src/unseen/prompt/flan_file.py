"""Reads FLAN's pattern files (`flan/templates.py`, `flan/baseline_templates.py`) as data; nothing of them is run.

Such a file is Python that assigns one dictionary to PATTERNS: a dataset's name to a list of (input pattern, target
pattern). The text is parsed, and only literal dictionaries, lists, tuples and strings are taken; whatever else the
file holds is never evaluated. A pattern names columns as `{name}`. Wei et al. 2022, "Finetuned Language Models Are
Zero-Shot Learners".
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from unseen.errors import TemplateMistake, raise_all
from unseen.prompt.promptsource_file import read_text

FILES = ("templates.py", "baseline_templates.py")
FIELD = re.compile(r"\{(\w*)\}")
_KNOWN = "a pattern file of FLAN assigns PATTERNS = {name: [(input, target), ...]}"


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is asked and what is answered, with `{column}`s; `line` is where it stands in its file."""

    input: str
    target: str
    line: int

    @property
    def asks_with(self) -> frozenset[str]:
        """The fields of the input."""
        return frozenset(FIELD.findall(self.input))


@dataclass(frozen=True, slots=True)
class PatternFile:
    """The patterns of one file by dataset; `plain`: GPT-3-style ones, for base models that were never tuned."""

    where: str
    plain: bool
    patterns: Mapping[str, tuple[Pattern, ...]]


def read_flan(place: str | Path) -> list[PatternFile]:
    """The pattern files of a checkout of FLAN, of its folder `flan`, or the one that `place` names.

    A file called `baseline_templates.py` holds plain patterns. Raises `TemplateMistake`, all of all files together.
    """
    path = Path(place).expanduser()
    if not path.exists():
        raise TemplateMistake(str(place), "no such file or folder", "check the path")
    files = list(_files(path)) if path.is_dir() else [path]
    if not files:
        raise TemplateMistake(str(place), f"holds no {' and no '.join(FILES)}", "name a checkout of FLAN or one file")
    mistakes: list[TemplateMistake] = []
    read = [PatternFile(str(file), _is_plain(file), _patterns(read_text(file), str(file), mistakes)) for file in files]
    raise_all(mistakes)
    return read


def _files(folder: Path) -> Iterator[Path]:
    inner = folder / "flan" if (folder / "flan").is_dir() else folder
    yield from (inner / name for name in FILES if (inner / name).is_file())


def _is_plain(file: Path) -> bool:
    return "baseline" in file.stem


def _patterns(text: str, where: str, mistakes: list[TemplateMistake]) -> dict[str, tuple[Pattern, ...]]:
    """The patterns in `text`; what is wrong with it is added to `mistakes`."""
    node = _dictionary(text, where, mistakes)
    found: dict[str, tuple[Pattern, ...]] = {}
    for key, value in zip(node.keys, node.values, strict=True) if node else ():
        line = value.lineno
        if key is None or (name := _text(key)) is None:
            mistakes.append(_mistake(where, line, "names a dataset by something else than a text", "quote its name"))
            continue
        if name in found:
            mistakes.append(_mistake(where, line, f"has '{name}' a second time", "keep one of them"))
        found[name] = tuple(_of_dataset(value, f"{where}, line {{}}, '{name}'", mistakes))
    return found


def _dictionary(text: str, where: str, mistakes: list[TemplateMistake]) -> ast.Dict | None:
    """The literal that PATTERNS is, or None where there is none."""
    try:
        with warnings.catch_warnings(action="ignore"):  # a doubtful escape in a string is the file's own affair
            tree = ast.parse(text)
    except SyntaxError as error:
        mistakes.append(_mistake(where, error.lineno or 1, f"is not Python ({error.msg})", "fetch the file again"))
        return None
    except (ValueError, RecursionError, MemoryError) as error:
        mistakes.append(TemplateMistake(where, f"is not Python ({type(error).__name__})", "fetch the file again"))
        return None
    values = [value for statement in tree.body if (value := _assigned(statement)) is not None]
    if not values:
        mistakes.append(TemplateMistake(where, "assigns no PATTERNS", _KNOWN))
        return None
    if len(values) > 1:
        mistakes.append(_mistake(where, values[1].lineno, "assigns PATTERNS a second time", "keep one of them"))
    if not isinstance(values[0], ast.Dict):
        mistakes.append(_mistake(where, values[0].lineno, "PATTERNS is no literal dictionary", _KNOWN))
        return None
    return values[0]


def _assigned(statement: ast.stmt) -> ast.expr | None:
    """The value that a top-level statement gives to the name PATTERNS."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    named = any(isinstance(target, ast.Name) and target.id == "PATTERNS" for target in targets)
    return getattr(statement, "value", None) if named else None


def _of_dataset(node: ast.expr, place: str, mistakes: list[TemplateMistake]) -> Iterator[Pattern]:
    """`place` has a gap for the line."""
    if not isinstance(node, ast.List | ast.Tuple) or not node.elts:
        held = "is empty" if isinstance(node, ast.List | ast.Tuple) else "is no literal list"
        mistakes.append(TemplateMistake(place.format(node.lineno), held, "write [(input, target), ...]"))
        return
    for each in node.elts:
        at = place.format(each.lineno)
        texts = [_text(part) for part in each.elts] if isinstance(each, ast.Tuple | ast.List) else []
        if len(texts) != 2 or texts[0] is None or texts[1] is None:
            mistakes.append(TemplateMistake(at, "is no pair of texts", "write (input, target), both plain strings"))
        elif empty := [text for text in texts if text is None or not text.strip()]:
            what = "both texts are empty" if len(empty) == 2 else "one of the two texts is empty"
            mistakes.append(TemplateMistake(at, what, "write what is asked and what is answered"))
        elif any("" in FIELD.findall(text) for text in (texts[0], texts[1])):
            mistakes.append(TemplateMistake(at, "has a field without a name", "write {column}"))
        else:
            yield Pattern(texts[0], texts[1], each.lineno)


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _mistake(where: str, line: int, what: str, remedy: str) -> TemplateMistake:
    return TemplateMistake(f"{where}, line {line}", what, remedy)
