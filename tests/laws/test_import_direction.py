"""Imports run one way only, and heavy libraries stay where they belong."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TypeGuard

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "unseen"
LAYERS = [
    ["errors"],
    ["launch", "named_path", "wholefile"],
    ["phases"],
    ["progress"],
    ["names"],
    ["fulldisk", "section", "yamlfile"],
    ["recipe"],
    ["data"],
    ["prompt"],
    ["task"],
    ["encode"],
    ["model"],
    ["trie"],
    ["ask"],
    ["diversify", "train", "evaluation"],
    ["probe"],
    ["study"],
    ["reporting"],
    ["studio"],
    ["cli_backend", "cli_options"],
    ["cli_dictionary", "cli_facts", "cli_wordings"],
    ["cli_chat", "cli_diversify", "cli_import", "cli_probe", "cli_push", "cli_studio", "cli_study", "cli_tasks"],
    ["cli"],
    ["__main__", "__init__"],
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
TORCH_LAYERS = {"model", "trie", "ask", "train", "probe"}
HEAVY = {"torch", "transformers", "peft", "accelerate", "datasets", "gguf", "gradio"}
SLOW_TO_LOAD = {"peft", "accelerate", "datasets", "gguf", "gradio"}


def modules() -> list[Path]:
    return sorted(p for p in PACKAGE.rglob("*.py") if "make" not in p.parts)


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    here = layer_of(path)
    if here == "catalog":
        return
    for name, line in imports(ast.parse(path.read_text())):
        parts = name.split(".")
        if parts[0] == "unseen" and len(parts) > 1 and parts[1] != here:
            assert LEVEL[parts[1]] < LEVEL[here], f"{path}:{line}: {here} imports {name}, which comes later"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_libraries_stay_in_their_layers(path: Path) -> None:
    at_top = {name.split(".")[0] for name in imports_when_loaded(ast.parse(path.read_text()).body)}
    assert not at_top & SLOW_TO_LOAD, f"{path} imports {at_top & SLOW_TO_LOAD} when it is loaded"
    if layer_of(path) not in TORCH_LAYERS:
        assert not at_top & HEAVY, f"{path} imports {at_top & HEAVY} when it is loaded"


def imports_when_loaded(body: Iterable[ast.stmt]) -> Iterator[str]:
    """What loading a module imports: its statements, those under if, try and with and in classes too; not those inside
    functions, nor those for the type checker alone."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (name for name, _ in imports(node))
        elif is_type_checking(node):
            yield from imports_when_loaded(node.orelse)
        else:
            handlers = [each.body for each in getattr(node, "handlers", ())]
            parts = [getattr(node, part, ()) for part in ("body", "orelse", "finalbody")]
            yield from imports_when_loaded(chain(*parts, *handlers))


def is_type_checking(node: ast.AST) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def test_what_a_module_imports_when_it_is_loaded() -> None:
    source = """
import a
if TYPE_CHECKING:
    import never
else:
    import b
if sys.platform == "darwin":
    import c
try:
    from d import x
except ImportError:
    import e
finally:
    import f
class K:
    import g
    def method(self):
        import never
def function():
    import never
with nothing():
    import h
"""
    assert list(imports_when_loaded(ast.parse(source).body)) == list("abcdfegh")


@pytest.mark.parametrize(
    "command",
    [["list", "tasks"], ["list", "models"], ["list", "studies"], ["show", "sentiment/film_notes"],
     ["show", "sentiment/film_notes", "--tokens"], ["render", "sentiment/film_notes", "--check"], ["--help"]],
    ids=" ".join,
)  # fmt: skip
def test_rendering_never_loads_torch(command: list[str]) -> None:
    code = (
        "import sys\nfrom unseen.cli import run\n"
        f"status = run({command!r})\n"
        "heavy = {'torch', 'transformers', 'peft', 'datasets', 'accelerate'}\n"
        "print(status, sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-1]
    assert last in ("0 []", "2 []") and not (last == "2 []" and "--tokens" not in command), done.stderr
