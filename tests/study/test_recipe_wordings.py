"""Wordings of an instruction in a recipe: tuned on in those of one side, asked in those of the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unseen.diversify.wording import Wording, WordingSet
from unseen.diversify.wording_file import write_wordings
from unseen.errors import RecipeMistake, UserMistake
from unseen.evaluation.prediction_file import read_predictions
from unseen.recipe import Recipe, load_recipe
from unseen.section import check_model
from unseen.study.examples import TuningExamples
from unseen.study.facts import idle_settings
from unseen.study.plan import plan
from unseen.study.prepare import Prepared, prepare
from unseen.study.questions import asked_of
from unseen.study.run import tune

INSTRUCTION = "Sort this note from the night shift in the <slip> format."
TASK = "formatted_text/shift_notes"


@pytest.fixture
def wordings(tmp_path: Path) -> Path:
    """Three wordings to tune on, two that nothing is tuned on, and two special ones."""
    made = [
        *(Wording(f"train-{n}", "", f"Please sort it as <slip> number {n} says.", "train") for n in range(3)),
        *(Wording(f"test-{n}", f"Here comes note {n}, write its <slip>:", "", "test") for n in range(2)),
    ]
    special = (
        Wording("bare", "", "<slip>", "test"),
        Wording("no_token", "", "Sort this note.", "test", completion="None"),
        Wording("no_token_000", "Sort it:", "", "test", completion="None"),
    )
    path = tmp_path / "wordings.yaml"
    write_wordings(WordingSet(INSTRUCTION, tuple(made), ("<slip>",), special=special), path)
    return path


def recipe(model: Path, wordings: Path | str, **values: Any) -> Recipe:
    said = {
        "name": "worded",
        "model": str(model),
        "seen": [TASK, "sentiment/film_notes"],
        "diversity": {"wordings": str(wordings)},
        "mixture": {"rows": 12},
        "train": {"steps": 2, "examples_per_step": 8, "rank": 2, "precision": "float32", "validation_rows": 0},
        "evaluate": {"rows": 3, "max_new_tokens": 2, "base": False},
    }
    return check_model(Recipe, {**said, **values}, "recipe", RecipeMistake)


def names(tasks: Any, task: str = TASK) -> list[str]:
    return next([way.name for way in each.templates] for each in tasks if each.name == task)


def prompts(prepared: Prepared, count: int) -> list[str]:
    examples = iter(TuningExamples(prepared.recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows))
    return [each.prompt for each, _ in zip(examples, range(count), strict=False) if each.task == TASK]


def test_one_side_is_tuned_on_and_the_other_asked(tiny_model: Path, wordings: Path, home: Path) -> None:
    prepared = prepare(recipe(tiny_model, wordings))
    assert names(prepared.tuned_on) == ["original", "train-0", "train-1", "train-2"]
    assert names(prepared.seen) == ["test-0", "test-1"]
    others = names(prepared.seen, "sentiment/film_notes")
    assert len(others) > 4 and others == names(prepared.tuned_on, "sentiment/film_notes"), (
        "other tasks stay as they are"
    )


def test_a_kind_has_all_its_wordings_and_their_own_answers(tiny_model: Path, wordings: Path, home: Path) -> None:
    asked = {"wordings": ["no_token", "bare"], "rows": 3}
    prepared = prepare(recipe(tiny_model, wordings, evaluate=asked))
    assert names(prepared.seen) == ["no_token", "no_token_000", "bare"]
    notes = next(each for each in prepared.seen if each.name == TASK)
    assert [way.completion for way in notes.templates[:2]] == ["None", "None"]
    assert notes.templates[2].completion == "{{ slip }}"


def test_one_template_a_task_is_the_instruction_alone(tiny_model: Path, wordings: Path, home: Path) -> None:
    one = prepare(recipe(tiny_model, wordings, templates={"per_task": 1}))
    assert all(prompt.endswith(INSTRUCTION) for prompt in prompts(one, 20))
    four = prompts(prepare(recipe(tiny_model, wordings, templates={"per_task": 4})), 40)
    assert 0 < sum(prompt.endswith(INSTRUCTION) for prompt in four) < len(four) / 2


def test_kinds_of_wordings_are_asked_by_name(tiny_model: Path, wordings: Path, home: Path) -> None:
    asked = {"wordings": ["original", "unseen", "trained", "bare", "no_token"], "templates": 2, "rows": 3}
    prepared = prepare(recipe(tiny_model, wordings, evaluate=asked))
    assert names(prepared.seen) == [
        "original",
        "test-0",
        "test-1",
        "train-0",
        "train-1",
        "bare",
        "no_token",
        "no_token_000",
    ]


@pytest.mark.parametrize("said", [None, 1, 2])
def test_other_tasks_are_asked_through_as_many_templates_as_without_wordings(
    said: int | None, tiny_model: Path, wordings: Path, home: Path
) -> None:
    asked = {"templates": {"per_task": 3}, "evaluate": {"rows": 3, "templates": said}}
    without = recipe(tiny_model, wordings, **asked, diversity={"wordings": None})
    worded, plain = (
        {each.task: (each.templates, each.plain) for each in asked_of(prepare(made))}
        for made in (recipe(tiny_model, wordings, **asked), without)
    )
    assert worded["sentiment/film_notes"] == plain["sentiment/film_notes"] and worded[TASK][0] == min(2, said or 2)


def test_what_is_asked_is_in_the_answers_and_in_the_record(
    tiny_model: Path, wordings: Path, home: Path, tmp_path: Path
) -> None:
    run = tune(recipe(tiny_model, wordings, templates={"per_task": 1}), tmp_path / "run")
    found = list(read_predictions(run.folder / "predictions.parquet"))
    assert {each.template for each in found if each.task == TASK} == {"test-0", "test-1"}
    assert run.record["counts"]["templates"][TASK] == 1


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"tokens": {"<slip>": {}}}, []),
        ({}, ["the wordings say <slip>, which is not among tokens, so it is read as any text"]),
        ({"tokens": {"<slip>": {}, "<memo>": {}}}, ["no wording says <memo>, one of tokens"]),
    ],
)
def test_tokens_that_come_to_nothing_are_told(
    values: dict[str, Any], told: list[str], tiny_model: Path, wordings: Path, home: Path
) -> None:
    said = recipe(tiny_model, wordings, **values)
    assert idle_settings(prepare(said)) == told
    left = recipe(tiny_model, wordings, **values, diversity={"wordings": str(wordings), "source": "chats.jsonl"})
    assert idle_settings(prepare(left)) == ["diversity.source is left aside, since diversity.ratio is 0", *told]
    assert told == plan(said).values["idle"]


def test_an_edited_file_whose_sides_are_not_apart_is_refused(tiny_model: Path, wordings: Path, home: Path) -> None:
    text = wordings.read_text()
    wordings.write_text(
        text.replace("Here comes note 0, write its <slip>:", "Please sort it, as <slip> number 1 says!")
    )
    with pytest.raises(UserMistake, match=r"wordings\.yaml, 'test-0': says the same as 'train-1'"):
        prepare(recipe(tiny_model, wordings))
    wordings.write_text(text.replace("Here comes note 0, write its <slip>:", INSTRUCTION))
    with pytest.raises(UserMistake, match="'test-0': says the same as the instruction"):
        prepare(recipe(tiny_model, wordings))
    wordings.write_text(text.replace("Please sort it as <slip> number 1", "Please sort it as number 1"))
    with pytest.raises(UserMistake, match="'train-1': does not name every token"):
        prepare(recipe(tiny_model, wordings))
    wordings.write_text(text.replace("Please sort it as <slip> number 1", "Sort what is below as <slip>, do not ask,"))
    assert names(prepare(recipe(tiny_model, wordings)).tuned_on)[2] == "train-1", "as its author wants it"


def test_a_wording_that_was_edited_is_another_run_and_a_file_that_was_moved_is_not(
    tiny_model: Path, wordings: Path, home: Path, tmp_path: Path
) -> None:
    before = prepare(recipe(tiny_model, wordings)).fingerprint
    moved = wordings.rename(tmp_path / "elsewhere.yaml")
    assert prepare(recipe(tiny_model, moved)).fingerprint == before
    moved.write_text(moved.read_text().replace("write its <slip>", "write the <slip> of it"))
    assert prepare(recipe(tiny_model, moved)).fingerprint != before


def test_a_file_beside_the_recipe_is_found(tiny_model: Path, wordings: Path, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"name: mine\nmodel: {tiny_model}\nseen: [{TASK}]\ndiversity: {{wordings: wordings.yaml}}\n")
    assert names(prepare(load_recipe(path)).seen) == ["test-0", "test-1"]


def test_mistakes_are_told(tiny_model: Path, wordings: Path, home: Path) -> None:
    with pytest.raises(UserMistake, match="no template of its tasks says the instruction of the wordings"):
        prepare(recipe(tiny_model, wordings, seen=["sentiment/film_notes"]))
    asked = {"wordings": ["bare", "forbidding"], "rows": 3}
    with pytest.raises(UserMistake, match="asks in wordings that the file does not have: forbidding"):
        prepare(recipe(tiny_model, wordings, evaluate=asked))
    with pytest.raises(UserMistake, match="nowhere"):
        prepare(recipe(tiny_model, "nowhere.yaml"))
    with pytest.raises(UserMistake, match="unsen"):
        recipe(tiny_model, wordings, evaluate={"wordings": ["unsen"]})
