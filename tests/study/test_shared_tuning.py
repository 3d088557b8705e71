"""Arms that differ only in how they are asked are tuned once, and are what they would have been."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Thread

import pytest
from tiny_studies import same_table, tiny_study

from unseen.study.arms import Arm, expand
from unseen.study.launching import Job, Machine
from unseen.study.lock import held
from unseen.study.record import read_record
from unseen.study.run import tune
from unseen.study.shared_tuning import giver, share_weights, take_over, tuned_alike, tuning_key
from unseen.study.study_file import Study
from unseen.study.study_folder import ArmFiles, open_study
from unseen.study.study_plan import plan_study
from unseen.study.study_run import run_study
from unseen.study.verify.whole import verify_run

ARMS = [
    {"name": "all"},
    {"name": "asked-otherwise", "set": {"evaluate.templates": 1}},
    {"grid": "values", "key": "train.rank", "values": [2]},
]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Study:
    return tiny_study(tmp_path_factory.mktemp("study"), tiny_model, arms=ARMS)


@pytest.fixture(scope="module")
def done(study: Study, own_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("done") / "here"
    assert run_study(study, folder, workers=2).failed == ()
    return folder


def of(folder: Path, name: str) -> Path:
    return folder / "arms" / name / "seed-0"


def test_what_only_differs_in_asking_is_tuned_once(done: Path) -> None:
    taken = read_record(of(done, "asked-otherwise"))
    assert taken["tuned_by"] == "../../all/seed-0"
    assert all("tuned_by" not in read_record(of(done, name)) for name in ("all", "rank-2"))
    for name in ("steps.jsonl", "model/adapter_model.safetensors"):
        assert (of(done, "asked-otherwise") / name).read_bytes() == (of(done, "all") / name).read_bytes()
    assert not list(done.rglob("checkpoints"))


def test_a_second_runner_waits_for_the_tuning_of_the_first(
    study: Study, own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    start = Machine.start

    def told(machine: Machine, arm: Arm, slot: int) -> Job:
        started.append(arm.name)
        return start(machine, arm, slot)

    monkeypatch.setattr(Machine, "start", told)
    folder = tmp_path / "here"
    open_study(study, expand(study), folder)
    second = Thread(target=run_study, args=(study, folder, ["asked-otherwise"], 1))
    with held(ArmFiles(of(folder, "all")).lock):
        second.start()
        second.join(timeout=3)
        assert second.is_alive() and not started
    second.join()
    assert read_record(of(folder, "asked-otherwise"))["finished"]


def test_its_model_takes_no_room_of_its_own(done: Path) -> None:
    weights = "model/adapter_model.safetensors"
    assert (of(done, "asked-otherwise") / weights).samefile(of(done, "all") / weights)
    assert not (of(done, "rank-2") / weights).samefile(of(done, "all") / weights)
    assert not list(done.rglob("*.part"))


def test_another_model_is_left_as_it_is(tmp_path: Path) -> None:
    for name, weights in (("run", b"one"), ("mine", b"two")):
        (tmp_path / name / "model").mkdir(parents=True)
        (tmp_path / name / "model/model.safetensors").write_bytes(weights)
    share_weights(tmp_path / "run", tmp_path / "mine")
    assert (tmp_path / "mine/model/model.safetensors").read_bytes() == b"two"
    share_weights(tmp_path / "gone", tmp_path / "mine")
    assert (tmp_path / "mine/model/model.safetensors").read_bytes() == b"two"


def test_it_is_what_it_would_have_been(done: Path, study: Study, own_home: Path, tmp_path: Path) -> None:
    recipe = next(arm.recipe for arm in expand(study) if arm.name == "asked-otherwise")
    alone = tune(recipe, tmp_path / "alone").folder
    assert same_table(alone, of(done, "asked-otherwise"))
    one, two = read_record(alone), read_record(of(done, "asked-otherwise"))
    for name in ("examples", "fingerprint", "summary"):
        assert one[name] == two[name]


def test_it_is_verified_with_its_replayed_steps(done: Path, own_home: Path) -> None:
    checks = {check.name: check for check in verify_run(of(done, "asked-otherwise"))}
    assert {check.outcome for check in checks.values()} == {"holds"}
    assert checks["replay"].told.count("step") == 2


def test_it_is_planned_once(study: Study, own_home: Path) -> None:
    lines = {line["arm"]: line for line in plan_study(study).values["arms"]}
    assert lines["asked-otherwise"]["tuning_seconds"] == 0.0
    assert lines["asked-otherwise"]["how"].endswith("tuned as 'all' is")


def test_only_the_same_tuning_is_taken_over(done: Path, tmp_path: Path) -> None:
    """Another rank, another seed, other examples, other validation rows, another version: each is tuned by itself."""
    shutil.copytree(of(done, "all"), tmp_path / "run")
    mine = read_record(of(done, "asked-otherwise"))
    assert giver(mine, [tmp_path / "run"]) == tmp_path / "run"
    assert giver(read_record(of(done, "rank-2")), [tmp_path / "run"]) is None
    for changed in (
        {"examples": {**mine["examples"], "validation": "other"}},
        {"examples": {**mine["examples"], "digest": "other"}},
        {"recipe": {**mine["recipe"], "seed": 1}},
        {"model": {**mine["model"], "digest": "other"}},
        {"versions": {**mine["versions"], "torch": "other"}},
    ):
        assert giver({**mine, **changed}, [tmp_path / "run"]) is None


def test_a_checkpoint_is_taken_before_a_model_and_no_model_that_was_changed(done: Path, tmp_path: Path) -> None:
    run, stopped, mine = tmp_path / "run", tmp_path / "stopped", read_record(of(done, "asked-otherwise"))
    for folder in (run, stopped):
        shutil.copytree(of(done, "all"), folder)
    (stopped / "checkpoints/step-000004").mkdir(parents=True)
    assert giver(mine, [run, stopped]) == stopped
    (run / "model/adapter_model.safetensors").write_bytes(b"another")
    assert giver(mine, [run]) is None


@pytest.fixture(scope="module")
def later(study: Study, tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Study:
    """A study that asks what another one tuned in yet another way."""
    arms = [{"name": "asked-later", "set": {"evaluate.rows": 3}}]
    return tiny_study(tmp_path_factory.mktemp("later"), tiny_model, study="later", arms=arms, baseline="asked-later")


def test_what_a_finished_study_tuned_is_asked_anew(
    done: Path, later: Study, own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_study(later, tmp_path / "later", workers=1, reuse=[done]).failed == ()
    run = of(tmp_path / "later", "asked-later")
    record = read_record(run)
    assert record["tuned_by"] == read_record(of(done, "all"))["name"] and "taken_from" not in record
    assert (run / "model/adapter_model.safetensors").samefile(of(done, "all") / "model/adapter_model.safetensors")
    [recipe] = [arm.recipe for arm in expand(later)]
    alone = tune(recipe, tmp_path / "alone").folder
    assert same_table(alone, run)
    tuned_alone = read_record(alone)
    for name in ("examples", "fingerprint", "summary", "tokens", "delia"):
        assert tuned_alone[name] == record[name]
    assert {check.outcome for check in verify_run(run)} == {"holds"}


def test_a_kill_after_the_model_was_taken_over_costs_no_tuning(
    done: Path, later: Study, own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor are the runs needed any more that it was from."""
    [recipe] = [arm.recipe for arm in expand(later)]
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("unseen.study.run.load_given", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        tune(recipe, tmp_path / "run", done=[of(done, "all")])
    before = read_record(tmp_path / "run")
    monkeypatch.setattr("unseen.study.run._tuned", lambda *_: pytest.fail("it is tuned already"))
    after = tune(recipe, tmp_path / "run", resume=True).record
    assert after["finished"] and {name: after[name] for name in ("training", "tokens", "tuned_by")} == {
        name: before[name] for name in ("training", "tokens", "tuned_by")
    }


def test_an_arm_that_a_study_was_given_later_takes_over_the_tuning_of_one_that_was_taken_over(
    done: Path, own_home: Path, tmp_path: Path, tiny_model: Path
) -> None:
    grown = tiny_study(tmp_path, tiny_model, arms=[ARMS[0], {"name": "added", "set": {"evaluate.rows": 2}}])
    assert run_study(grown, tmp_path / "grown", workers=1, reuse=[done]).failed == ()
    assert read_record(of(tmp_path / "grown", "all"))["taken_from"] == "tiny.all"
    assert read_record(of(tmp_path / "grown", "added"))["tuned_by"] == "../../all/seed-0"


def test_taking_over_again_after_a_kill_leaves_the_same(tmp_path: Path) -> None:
    run, mine = tmp_path / "run", tmp_path / "mine"
    for path in ("checkpoints/step-000004/state.json", "replay/step-000002/state.json", "steps.jsonl"):
        (run / path).parent.mkdir(parents=True, exist_ok=True)
        (run / path).write_text(path)
    (mine / ".part-replay/step-000002").mkdir(parents=True)
    (mine / "steps.jsonl").write_text("half a li")
    take_over(run, mine)
    take_over(run, mine)
    files = {path.relative_to(mine).as_posix(): path.read_text() for path in mine.rglob("*") if path.is_file()}
    assert files == {name: name for name in files} and len(files) == 3


def test_arms_of_other_seeds_or_other_work_are_not_alike(tmp_path: Path, tiny_model: Path) -> None:
    arms = [*ARMS[:2], {"name": "untuned", "set": {"tune": False}}]
    study = tiny_study(tmp_path, tiny_model, arms=arms, seeds=[0, 1])
    listed = [
        {"folder": arm.folder, "work": arm.work, "recipe": arm.recipe.canonical(), "seed": arm.seed}
        for arm in expand(study)
    ]
    found = {each["folder"]: [other["folder"] for other in tuned_alike(listed, each)] for each in listed}
    assert found["arms/all/seed-1"] == ["arms/asked-otherwise/seed-1"]
    assert found["arms/untuned/seed-0"] == []


@pytest.mark.parametrize(("seen", "once"), [("a/b", True), ("a/*", False), ("!a/c", False), ("list:t0", False)])
def test_what_is_held_out_decides_of_tuning_where_seen_tasks_are_not_named(seen: str, once: bool) -> None:
    one, two = (
        {"name": held_out, "seen": ["a/d", seen], "unseen": [held_out], "seed": 0} for held_out in ("c/d", "c/e")
    )
    assert (tuning_key(one) == tuning_key(two)) is once
