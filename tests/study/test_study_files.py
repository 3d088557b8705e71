"""What a study file may say, and that everything wrong with it is told at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder

from unseen.cli import run
from unseen.errors import RecipeMistake, UserMistake
from unseen.study.find import find_study, shipped_studies, study_files
from unseen.study.study_file import load_study

Write = Callable[[str, str], Path]
STUDY = """
study: ranks
question: Does the rank matter?
base:
  seen: [sentiment/*, topic/*]
  unseen: [nli/*]
  train: {steps: 4, rank: 8}
arms:
  - {name: all}
  - {grid: values, key: train.rank, values: [2, 4]}
baseline: all
sizes:
  small: {seeds: [0, 1], base: {train: {steps: 3}}}
  smoke: {seeds: [0], base: {train.steps: 2, unseen: [commonsense/*]}, budget: {hours: 1}}
"""


def changed(write: Write, name: str = "study.yaml", **values: object) -> Path:
    return write(name, yaml.safe_dump({**yaml.safe_load(STUDY), **values}))


def lines_of(path: Path, size: str = "full") -> tuple[str, ...]:
    with pytest.raises(UserMistake) as told:
        load_study(path, size)
    return told.value.lines


def test_a_size_changes_only_what_it_names(write: Write) -> None:
    path = write("study.yaml", STUDY)
    full, small, smoke = (load_study(path, size) for size in ("full", "small", "smoke"))
    assert full.said.seeds == (0, 1, 2) and full.base["train"] == {"steps": 4, "rank": 8}
    assert small.said.seeds == (0, 1) and small.base["train"] == {"steps": 3, "rank": 8}
    assert smoke.base["train"] == {"steps": 2, "rank": 8} and smoke.base["unseen"] == ["commonsense/*"]
    assert smoke.base["seen"] == full.base["seen"] and smoke.said.budget.hours == 1


def test_base_values_can_come_from_a_recipe_beside_the_study(write: Write) -> None:
    write("own.yaml", "name: own\nseen: [sentiment/*]\nunseen: [nli/*]\ntrain: {steps: 9, rank: 3}\n")
    path = changed(write, recipe="own.yaml", base={"train.steps": 5})
    assert load_study(path).base["train"] == {"steps": 5, "rank": 3}
    assert load_study(path).base["seen"] == ["sentiment/*"]


def test_everything_wrong_is_told_at_once_with_the_nearest_key(write: Write) -> None:
    path = changed(
        write,
        qestion="typo",
        base={"seen": ["sentiment/*"], "train": {"stepz": 4}},
        arms=[
            {"name": "all", "set": {"train.learning_rat": 1e-5}},
            {"name": "not a name"},
            {"grid": "power", "of": "tasks"},
            {"grid": "powers", "of": "tasks", "frm": 1, "to": 4},
            {"grid": "values", "key": "train.rnk", "values": [2]},
            {"grid": "product", "of": [{"grid": "models", "values": ["a"]}, [{"nam": "x"}]]},
        ],
        decision={"smalest": 2},
        sizes={"smoke": {"measure": {"sied": "unseen"}}, "small": {"base": {"train": {"rank": 0}}}},
    )
    said = "\n".join(lines_of(path, "smok"))
    for wrong, remedy in [
        ("no size 'smok'", "'smoke'"),
        ("'qestion'", "'question'"),
        ("'train.stepz'", "'steps'"),
        ("'train.learning_rat'", "'learning_rate'"),
        ("arms.1: name", "may hold letters"),
        ("no grid 'power'", "'powers'"),
        ("arms.3: unknown key 'frm'", "'from'"),
        ("'train.rnk'", "'rank'"),
        ("arms.5.of.1: unknown key 'nam'", "'name'"),
        ("'decision.smalest'", "'smallest'"),
        ("'measure.sied'", "'side'"),
        ("train.rank", "at least 1"),
    ]:
        assert any(wrong in line and remedy in line for line in said.splitlines()), (wrong, said)
    assert all(line.startswith(str(path)) for line in said.splitlines())


def test_the_same_mistake_is_told_once_whatever_the_number_of_sizes(write: Write) -> None:
    assert len(lines_of(changed(write, decision={"smallest": 0}))) == 1


def test_the_budget_is_no_part_of_what_is_fixed_before_a_study_runs(write: Write) -> None:
    plain = load_study(write("a.yaml", STUDY))
    assert load_study(changed(write, "b.yaml", budget={"hours": 5})).fingerprint == plain.fingerprint
    for name, value in [("question", "Why?"), ("decision", {"smallest": 1}), ("seeds", [0]), ("baseline", "rank-2")]:
        assert load_study(changed(write, "c.yaml", **{name: value})).fingerprint != plain.fingerprint, name
    assert load_study(write("a.yaml", STUDY), "small").fingerprint != plain.fingerprint


def test_a_study_is_found_by_its_name(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("studies/of_mine.yaml", STUDY)
    monkeypatch.chdir(tmp_path)
    assert find_study("of_mine") == Path("studies/of_mine.yaml")
    with pytest.raises(RecipeMistake, match="did you mean 'of_mine'"):
        find_study("of_mien")


@pytest.mark.parametrize("path", study_files(), ids=lambda path: path.stem)
def test_every_study_that_ships_can_be_read_and_has_a_size_for_ci(path: Path) -> None:
    study = load_study(path, "smoke")
    assert study.name == path.stem and study.said.budget.hours


def test_the_wheel_carries_the_studies() -> None:
    root = shipped_studies().parent
    carried = {file.distribution_path for file in WheelBuilder(str(root)).recurse_included_files()}
    assert carried >= {f"unseen/catalog/studies/{path.name}" for path in shipped_studies().glob("*.yaml")}


def test_studies_are_listed_with_their_question_and_sizes(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write("studies/ranks.yaml", STUDY)
    write("studies/odd.yaml", STUDY.replace("question", "qestion"))
    monkeypatch.chdir(tmp_path)
    assert run(["list", "studies", "--json"]) == 0
    odd, ranks, *shipped = json.loads(capsys.readouterr().out)
    assert ranks == {
        "study": "ranks",
        "question": "Does the rank matter?",
        "sizes": ["small", "smoke", "full"],
        "file": "studies/ranks.yaml",
    }
    assert "broken" in odd["file"] and "question: is missing" in odd["file"]
    assert {each["study"] for each in shipped} == {path.stem for path in shipped_studies().glob("*.yaml")}
