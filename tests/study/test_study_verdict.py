"""A study's verdict, from folders made by hand: the words, the pairing, what is left out, and hand-worked numbers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_studies import Made, prediction, write_study

from unseen.errors import DataMistake
from unseen.evaluation.prediction_file import PredictionWriter, read_predictions
from unseen.study.bundle import plain
from unseen.study.results import read_results
from unseen.study.student import holm
from unseen.study.verdict import Verdict, analyse

SURE = {"seed": 0.5, "both": 0.3, "rows": 80, "templates": (-2.0, 2.0)}


def verdict_of(folder: Path, made: Made) -> Verdict:
    return analyse(read_results(write_study(folder, made)))


def test_large_true_effects_are_found_and_the_sign_is_right(tmp_path: Path) -> None:
    found = verdict_of(tmp_path, Made(arms={"none": 0.0, "good": 15.0, "bad": -15.0}, **SURE))
    assert [(arm.name, arm.word) for arm in found.arms] == [("none", None), ("good", "better"), ("bad", "worse")]
    assert found.comparisons == 2
    compared = [arm for arm in found.arms if arm.difference]
    assert [arm.corrected for arm in compared] == holm([arm.difference.main.p for arm in compared if arm.difference])


def test_a_difference_is_the_mean_of_what_each_seed_and_task_shows(tmp_path: Path) -> None:
    """By hand: two tasks of two rows, three templates, two seeds; medians over templates, then means."""
    right = {  # (arm, seed, task): how many of the two rows each template gets right
        ("none", 0, "nli/a"): (0, 1, 2), ("none", 0, "nli/b"): (1, 1, 1),
        ("none", 1, "nli/a"): (1, 1, 2), ("none", 1, "nli/b"): (0, 0, 1),
        ("good", 0, "nli/a"): (2, 2, 1), ("good", 0, "nli/b"): (1, 2, 1),
        ("good", 1, "nli/a"): (2, 2, 2), ("good", 1, "nli/b"): (1, 1, 0),
    }  # fmt: skip
    write_study(tmp_path, Made(arms={"none": 0.0, "good": 0.0}, seeds=(0, 1), tasks=("nli/a", "nli/b"), rows=2))
    for arm, seed in {(arm, seed) for arm, seed, _ in right}:
        with PredictionWriter(tmp_path / f"arms/{arm}/seed-{seed}/predictions.parquet") as writer:
            for task in ("nli/a", "nli/b"):
                for number, count in enumerate(right[arm, seed, task]):
                    for row in range(2):
                        writer.write(prediction(task, f"t{number}", row, "tuned", row < count))
    found = analyse(read_results(tmp_path))
    none, good = found.arm("none"), found.arm("good")
    assert none.own is not None and good.own is not None and good.difference is not None
    assert none.own.table.cells == ((50.0, 50.0), (50.0, 0.0))
    assert good.own.table.cells == ((100.0, 50.0), (100.0, 50.0))
    assert good.difference.table.cells == ((50.0, 0.0), (50.0, 50.0))
    assert good.difference.main.value == pytest.approx(37.5)
    assert [each.value for each in good.difference.by_seed] == [25.0, 50.0]
    assert {task: each.value for task, each in good.difference.tasks.items()} == {"nli/a": 50.0, "nli/b": 25.0}
    # Ranges over templates: none 100, 0 and 50, 50; good 50, 50 and 0, 50. Means over seeds 75, 25 and 25, 50.
    assert none.own.spreads["range"].value == pytest.approx(50.0)
    assert good.own.spreads["range"].value == pytest.approx(37.5)
    assert good.difference.spreads["range"].value == pytest.approx(-12.5)  # of -50 and 25
    [last] = [each for each in good.ways if (each.model, each.task) == ("tuned", "nli/b")]
    assert last.worst == (("t0", "t2"), 25.0)  # 50 in seed 0, where t2 is no better; 0 in seed 1
    assert last.best == (("t1", "t0"), 75.0) and last.range == 50.0


def test_a_spread_over_tasks_is_their_mean(tmp_path: Path) -> None:
    """A median over tasks is one task's number, whose interval is not that of a mean."""
    found = verdict_of(tmp_path, Made(arms={"none": 0.0, "good": 5.0}, measure={"of": "range"}, rows=10))
    for arm in found.arms:
        for measured in (arm.own, arm.difference):
            if measured is not None:
                each = [task.value for task in measured.tasks.values()]
                assert measured.main.value == pytest.approx(np.mean(each)) != pytest.approx(np.median(each))


def without_rows(folder: Path, arms: Sequence[str], task: str, least: int) -> None:
    """Take the first rows of a task from the predictions of these arms, as where they were too long."""
    for path in (path for arm in arms for path in folder.glob(f"arms/{arm}/seed-*/predictions.parquet")):
        kept = [each for each in read_predictions(path) if each.task != task or each.row >= least]
        with PredictionWriter(path) as writer:
            for each in kept:
                writer.write(each)


def test_rows_that_only_the_baseline_was_asked_change_no_interval(tmp_path: Path) -> None:
    """What all arms together say of seeds is of the rows that are compared, as the differences are."""
    folder = write_study(tmp_path, Made(arms={"none": 0.0, "good": 5.0, "bad": -5.0}, rows=20, seed=12.0))
    without_rows(folder, ["good", "bad"], "nli/a", 8)
    some = analyse(read_results(folder))
    without_rows(folder, ["none"], "nli/a", 8)
    all_ = analyse(read_results(folder))
    assert some.arm("none").own != all_.arm("none").own
    for name in ("good", "bad"):
        one, other = some.arm(name).difference, all_.arm(name).difference
        assert one is not None and other is not None and one.pilot.family == 3
        assert plain(one.main) == pytest.approx(plain(other.main))
        assert plain(one.pilot) == pytest.approx(plain(other.pilot))


def test_seeds_are_of_all_arms_together_only_where_there_are_three(tmp_path: Path) -> None:
    found = verdict_of(tmp_path / "two", Made(arms={"none": 0.0, "good": 5.0}, rows=10)).arm("good").difference
    assert found is not None and found.pilot.family == 0
    arms = {"none": 0.0, "good": 5.0, "bad": -5.0}
    found = verdict_of(tmp_path / "three", Made(arms=arms, rows=10)).arm("good").difference
    assert found is not None and found.pilot.family == 3


def test_unfinished_and_failed_arms_are_told_and_the_others_compared(tmp_path: Path) -> None:
    made = Made(
        arms={"none": 0.0, "good": 15.0, "broken": "/nowhere: no such model", "waiting": None},
        missing=[("good", 2)],
        **SURE,
    )
    results = read_results(write_study(tmp_path, made))
    found = analyse(results)
    assert [arm.word for arm in found.arms] == [None, "better", None, None]
    assert found.arm("good").seeds == (0, 1)
    assert found.arm("good").planned == (0, 1, 2)
    good = found.arm("good").difference
    assert good is not None
    assert good.unused_seeds == 1  # the baseline's third
    assert found.arm("broken").why == "no seed has finished"
    broken = [arm for arm in results.arms if arm.name == "broken"]
    assert {(arm.state, arm.error) for arm in broken} == {("failed", "/nowhere: no such model")}


def test_comparisons_that_wait_for_an_arm_count_in_the_correction(tmp_path: Path) -> None:
    """Else whoever stops a study early, or lets arms fail, is held to a weaker rule than the study said."""
    arms = {"none": 0.0, "good": 6.0, "broken": "/nowhere: no such model", "waiting": None}
    found = verdict_of(tmp_path, Made(arms=arms, **SURE))
    difference = found.arm("good").difference
    assert difference is not None and 0 < difference.main.p < 1 / 3
    assert found.comparisons == 3 and found.arm("good").corrected == pytest.approx(3 * difference.main.p)


def test_without_a_baseline_nothing_is_compared(tmp_path: Path) -> None:
    found = verdict_of(tmp_path, Made(arms={"none": None, "good": 5.0}, rows=10))
    assert found.arm("good").word is None
    assert found.arm("good").own is not None
    assert "none has not finished" in found.arm("good").why


def test_a_finished_arm_whose_record_is_gone_counts_as_failed(tmp_path: Path) -> None:
    write_study(tmp_path, Made(arms={"none": 0.0}, rows=5))
    (tmp_path / "arms/none/seed-0/record.json").unlink()
    states = {arm.seed: arm.state for arm in read_results(tmp_path).arms}
    assert states[0] != "finished"
    assert states[1] == "finished"


def test_a_folder_that_is_no_study_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(DataMistake, match=r"study\.json"):
        read_results(tmp_path)


def test_tasks_that_the_start_model_was_tuned_on_are_void(tmp_path: Path) -> None:
    made = Made(arms={"none": 0.0, "good": 15.0}, conflicts={"nli/a": ["glue"]}, **SURE)
    good = verdict_of(tmp_path / "dataset", made).arm("good")
    assert good.void == ("nli/a",)
    assert good.difference is not None and set(good.difference.tasks) == {"nli/b", "qa/c", "qa/d"}
    clusters = Made(arms=made.arms, conflicts=made.conflicts, level="cluster", **SURE)
    good = verdict_of(tmp_path / "cluster", clusters).arm("good")
    assert good.void == ("nli/a", "nli/b")  # its cluster is not unseen any more


def test_where_every_task_is_void_the_verdict_is(tmp_path: Path) -> None:
    made = Made(arms={"none": 0.0, "good": 15.0}, conflicts={t: ["p3"] for t in Made(arms={}).tasks}, rows=10)
    found = verdict_of(tmp_path, made)
    assert found.arm("good").word == "void"
    assert found.comparisons == 0


def test_each_arm_against_its_own_base(tmp_path: Path) -> None:
    found = verdict_of(tmp_path, Made(arms={"small": 10.0, "large": 10.0}, baseline="base", tuning=8.0, **SURE))
    for arm in found.arms:
        assert arm.difference is not None
        assert arm.word == "better"
        assert 10 < arm.difference.main.value < 40


def test_an_arm_that_was_only_asked_stands_beside_every_seed(tmp_path: Path) -> None:
    made = Made(arms={"none": 0.0, "good": 15.0}, asked_only=["none"], missing=[("none", 1), ("none", 2)], **SURE)
    good = verdict_of(tmp_path, made).arm("good")
    assert good.difference is not None
    assert [each.seeds for each in good.difference.by_seed] == [(0, 0), (1, 0), (2, 0)]
    assert good.difference.pilot.family == 0


def test_what_tuning_changed_can_be_the_measure(tmp_path: Path) -> None:
    made = Made(arms={"none": 0.0, "good": 15.0}, measure={"model": "difference"}, **SURE)
    found = verdict_of(tmp_path, made)
    none, good = found.arm("none"), found.arm("good")
    assert none.own is not None and good.own is not None and good.difference is not None
    assert good.difference.main.value == pytest.approx(good.own.main.value - none.own.main.value)
    assert good.own.main.value > none.own.main.value > 0


def tuned_on(tasks: int, rows: int = 50, drawn: int = 40, templates: int = 1) -> dict[str, Any]:
    """What a record counts of so many tasks, with so many rows of each dataset to tune on."""
    names = [f"c{place // 2}/t{place}" for place in range(tasks)]
    there = {name: {"rows": 90, "tuned_on": rows} for name in names}
    return {"drawn": dict.fromkeys(names, drawn), "rows": there, "templates": dict.fromkeys(names, templates)}


def test_a_trend_is_the_slope_over_doublings(tmp_path: Path) -> None:
    arms = {"tasks-1": 0.0, "tasks-2": 4.0, "tasks-4": 8.0, "tasks-8": 12.0}
    about = {name: {"tasks": 2**place} for place, name in enumerate(arms)}
    counts = {name: tuned_on(2**place) for place, name in enumerate(arms)}
    found = verdict_of(tmp_path, Made(arms=arms, baseline="tasks-1", about=about, counts=counts, **SURE))
    [trend], [curve] = found.trends, found.curves
    assert [at for _, at in curve.points] == [1, 2, 4, 8]
    scores = [found.arm(name).own.main.value for name in arms]  # type: ignore[union-attr]
    assert trend.slope.value == pytest.approx(np.polyfit(range(4), scores, 1)[0])
    assert trend.slope.low > 0


@pytest.mark.parametrize(
    ("axis", "counts", "used"),
    [("tasks", [tuned_on(2), tuned_on(4), tuned_on(6)], [2, 4, 6]),
     ("clusters", [tuned_on(4), tuned_on(8), tuned_on(16)], [2, 4, 8]),
     ("templates.per_task", [tuned_on(3, templates=n) for n in (1, 4, 6)], [1, 4, 6]),
     ("rows", [tuned_on(3, 5), tuned_on(3, 10), tuned_on(3, 30)], [5, 10, 30]),
     ("mixture.rows", [tuned_on(3, 5), tuned_on(3, 10), tuned_on(3, 50, drawn=25)], [5, 10, 25])],
)  # fmt: skip
def test_a_curve_stands_on_what_was_used_not_on_what_was_asked_for(
    axis: str, counts: list[dict[str, Any]], used: list[float], tmp_path: Path
) -> None:
    """No task has as many rows as the last arm asked for, or the run was too short to draw them."""
    arms = {"n-2": 0.0, "n-8": 5.0, "n-999": 10.0}
    about = {name: {axis: int(name[2:])} for name in arms}
    made = Made(arms=arms, baseline="n-2", about=about, counts=dict(zip(arms, counts, strict=True)), **SURE)
    found = verdict_of(tmp_path, made)
    assert [at for _, at in found.curves[0].points] == used
    scores = [found.arm(name).own.main.value for name in arms]  # type: ignore[union-attr]
    assert found.trends[0].slope.value == pytest.approx(np.polyfit(np.log2(used), scores, 1)[0])


@pytest.mark.parametrize("axis", ["templates", "evaluate.templates", "tasks"])
def test_where_no_record_says_what_was_used_there_is_no_slope(axis: str, tmp_path: Path) -> None:
    arms = {"n-1": 0.0, "n-4": 5.0, "n-10": 10.0}
    about = {name: {axis: int(name[2:])} for name in arms}
    found = verdict_of(tmp_path, Made(arms=arms, baseline="n-1", about=about, rows=10))
    assert found.curves[0].points == (("n-1", 1), ("n-4", 4), ("n-10", 10))
    assert found.curves[0].unknown == tuple(arms) and not found.trends


def test_an_arm_at_zero_is_on_the_curve_but_not_in_the_slope(tmp_path: Path) -> None:
    arms = {"p-0": 0.0, "p-1": 1.0, "p-2": 2.0, "p-4": 3.0}
    about = {name: {"prompts": int(name[2:])} for name in arms}
    found = verdict_of(tmp_path, Made(arms=arms, baseline="p-0", about=about, rows=20))
    assert [at for _, at in found.curves[0].points] == [0, 1, 2, 4]
    assert found.trends[0].without == ("p-0",)


def test_arms_that_are_alike_do_not_make_a_sure_trend(tmp_path: Path) -> None:
    arms = {f"t-{n}": 0.0 for n in (1, 2, 4)}
    about = {name: {"rank": int(name[2:])} for name in arms}
    made = Made(arms=arms, about=about, baseline="t-1", rows=10, seeds=(0,), tasks=("nli/a",))
    write_study(tmp_path, made)
    for name in ("t-2", "t-4"):
        shutil.copy(tmp_path / "arms/t-1/seed-0/predictions.parquet", tmp_path / f"arms/{name}/seed-0")
    [found] = analyse(read_results(tmp_path)).trends
    assert found.slope.value == 0.0
    assert found.slope.low < -1 and found.slope.high > 1


def test_models_make_a_curve_over_their_parameters(tmp_path: Path) -> None:
    sizes = {"small": 2_000_000, "middle": 8_000_000, "large": 32_000_000}
    about = {name: {"model": name} for name in sizes}
    made = Made(arms=dict.fromkeys(sizes, 5.0), baseline="base", about=about, parameters=sizes, rows=10)
    [curve] = verdict_of(tmp_path, made).curves
    assert curve.axis == "parameters"
    assert curve.points == (("small", 2e6), ("middle", 8e6), ("large", 32e6))


def test_rows_that_differ_between_arms_are_not_compared(tmp_path: Path) -> None:
    write_study(tmp_path, Made(arms={"none": 0.0, "good": 5.0}, rows=10))
    for seed in (0, 1, 2):
        path = tmp_path / f"arms/good/seed-{seed}/record.json"
        record = json.loads(path.read_text())
        record["rows"]["nli/a/test"] = "f" * 64
        path.write_text(json.dumps(record))
    good = analyse(read_results(tmp_path)).arm("good")
    assert good.left_out == {"nli/a": "its rows differ between the arms"}
    assert good.difference is not None and "nli/a" not in good.difference.tasks


def test_undecided_arms_say_what_a_decision_would_cost(tmp_path: Path) -> None:
    made = Made(arms={"none": 0.0, "same": 0.0}, rows=40, seed=0.5, both=0.2, task=2.0, decision={"smallest": 3.0})
    same = verdict_of(tmp_path, made).arm("same")
    assert same.word == "not decidable"
    assert same.shows is not None and same.shows > 3.0
    assert same.cost is not None
    if same.cost.seeds:
        assert same.cost.hours is not None and same.cost.hours > 0
        assert same.cost.seeds * (same.cost.rows or 0) > 3 * 40


def test_the_same_folder_gives_the_same_verdict(tmp_path: Path) -> None:
    made = Made(arms={"none": 0.0, "good": 5.0}, rows=10)
    first = verdict_of(tmp_path / "a", made)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert plain(first) == plain(analyse(read_results(tmp_path / "b")))
    assert json.loads(json.dumps(plain(first), allow_nan=False))["comparisons"] == 1


def test_a_zero_shot_arm_stands_beside_every_draw_of_exemplars(tmp_path: Path) -> None:
    made = Made(arms={"zero": 0.0, "few": 0.0}, baseline="zero", seeds=(0,), rows=4, measure={"shots": "own"})
    write_study(tmp_path, made)
    for arm, shots in (("zero", 0), ("few", 2)):
        run = tmp_path / f"arms/{arm}/seed-0"
        with PredictionWriter(run / "predictions.parquet") as writer:
            for draw in (0, 1) if shots else (0,):
                for row in range(4):
                    one = prediction("nli/a", "t0", row, "tuned", bool(shots) and row <= draw)
                    writer.write(replace(one, shots=shots, seed=draw))
        record = json.loads((run / "record.json").read_text())
        record["recipe"]["evaluate"] = {"shots": [shots]}
        (run / "record.json").write_text(json.dumps(record))
    few = analyse(read_results(tmp_path)).arm("few")
    assert few.difference is not None
    assert few.difference.main.value == pytest.approx(37.5)  # 25 with the first draw, 50 with the second
