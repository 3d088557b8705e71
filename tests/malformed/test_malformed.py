"""Whatever a user hands over, the command line answers within seconds, in one clear line a mistake, and leaves nothing.

cases.yaml lists the inputs beside it, the command that meets each, and what the lines must say.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from unseen.cli import run

HERE = Path(__file__).parent
SECONDS = 5.0  # processor time of one answer
PATIENCE = 60.0  # seconds for a process of its own on a busy machine: it loads the libraries first


@dataclass(frozen=True)
class Case:
    command: str
    says: tuple[tuple[str, ...], ...]
    code: int = 2


def cases() -> list[Case]:
    entries = yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8"))
    return [Case(each["run"], tuple(map(tuple, each["says"])), each.get("code", 2)) for each in entries]


CASES = cases()
OWN_PROCESS = [CASES[place] for place in range(0, len(CASES), len(CASES) // 10)]


def load_made() -> object:
    import importlib.util

    spec = importlib.util.spec_from_file_location("malformed_made", HERE / "made.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the inputs, with those that cannot lie in git. Loading torch is not on the clock of the first case."""
    from transformers import AutoModelForCausalLM  # noqa: F401

    folder = tmp_path_factory.mktemp("malformed") / "corpus"
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    load_made().make(folder)  # type: ignore[attr-defined]
    return folder


@pytest.fixture
def there(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The copy as the working folder, with an empty home and no data of the user's."""
    monkeypatch.chdir(corpus)
    monkeypatch.setenv("UNSEEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for variable in ("UNSEEN_DATA", "UNSEEN_MODELS"):
        monkeypatch.delenv(variable, raising=False)
    return corpus


def files_under(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def half_written(home: Path) -> list[str]:
    return [name for name in files_under(home) if Path(name).name.startswith((".", "part-")) or name.endswith(".part")]


def check(case: Case, code: int, stderr: str) -> None:
    lines = stderr.splitlines()
    assert code == case.code, stderr
    assert "Traceback" not in stderr
    assert len(lines) == len(case.says), stderr
    for line, words in zip(lines, case.says, strict=True):
        assert line.startswith("unseen: ")
        assert [word for word in words if word not in line] == [], line


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.command)
def test_a_malformed_input_is_told_in_one_line_a_mistake(
    case: Case, there: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files_under(there)
    began = time.process_time()
    code = run(shlex.split(case.command))
    assert time.process_time() - began < SECONDS
    check(case, code, capsys.readouterr().err)
    assert files_under(there) == before
    assert half_written(tmp_path / "home") == []


@pytest.mark.parametrize("case", OWN_PROCESS, ids=lambda case: case.command)
def test_a_process_of_its_own_ends_as_well(case: Case, there: Path) -> None:
    command = [sys.executable, "-m", "unseen", *shlex.split(case.command)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    check(case, done.returncode, done.stderr)
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        "tune made/secret.yaml",
        "render --rows made/secret.jsonl --templates templates/good.yaml",
        "render --rows rows/good.jsonl --templates made/secret.yaml",
        "score --metric accuracy --predictions made/secret.jsonl",
    ],
)
def test_a_file_that_may_not_be_read(command: str, there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if os.access(there / "made" / "secret.yaml", os.R_OK):
        pytest.skip("this user may read every file")
    assert run(shlex.split(command)) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "made/secret" in lines[0] and "ermission" in lines[0]


def test_every_input_is_met_by_a_case() -> None:
    commands = " ".join(case.command for case in CASES)
    folders = [HERE / name for name in ("recipes", "catalogs", "rows", "templates", "models", "runs", "predictions")]
    inputs = [str(path.relative_to(HERE)) for folder in folders for path in folder.iterdir()]
    beside_others = {"catalogs/copied", "catalogs/relabelled"}  # which a recipe names
    assert len(inputs) >= 200
    assert [name for name in inputs if name not in commands and name not in beside_others] == []


def test_the_inputs_that_the_others_stand_on_are_sound(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Otherwise a case could fail for another reason than its own."""
    for command in (
        "tune recipes/sound.yaml --plan",
        "render --rows rows/good.jsonl --templates templates/good.yaml --check",
        "render --rows rows/good.jsonl --templates templates/text_only.yaml --check",
        "render mood/notes --catalog catalogs/sound --check",
        "show mood/notes --tokens --model models/sound --catalog catalogs/sound",
        "score --metric accuracy --predictions predictions/sound.jsonl",
    ):
        assert run(shlex.split(command)) == 0, capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["import"]])
def test_a_command_left_out_prints_the_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command) == 2
    shown = capsys.readouterr().err.splitlines()
    assert shown[0].startswith("Usage: unseen")
    assert len(shown) > 5
