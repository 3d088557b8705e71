"""What a study would cost: one arm measured, the others in proportion to what they do, answers that are shared once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from made_studies import Made, write_study
from tiny_studies import tiny_study

from unseen.cli import run
from unseen.errors import DataMistake
from unseen.recipe import load_recipe
from unseen.study import study_plan
from unseen.study.arm_cost import Sizes, cost_of, measured
from unseen.study.arms import expand
from unseen.study.done_before import said_done
from unseen.study.find import shipped_studies
from unseen.study.fingerprint import versions
from unseen.study.pilot import run_pilot
from unseen.study.study_file import Study
from unseen.study.study_plan import START_SECONDS, plan_study
from unseen.study.study_run import StudyRun, run_study
from unseen.train.machine import precision_here

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
    assert costs["all"] == (100, 40) and costs["asked_more"] == (0, 80) and costs["untuned"][0] == 0
    assert 150 < costs["twice"][0] < 250 and costs["twice"][1] == 40
    a_seed = sum(sum(each) for each in costs.values()) + len(costs) * START_SECONDS
    # 'asked_more' is tuned as 'all' is, 'twice' asks the base model nothing new, and 'untuned' nothing at all
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


def test_what_an_arm_does_is_counted_anew_where_a_file_that_it_names_was_changed(
    tiny_model: Path, tmp_path: Path, home: Path
) -> None:
    chats = tmp_path / "chats.jsonl"
    source = {"diversity.source": str(chats), "diversity.ratio": 3}
    (arm,) = expand(tiny_study(tmp_path, tiny_model, arms=[{"name": "all", "set": source}]))
    sizes = []
    for answer in ("Yes.", "Nobody knows, " * 20):
        chat = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": answer}]
        chats.write_text(json.dumps({"messages": chat}) + "\n")
        sizes.append(Sizes()(arm.recipe, "tune"))
    assert sizes[1].supervised > 2 * sizes[0].supervised


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


def test_a_pilot_says_what_more_seeds_and_rows_would_show(
    as_measured: dict[str, Any], tiny_model: Path, tmp_path: Path, home: Path
) -> None:
    pilot = write_study(tmp_path / "pilot", Made({"none": None, "all": 0.0, "more": 3.0}, baseline="all", seeds=(0, 1)))
    shown, decided = {}, {}
    for seeds, rows in [(2, 4), (6, 4), (6, 40)]:
        base = {"evaluate": {"rows": rows, "max_new_tokens": 4}}
        study = tiny_study(tmp_path / f"{seeds}-{rows}", tiny_model, base=base, seeds=list(range(seeds)))
        found = plan_study(study, pilot, workers=1).values["shows"]
        assert (found["seeds"], found["rows"], found["comparisons"], found["tasks"]) == (seeds, rows, 1, 1)
        assert found["budget_allows"] is None
        shown[seeds, rows], decided[seeds, rows] = found["smallest_difference"], found["decided_difference"]
    assert shown[2, 4] > shown[6, 4] > shown[6, 40] > 0
    assert all(decided[size] >= shown[size] for size in shown) and decided[6, 4] > shown[6, 4]


def test_a_pilot_counts_the_comparisons_that_the_study_has_too(
    as_measured: dict[str, Any], tiny_model: Path, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says of each of them what would be decided: a mean says little of comparisons on other tasks."""
    pilot = write_study(tmp_path / "pilot", Made({"none": 0.0, "more": 3.0, "most": 5.0}, seeds=(0, 1)))
    arms = [{"name": "none"}, {"name": "more", "set": {"train.rank": 2}}]
    study = tiny_study(tmp_path / "study", tiny_model, arms=arms, baseline="none")
    found = plan_study(study, pilot, workers=1).values["shows"]
    assert found["by_arm"].keys() == {"more"} and found["by_arm"]["more"] > 0
    every = tiny_study(tmp_path / "every", tiny_model)  # its arms have other names
    assert plan_study(every, pilot, workers=1).values["shows"]["by_arm"].keys() == {"more", "most"}
    assert run(["study", "plan", str(every.path), "--from", str(pilot), "--workers", "1"]) == 0
    assert "(more)" in capsys.readouterr().out


def test_a_pilot_says_what_the_budget_would_buy(
    as_measured: dict[str, Any], tiny_model: Path, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A seed of two arms takes 220 seconds whatever is asked, and 15 for every row of a task."""
    pilot = write_study(tmp_path / "pilot", Made({"none": 0.0, "more": 3.0}, seeds=(0, 1)))
    decided = []
    for hours in (0.1, 0.3, 1.0):
        study = tiny_study(tmp_path / str(hours), tiny_model, budget={"hours": hours})
        found = plan_study(study, pilot, workers=1).values["shows"]["budget_allows"]
        if hours == 0.1:
            assert found is None
            continue
        took = found["seeds"] * (2 * (100 + START_SECONDS) + 15 * found["rows"])
        assert 0.8 * 3600 * hours < took <= 3600 * hours and found["seeds"] >= 2
        decided.append(found["decided_difference"])
    assert decided[0] > decided[1]
    assert run(["study", "plan", str(study.path), "--from", str(pilot), "--workers", "1"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"decides about {decided[1]:.1f} points either way" in said and "rows at best" in said


def test_a_plan_takes_seeds_from_all_of_its_own_arms_together(
    as_measured: dict[str, Any], tiny_model: Path, tmp_path: Path, home: Path
) -> None:
    """A pilot of two arms can not; the study of five will."""
    made = Made({"none": 0.0, "more": 3.0}, seeds=(0, 1, 2), tasks=("nli/a", "nli/b"), seed=6.0, both=0.1, rows=30)
    pilot = write_study(tmp_path / "pilot", made)
    shown = {}
    for kind, arms in {"tuned": {}, "asked": {"set": {"tune": False}}}.items():
        more = [{"name": f"arm{number}", "set": {"train.rank": number + 1}} for number in range(4)]
        study = tiny_study(tmp_path / kind, tiny_model, arms=[{"name": "all", **arms}, *more], seeds=[0, 1, 2])
        shown[kind] = plan_study(study, pilot, workers=1).values["shows"]["smallest_difference"]
    assert shown["tuned"] < 0.7 * shown["asked"]


def test_a_pilot_without_two_arms_is_a_mistake(
    as_measured: dict[str, Any], tiny_model: Path, tmp_path: Path, home: Path
) -> None:
    pilot = write_study(tmp_path / "pilot", Made({"none": 0.0, "all": None}))
    with pytest.raises(DataMistake, match="no two arms that could be compared"):
        plan_study(tiny_study(tmp_path, tiny_model), pilot, workers=1)


def test_a_pilot_is_two_arms_and_two_seeds_at_the_smoke_size(
    tiny_model: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def run_two(study: Study, arms: tuple[str, ...], workers: int | None) -> StudyRun:
        asked.update(study=study, arms=arms)
        return StudyRun(tmp_path / "pilot", {}, (), ())

    monkeypatch.setattr("unseen.study.pilot.run_study", run_two)
    sizes = {"smoke": {"seeds": [7], "base": {"train.steps": 2}}}
    study = tiny_study(tmp_path, tiny_model, arms=[*ARMS], sizes=sizes, seeds=[0, 1, 2])
    assert run_pilot(study) == tmp_path / "pilot"
    assert asked["study"].size == "smoke" and asked["study"].said.seeds == (7, 8)
    assert asked["arms"] == ("twice", "all") and asked["study"].base["train"]["steps"] == 2


def test_what_was_done_before_costs_nothing(
    as_measured: dict[str, Any], tiny_model: Path, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that is the same costs no second, one that is tuned alike only its asking; others cost what they did."""
    done = run_study(tiny_study(tmp_path / "done", tiny_model, arms=ARMS[:1]), tmp_path / "runs", workers=1).folder
    study = tiny_study(tmp_path, tiny_model, arms=ARMS, seeds=[0, 1])
    without, beside = (plan_study(study, workers=1, reuse=places).values for places in ((), [done]))
    assert without["done_before"] == {"whole": 0, "tuning": 0} and beside["done_before"] == {"whole": 1, "tuning": 1}
    said = {line["arm"]: line["how"] for line in beside["arms"]}
    assert "1 of 2 seeds done before" in said["all"] and "1 of 2 seeds tuned before" in said["asked_more"]
    assert "before" not in said["twice"] + said["untuned"]
    # the tuning of 'asked_more' is none where 'all' does it, and both are asked what they share with the untuned once
    assert 3600 * (without["hours"] - beside["hours"]) == pytest.approx(100 + START_SECONDS + 40 - 20, abs=4)
    assert run(["study", "plan", str(study.path), "--workers", "1", "--reuse", str(done)]) == 0
    assert "1 of 8 runs; of 1 more the tuning" in capsys.readouterr().out
    assert run(["study", "plan", str(study.path), "--reuse", str(tmp_path / "nowhere")]) == 2


@pytest.mark.parametrize(
    "key", ["diversity.source", "diversity.wordings", "evaluate.hints.dictionary", "evaluate.bleurt"]
)
def test_a_run_with_other_pairs_wordings_or_hints_is_another(key: str) -> None:
    """Their names are not in a run's identity, since what they hold is."""
    shipped = shipped_studies() / "delia" / "dipmt.yaml"
    one, two = (
        load_recipe(shipped, ["diversity.source=pairs", "diversity.ratio=1", *more]).canonical()
        for more in ((), [f"{key}=other"])
    )
    records = [{"recipe": one, "versions": versions(), "training": {"precision": precision_here("auto")}}]
    assert said_done(one, True, records) == "whole" and said_done(two, True, records) != "whole"
