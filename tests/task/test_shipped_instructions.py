"""What a reader may believe of the full instructions that ship with the package."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder

from unseen.catalog.make.instructions import files
from unseen.data.dataset import ALL, Row
from unseen.data.description import load_description
from unseen.data.places import shipped_catalog
from unseen.data.rows import read_rows
from unseen.data.task_file import read_instances, read_task_file
from unseen.errors import HoldOutMistake
from unseen.recipe import HoldOutSettings, load_recipe
from unseen.task.catalog import Catalog, load_catalog
from unseen.task.claims import leave_one_out
from unseen.task.holdout import hold_out
from unseen.task.task import Task

FOLDER = shipped_catalog() / "instructions"
FILES = sorted((FOLDER / "tasks").glob("*.json"))
TASKS: dict[str, dict[str, Any]] = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in FILES}
NAMES = sorted(TASKS)
ENGLISH = [name for name in NAMES if TASKS[name]["Input_language"] == ["English"]]
SIDES = {
    side: (FOLDER / "splits" / "default" / f"{side}_tasks.txt").read_text(encoding="utf-8").split()
    for side in ("train", "test")
}
CLASSES = {
    "task08_shop_reviews_classification": {"bad", "mixed", "good"},
    "task09_same_request_classification": {"same", "different"},
    "task10_question_types_classification": {"person", "place", "number", "time", "thing", "reason"},
    "task15_german_film_classification": {"gut", "schlecht"},
}


@pytest.fixture
def catalog(home: Path) -> Catalog:
    return load_catalog(["shipped"])


def instructed(catalog: Catalog) -> list[Task]:
    return [task for task in catalog.tasks.values() if task.dataset.instruction is not None]


def all_rows(task: Task, side: str) -> list[Row]:
    return list(read_rows(task.dataset, ALL))


def named(part: str) -> str:
    (name,) = (name for name in NAMES if part in name)
    return name


def instances(name: str) -> list[tuple[str, list[str]]]:
    return [(each["input"], each["output"]) for each in TASKS[name]["Instances"]]


def examples(name: str, *kinds: str) -> list[dict[str, str]]:
    return [each for kind in kinds or ("Positive", "Negative") for each in TASKS[name][f"{kind} Examples"]]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def of_source(name: str) -> Iterator[str]:
    """All tasks over the same dataset as `name`, itself among them."""
    return (other for other in NAMES if TASKS[other]["Source"] == TASKS[name]["Source"])


def test_the_script_writes_the_files_byte_for_byte_and_no_others() -> None:
    there = {file for file in FOLDER.rglob("*") if file.is_file()}
    made = files()
    assert {file.relative_to(FOLDER).as_posix() for file in there} == set(made)
    assert all((FOLDER / path).read_bytes() == text.encode() for path, text in made.items())


def test_there_are_sixteen_tasks_of_six_categories_in_less_than_400_kilobytes() -> None:
    assert len(NAMES) == 16
    assert len({TASKS[name]["Categories"][0] for name in NAMES}) == 6
    assert sum(file.stat().st_size for file in FILES) < 400_000


@pytest.mark.parametrize("name", NAMES)
def test_the_reader_takes_every_part_of_every_file(name: str) -> None:
    path = FOLDER / "tasks" / f"{name}.json"
    said = TASKS[name]
    found = read_task_file(path)
    parts = ("definition", "emphasis", "avoid", "prompt", "title")
    fields = ("Definition", "Emphasis & Caution", "Things to Avoid", "Prompt", "Title")
    texts = [said[field] if isinstance(said[field], str) else said[field][0] for field in fields]
    assert [found.instruction[part] for part in parts] == texts
    assert all(texts)
    assert [len(found.instruction[kind]) for kind in ("positive", "negative")] == [
        len(examples(name, "Positive")),
        len(examples(name, "Negative")),
    ]
    assert all(each["suggestion"] and each["reason"] for each in found.instruction["negative"])
    records = [each for each in read_instances(path, {}) if isinstance(each, dict)]
    assert [(each["input"], each["output"]) for each in records] == instances(name)
    assert found.instances == len(records)


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_has_thirty_to_eighty_words(name: str) -> None:
    assert 30 <= len(TASKS[name]["Definition"][0].split()) <= 80


@pytest.mark.parametrize("name", NAMES)
def test_examples_say_why_and_a_wrong_one_is_none_of_the_right_ones(name: str) -> None:
    positive, negative = examples(name, "Positive"), examples(name, "Negative")
    assert len(positive) in (2, 3) and len(negative) == 2
    assert all(len(words(each["explanation"])) >= 6 for each in positive + negative)
    assert all(each["suggestion"] for each in negative) and not any("suggestion" in each for each in positive)
    right = {(each["input"], each["output"].casefold()) for each in positive}
    assert not any((each["input"], each["output"].casefold()) in right for each in negative)


@pytest.mark.parametrize("name", NAMES)
def test_instances_have_texts_and_no_input_twice(name: str) -> None:
    asked = [given for given, _ in instances(name)]
    assert 24 <= len(asked) <= 40 if name in ENGLISH else len(asked) == 12
    assert len(set(asked)) == len(asked) == len({each["id"] for each in TASKS[name]["Instances"]})
    for given, outputs in instances(name):
        assert outputs and len(set(outputs)) == len(outputs)
        assert all(text and text == text.strip() and "  " not in text for text in (given, *outputs))


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_among_no_instances_of_their_dataset(name: str) -> None:
    """Not even with another question: the first sentence of a text that an example shows is in no instance."""
    shown = {opening(each["input"]) for each in examples(name)}
    assert not shown & {opening(given) for other in of_source(name) for given, _ in instances(other)}


def opening(given: str) -> str:
    """The words of an input's first line, without the name of the field."""
    return " ".join(words(given.splitlines()[0].split(": ", 1)[-1])[:12])


@pytest.mark.parametrize("name", ENGLISH)
def test_a_task_says_which_shipped_dataset_it_comes_from_and_which_row(name: str) -> None:
    (source,) = TASKS[name]["Source"]
    assert load_description(shipped_catalog() / f"{source}.yaml").name == source
    rows = (shipped_catalog() / "rows" / source / "train.jsonl").read_text(encoding="utf-8").splitlines()
    for each in TASKS[name]["Instances"]:
        row = json.loads(rows[int(each["id"].rpartition("-")[2])])
        told = set(words(" ".join(map(str, leaves(row)))))
        known = sum(word in told for word in words(each["input"]))
        assert known >= 0.5 * len(words(each["input"]))


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from leaves(each)
    else:
        yield value


@pytest.mark.parametrize("name", CLASSES)
def test_labels_are_balanced(name: str) -> None:
    counts = Counter(output for _, (output,) in instances(name))
    assert set(counts) == CLASSES[name]
    assert len(set(counts.values())) == 1
    assert {each["output"] for each in examples(name, "Positive")} <= CLASSES[name]


def test_tasks_for_testing_share_neither_category_nor_dataset_with_the_others() -> None:
    assert sorted(SIDES["train"] + SIDES["test"]) == NAMES
    for field in ("Categories", "Source"):
        train, test = ({TASKS[name][field][0] for name in SIDES[side]} for side in ("train", "test"))
        assert not train & test and len(test) >= 2


def test_languages_can_be_selected(catalog: Catalog) -> None:
    spoken = Counter(task.dataset.language for task in instructed(catalog))
    assert spoken == {("en",): 14, ("de",): 1, ("es",): 1}


def test_the_tasks_of_the_catalog_are_these_and_the_demo_asks_none_of_them(catalog: Catalog) -> None:
    tasks = instructed(catalog)
    assert [task.dataset.name for task in tasks] == NAMES
    demo = load_recipe(shipped_catalog() / "recipes" / "demo.yaml")
    assert not {task.name for task in catalog.match([*demo.seen, *demo.unseen])} & {task.name for task in tasks}


def test_they_are_there_where_no_index_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("UNSEEN_HOME", str(tmp_path / "file"))
    assert len(instructed(load_catalog(["shipped"]))) == 16


@pytest.mark.parametrize("level", ["cluster", "dataset"])
def test_categories_and_datasets_can_be_left_out_and_no_text_is_on_both_sides(catalog: Catalog, level: Any) -> None:
    tasks = instructed(catalog)
    for seen, unseen in leave_one_out(tasks, level):
        assert len(seen) >= 10
        hold_out(seen, unseen, HoldOutSettings(level=level, overlap="refuse"), all_rows)


def test_tasks_of_one_dataset_share_texts_which_a_hold_out_finds(catalog: Catalog) -> None:
    (question,) = catalog.match(["question_generation/task01*"])
    (answer,) = catalog.match(["answer_generation/task03*"])
    with pytest.raises(HoldOutMistake, match="both from fact_follows"):
        hold_out([question], [answer], HoldOutSettings(level="dataset"), all_rows)
    with pytest.raises(HoldOutMistake, match="31 rows of seen"):
        hold_out([question], [answer], HoldOutSettings(level="task", overlap="refuse"), all_rows)


def test_answers_stand_in_the_report_and_wrong_answers_are_not_the_right_ones() -> None:
    right, wrong = named("fact_follows_answer"), named("fact_follows_incorrect")
    for (given, answers), (same, mistaken) in zip(instances(right), instances(wrong), strict=True):
        report = words(given.partition("\nQuestion:")[0])
        assert given == same
        assert not {each.casefold() for each in answers} & {each.casefold() for each in mistaken}
        unknown = set(words(answers[0])) - set(report) - {"because", "from", "they"}
        assert not unknown, (given, unknown)


def test_a_question_is_on_the_report_of_its_answer_and_does_not_tell_it() -> None:
    for given, questions in instances(named("fact_follows_question")):
        answer = given.partition("\nAnswer: ")[2]
        for question in questions:
            assert question.endswith("?") and answer.casefold() not in question.casefold()


def test_quiz_answers_are_options_and_wrong_ones_are_others() -> None:
    options = {}
    for given, (answer,) in instances(named("world_facts_answer")):
        question, *listed = given.split("\n- ")
        options[question] = answer, set(listed)
        assert answer in listed
    both = 0
    for given, wrong in instances(named("world_facts_incorrect")):
        question, right = given.removeprefix("Question: ").split("\nRight answer: ")
        assert right not in wrong
        if question in options:
            both += 1
            assert options[question] == (right, {right, *wrong})
    assert both >= 8  # some questions are asked by both tasks, so that a hold-out by rows has something to find


def test_a_changed_sentence_keeps_its_beginning_up_to_the_pronoun() -> None:
    for given, (changed,) in instances(named("reference_modification")):
        sentence, pronoun, stands, should = (line.split(": ", 1)[1] for line in given.splitlines())
        kept = SequenceMatcher(None, sentence, changed, autojunk=False).get_matching_blocks()[0]
        assert (kept.a, kept.b) == (0, 0) and re.search(rf"\b{pronoun}\b", sentence[: kept.size + 1])
        assert sentence != changed and stands != should


def test_a_slip_is_in_one_place_of_the_sentence() -> None:
    for given, (right,) in instances(named("grammar_correction")):
        spots = [
            block for block in SequenceMatcher(None, words(given), words(right)).get_opcodes() if block[0] != "equal"
        ]
        assert 1 <= len(spots) <= 2
        assert all(end - start <= 3 for _, start, end, _, _ in spots)


@pytest.mark.parametrize(("task", "most"), [("notice_titles", 8), ("news_briefs_title", 9)])
def test_titles_keep_their_own_rules(task: str, most: int) -> None:
    outputs = [text for _, texts in instances(named(task)) for text in texts]
    outputs += [each["output"] for each in examples(named(task), "Positive")]
    assert all(len(text.split()) <= most and not text.endswith(".") and text[0].isupper() for text in outputs)
    assert task == "notice_titles" or all(text.split()[0] not in ("The", "A", "An") for text in outputs)


def test_the_wheel_carries_the_files() -> None:
    root = Path(__file__).parents[2]
    carried = {file.distribution_path for file in WheelBuilder(str(root)).recurse_included_files()}
    assert carried >= {f"unseen/catalog/instructions/{path}" for path in files()}
