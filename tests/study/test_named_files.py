"""Files that a recipe or a study names: kept as they were written, found wherever the command runs, published without
the folders of the machine."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_studies import tiny_study

from unseen.diversify.wording import Wording, WordingSet
from unseen.diversify.wording_file import write_wordings
from unseen.errors import RecipeMistake
from unseen.recipe import load_recipe
from unseen.reporting.study_page import study_report
from unseen.study.arm import run_arm
from unseen.study.arms import expand
from unseen.study.bundle import read_bundle
from unseen.study.record import read_record
from unseen.study.recorded import recipe_record, recorded_recipe
from unseen.study.study_file import Study, load_study
from unseen.study.study_folder import open_study, read_study, refreshed
from unseen.study.verify.place import verify_study

TASK = "formatted_text/shift_notes"
MACHINE = "annas_machine"  # a folder above everything of these studies
WORDINGS = "texts/wordings.yaml"
BASE: dict[str, Any] = {
    "model": "tiny-random-llama",
    "seen": [TASK],
    "unseen": [],
    "diversity": {"wordings": WORDINGS},
    "mixture": {"rows": 8},
    "train": {"steps": 1, "examples_per_step": 4, "rank": 2, "precision": "float32", "validation_rows": 0,
              "max_tokens": 512},
    "evaluate": {"rows": 2, "templates": 1, "max_new_tokens": 2},
}  # fmt: skip


def write_texts(path: Path) -> None:
    path.parent.mkdir(parents=True)
    sides = [("train", "Please sort it as <slip>."), ("test", "Write its <slip>:")]
    made = tuple(Wording(f"{side}-0", "", text, side) for side, text in sides)
    write_wordings(WordingSet("Sort this note from the night shift in the <slip> format.", made, ("<slip>",)), path)


def study_in(machine: Path, **values: Any) -> Study:
    """A study by its absolute path, with wordings beside it, one arm and one seed."""
    folder = machine / "studies"
    if not (folder / WORDINGS).exists():
        write_texts(folder / WORDINGS)
    return tiny_study(folder, Path("unused"), BASE, arms=[{"name": "all"}], measure={"side": "seen"}, **values)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, own_home: Path) -> Path:
    return tmp_path_factory.mktemp("root") / MACHINE


@pytest.fixture(scope="module")
def done(machine: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a study that was run by its absolute path, from a folder that has nothing to do with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        study = study_in(machine)
        folder = machine / "runs" / "here"
        open_study(study, expand(study), folder)
        assert run_arm(folder, "all", 0) == 0
        yield folder


def test_no_record_names_a_folder_above_the_studys(done: Path) -> None:
    said = [done / "study.json", done / "arms/all/seed-0.json", done / "arms/all/seed-0/record.json"]
    assert not [path.name for path in said if MACHINE in path.read_text(encoding="utf-8")]
    study, record = read_study(done), read_record(done / "arms/all/seed-0")
    assert study["file"] == "../../studies/tiny.yaml"
    for recipe in (study["arms"][0]["recipe"], record["recipe"]):
        assert recipe["diversity"]["wordings"] == WORDINGS
    assert record["command"] == "unseen study run tiny.yaml --size full --arms all"


def test_no_page_names_one_either(done: Path, tmp_path: Path) -> None:
    for form in ("html", "md"):
        page = study_report(done, with_rows=False, out=tmp_path / f"page.{form}", format=form)
        told = page.read_text(encoding="utf-8")
        assert MACHINE not in told
    bundle, _ = read_bundle(tmp_path / "page.html")
    records = zlib.decompress(base64.b64decode(bundle["records"])).decode()
    assert WORDINGS in records and MACHINE not in records and "../" not in records


def test_what_ran_is_verified_from_anywhere(done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    checks = {check.name: check.outcome for _, check in verify_study(done, ("model",))}
    assert checks["planned arms"] == checks["fingerprint"] == checks["split"] == checks["arm"] == "holds"


def test_it_goes_on_by_another_path_of_the_same_file(
    done: Path, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(machine)
    study = load_study(Path("studies") / "tiny.yaml")
    assert open_study(study, expand(study), Path("runs") / "here")["arms"][0]["state"] == "finished"


def begun_by_an_older_version(study: Study, folder: Path) -> None:
    """A folder as versions up to 0.1 left it: with the study's path in every place."""
    open_study(study, expand(study), folder)
    said = read_study(folder)
    said["file"] = str(study.path)
    for arm in said["arms"]:
        arm["recipe"]["diversity"]["wordings"] = str(study.path.parent / arm["recipe"]["diversity"]["wordings"])
    (folder / "study.json").write_text(json.dumps(said), encoding="utf-8")


def test_a_folder_of_an_older_version_goes_on_and_says_its_files_anew(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    study = study_in(tmp_path / MACHINE)
    begun_by_an_older_version(study, tmp_path / "old")
    assert MACHINE in (tmp_path / "old" / "study.json").read_text(encoding="utf-8")
    assert refreshed(tmp_path / "old")["arms"][0]["state"] == "waiting"
    said = open_study(study, expand(study), tmp_path / "old")
    assert said["arms"][0]["recipe"]["diversity"]["wordings"] == WORDINGS


def test_a_folder_of_an_older_version_that_names_another_file_is_refused(tmp_path: Path, home: Path) -> None:
    study = study_in(tmp_path / MACHINE)
    begun_by_an_older_version(study, tmp_path / "old")
    path = tmp_path / "old" / "study.json"
    path.write_text(path.read_text(encoding="utf-8").replace("wordings.yaml", "others.yaml"), encoding="utf-8")
    with pytest.raises(RecipeMistake, match="its arms are no longer those that began"):
        open_study(study, expand(study), tmp_path / "old")


def test_an_arms_mistake_names_its_file_without_the_machine(tmp_path: Path, home: Path) -> None:
    study = study_in(tmp_path / MACHINE)
    (study.path.parent / WORDINGS).write_text("- none\n", encoding="utf-8")
    open_study(study, expand(study), tmp_path / "begun")
    assert run_arm(tmp_path / "begun", "all", 0) == 2
    error = refreshed(tmp_path / "begun")["arms"][0]["error"]
    assert error.startswith(f"{WORDINGS}: ") and MACHINE not in error


def test_a_recipe_keeps_what_it_says_and_knows_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As written, beside the recipe first; what `--set` names from here is named from the recipe's folder."""
    path = tmp_path / "recipes" / "mine.yaml"
    write_texts(path.parent / WORDINGS)
    write_texts(tmp_path / "here" / WORDINGS)
    path.write_text(f"name: mine\nseen: [{TASK}]\ndiversity: {{wordings: {WORDINGS}}}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "here")
    said = load_recipe(path)
    assert said.diversity.wordings == WORDINGS and said.files == (WORDINGS,)
    assert said.place_of(WORDINGS) == path.parent / WORDINGS
    given = load_recipe(path, [f"diversity.wordings={WORDINGS}"])
    assert given.diversity.wordings == f"../here/{WORDINGS}"
    assert given.place_of(str(given.diversity.wordings)).samefile(tmp_path / "here" / WORDINGS)


def test_a_record_leads_to_the_files_of_its_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / MACHINE / "recipes" / "mine.yaml"
    write_texts(path.parent / WORDINGS)
    path.write_text(f"name: mine\nseen: [{TASK}]\ndiversity: {{wordings: {WORDINGS}}}\n", encoding="utf-8")
    run = tmp_path / MACHINE / "runs" / "mine-01234567"
    record = recipe_record(load_recipe(path), run)
    assert MACHINE not in json.dumps(record)
    run.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert recorded_recipe(record, run).place_of(WORDINGS).samefile(path.parent / WORDINGS)
    path.write_text(f"name: mine\nseen: [{TASK}]\n", encoding="utf-8")
    assert "beside" not in recipe_record(load_recipe(path), run), "there is nothing to be found"
