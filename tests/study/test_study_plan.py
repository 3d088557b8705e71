"""What a study would cost: one arm measured, the others in proportion to what they do, answers that are shared once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_studies import tiny_study

from unseen.cli import run
from unseen.errors import DataMistake
from unseen.study import study_plan
from unseen.study.arm_cost import cost_of, measured
from unseen.study.arms import expand
from unseen.study.study_plan import START_SECONDS, plan_study

ARMS = [
    {"name": "all"},
    {"name": "twice", "set": {"train.examples_per_step": 8}},
    {"name": "asked_more", "set": {"evaluate.rows": 8}},
    {"name": "untuned", "set": {"tune": False}},
]


@pytest.fixture
def as_measured(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A measurement of the baseline that a test can reckon with."""
    spent = {"tuning_seconds": 100.0, "asking_seconds": 40.0, "memory_mb": 10}
    monkeypatch.setattr(study_plan, "measured", lambda recipe, work: spent)
    return spent


def test_arms_are_scaled_by_positions_and_questions(
    as_measured: dict[str, Any], tiny_model: Path, tmp_path: Path, home: Path
) -> None:
    base = {"evaluate": {"rows": 4, "max_new_tokens": 4, "seen": False}}
    study = tiny_study(tmp_path, tiny_model, base=base, arms=ARMS, seeds=[0, 1], budget={"hours": 0.1})
    values = plan_study(study, workers=1).values
    costs = {line["arm"]: (line["tuning_seconds"], line["asking_seconds"]) for line in values["arms"]}
    assert costs["all"] == (100, 40) and costs["asked_more"] == (100, 80) and costs["untuned"][0] == 0
    assert 150 < costs["twice"][0] < 250 and costs["twice"][1] == 40
    a_seed = sum(sum(each) for each in costs.values()) + len(costs) * START_SECONDS
    # 'twice' asks the base model nothing that 'all' did not, and 'untuned' nothing at all
    shared = 20 + costs["untuned"][1]
    assert values["hours"] == pytest.approx(2 * (a_seed - shared) / 3600, abs=1e-3)
    assert values["measured_arm"] == "all" and not values["within_budget"] and values["shows"] is None


def test_an_arm_that_cannot_run_is_told_and_the_others_planned(
    as_measured: dict[str, Any], tiny_model: Path, tmp_path: Path, home: Path
) -> None:
    arms = [{"name": "all"}, {"name": "bad", "set": {"seen": ["nowhere/*"]}}]
    lines = plan_study(tiny_study(tmp_path, tiny_model, arms=arms), workers=1).values["arms"]
    assert lines[0]["how"] == "measured" and lines[1]["how"].startswith("cannot run: tasks: 'nowhere/*'")


def test_a_cost_is_measured_once_in_a_process_of_its_own(
    tiny_model: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (arm,) = expand(tiny_study(tmp_path, tiny_model, arms=[{"name": "all"}]))
    first = measured(arm.recipe)
    assert first["asking_seconds"] >= 0 and first["memory_mb"] > 0 and set(first) == set(cost_of(arm.recipe, "tune"))
    monkeypatch.setattr("subprocess.run", lambda *arguments, **named: pytest.fail("measured again"))
    assert measured(arm.recipe.model_copy(update={"name": "other"})) == first


def test_a_recipe_that_cannot_be_measured_says_why(tiny_model: Path, tmp_path: Path, home: Path) -> None:
    (arm,) = expand(tiny_study(tmp_path, tiny_model, arms=[{"name": "all", "set": {"model": "/nowhere"}}]))
    with pytest.raises(DataMistake, match="cannot be planned: /nowhere: no such model"):
        measured(arm.recipe)


def test_an_arm_that_only_asks_costs_what_asking_costs(tiny_model: Path, tmp_path: Path, home: Path) -> None:
    (arm,) = expand(tiny_study(tmp_path, tiny_model, arms=[{"name": "all", "set": {"tune": False}}]))
    cost = cost_of(arm.recipe, "ask")
    assert cost["tuning_seconds"] == 0 and cost["asking_seconds"] > 0


def test_the_plan_on_the_command_line(
    as_measured: dict[str, Any], tiny_model: Path, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tiny_study(tmp_path, tiny_model, budget={"hours": 9}).path)
    assert run(["study", "plan", path, "--workers", "1"]) == 0
    said = capsys.readouterr().out
    assert "within 9 hours" in said and "unknown without a pilot" in said and "by positions and questions" in said
    assert run(["study", "plan", path, "--workers", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["arms"][0]["tuning_seconds"] == 100
