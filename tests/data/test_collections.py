"""Collections: one description stands for a folder of task files; faults of all of them are told at once."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from unseen.cli import run
from unseen.data import task_index
from unseen.data.collection import Collection, load_collection
from unseen.data.dataset import ALL
from unseen.data.rows import open_rows, read_rows
from unseen.errors import DataMistake, Mistakes, TaskMistake, UserMistake
from unseen.task.catalog import load_catalog
from unseen.task.import_collection import import_collection
from unseen.task.render import example_of

TASK: dict[str, Any] = {
    "Source": ["made_up"],
    "Categories": ["Word Analogy"],
    "Definition": ["Say it."],
    "Input_language": ["English"],
    "Output_language": ["Icelandic"],
    "Positive Examples": [{"input": "a", "output": "b"}],
    "Negative Examples": [],
    "Instances": [{"input": f"question {number}", "output": [f"answer {number}"]} for number in range(12)],
}


def write_tasks(folder: Path, tasks: dict[str, Any], lists: dict[str, list[str]] | None = None) -> Path:
    """A folder as Super-NaturalInstructions publishes it; a text is written as it stands."""
    (folder / "tasks").mkdir(parents=True)
    for name, task in tasks.items():
        text = task if isinstance(task, str) else json.dumps(task)
        (folder / "tasks" / f"{name}.json").write_text(text, encoding="utf-8")
    for name, listed in (lists or {}).items():
        (folder / "splits" / "default").mkdir(parents=True, exist_ok=True)
        (folder / "splits" / "default" / f"{name}_tasks.txt").write_text("\n".join(listed) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def described(tmp_path: Path, home: Path) -> Any:
    """Loads the collection over the folder `made`, with keys of its description."""

    def load(**keys: Any) -> Collection:
        file = tmp_path / "described.yaml"
        file.write_text(yaml.safe_dump({"collection": "made", "folder": str(tmp_path / "made"), **keys}))
        return load_collection(file)

    return load


@pytest.fixture
def three(tmp_path: Path) -> Path:
    lists = {"test": ["task3"], "excluded": ["task2"]}
    return write_tasks(tmp_path / "made", {f"task{number}": TASK for number in (1, 2, 3)}, lists)


def test_a_description_stands_for_all_tasks_of_a_folder(three: Path, described: Any) -> None:
    collection = described(splits="splits/default", licence="MIT")
    first, second, third = collection.datasets
    assert [each.task for each in collection.datasets] == [f"word_analogy/task{number}" for number in (1, 2, 3)]
    assert (first.language, first.licence, first.shares_rows_with) == (("en", "is"), "MIT", ("made_up",))
    assert [each.lists for each in (first, second, third)] == [("made/train",), ("made/excluded",), ("made/test",)]
    assert first.metrics == ("exact_match", "rouge_l") and not collection.mistakes


def test_where_a_list_of_training_tasks_is_given_only_its_tasks_are_on_it(tmp_path: Path, described: Any) -> None:
    write_tasks(tmp_path / "made", {"task1": TASK, "task2": TASK}, {"train": ["task1"]})
    assert [each.lists for each in described(splits="splits/default").datasets] == [("made/train",), ()]


def test_rouge_l_comes_first_except_in_categories_of_exact_match(tmp_path: Path, described: Any) -> None:
    write_tasks(tmp_path / "made", {"task1": TASK | {"Categories": ["Title Generation"]}})
    assert described().datasets[0].metrics == ("rouge_l", "exact_match")


def test_every_fifth_instance_is_a_test_row_and_all_of_them_are_there_for_an_unseen_task(
    three: Path, described: Any
) -> None:
    dataset = described().datasets[0]
    rows = {split: [row.index for row in read_rows(dataset, split)] for split in dataset.splits}
    assert rows == {"train": [0, 1, 2, 3, 5, 6, 7, 8, 10, 11], "test": [4, 9], ALL: list(range(12))}
    assert open_rows(dataset, "test")[0].values == {"input": "question 4", "output": ["answer 4"]}


def test_few_instances_are_all_for_tuning(tmp_path: Path, described: Any) -> None:
    write_tasks(tmp_path / "made", {"task1": TASK | {"Instances": TASK["Instances"][:4]}})
    assert list(described().datasets[0].splits) == ["train", ALL]


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path, described: Any) -> None:
    wrong = {"task1": TASK, "task2": TASK | {"Instances": []}, "task3": '{"Definition": ', "task4": {"Examples": 1}}
    folder = write_tasks(tmp_path / "made", wrong, {"test": ["task1", "task9"], "train": ["task1"]})
    with pytest.raises(Mistakes) as caught:
        described(splits="splits/default")
    lines = [line.replace(str(folder), "…") for line in caught.value.lines]
    assert [line.partition(";")[0] for line in lines] == [
        "…/tasks/task2.json: Instances: is empty",
        "…/tasks/task3.json, line 1, column 16: is not JSON (Expecting value)",
        "…/tasks/task4.json: Title: is missing",
        "…/tasks/task4.json: Definition: is missing",
        "…/tasks/task4.json: Emphasis & Caution: is missing",
        "…/tasks/task4.json: Things to Avoid: is missing",
        "…/tasks/task4.json: Prompt: is missing",
        "…/tasks/task4.json: Instances: is missing",
        "…/tasks/task4.json: Examples: is a number where an object was expected",
        "…/splits/default/test_tasks.txt: list 'test': names 1 tasks that are not there: task9",
        "…/splits/default/train_tasks.txt: task1: is in the list 'train' and in 'test'",
    ]


def test_with_skip_bad_the_rest_loads_and_the_skipped_are_told(tmp_path: Path, described: Any) -> None:
    write_tasks(tmp_path / "made", {"task1": TASK, "task2": {}, "task3": TASK}, {"test": ["task3", "task9"]})
    collection = described(splits="splits/default", skip_bad=True)
    assert [each.name for each in collection.datasets] == ["task1", "task3"]
    assert list(collection.skipped) == ["task2"] and "Definition: is missing" in collection.skipped["task2"]
    assert collection.not_here == {"test": 1} and len(collection.mistakes) == 6


def test_a_partial_copy_may_be_without_tasks_of_its_lists(tmp_path: Path, described: Any) -> None:
    folder = write_tasks(tmp_path / "made", {"task1": TASK}, {"test": ["task1", "task9"]})
    with pytest.raises(DataMistake, match="task9"):
        described(splits="splits/default")
    assert described(splits="splits/default", partial=True).not_here == {"test": 1}
    (folder / "INDEX.tsv").write_text("task\tsplit\tkept\ntask1\ttest\tTrue\ntask8\ttrain\tFalse\n")
    assert described(splits="splits/default", index="INDEX.tsv").not_here == {"test": 1}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"tasks": "nowhere"}, "nowhere: no such file"),
        ({"splits": "tasks"}, r"holds no file \*_tasks.txt"),
        ({"index": "tasks/task1.json"}, "has no columns 'task' and 'split'"),
        ({"index": "none.tsv"}, "none.tsv: no such file"),
        ({"taks": "x"}, "unknown key 'taks'; did you mean 'tasks'"),
        ({"collection": "a b"}, "collection: may hold letters"),
    ],
)
def test_what_a_description_says_wrong(three: Path, described: Any, keys: dict[str, Any], words: str) -> None:
    with pytest.raises(UserMistake, match=words):
        described(**keys)


def test_each_file_is_read_once_and_again_when_it_changes(
    three: Path, described: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    reading = task_index.read_task_file
    monkeypatch.setattr(task_index, "read_task_file", lambda path: (read.append(path.stem), reading(path))[1])
    first, again = described(), described()
    assert read == ["task1", "task2", "task3"] and first.datasets == again.datasets
    changed = three / "tasks" / "task2.json"
    before = changed.stat()
    changed.write_text(changed.read_text().replace("Say it.", "Say so."))
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))  # same size, same time of change
    assert described().datasets[1].instruction["definition"] == "Say so." and read[3:] == ["task2"]
    (three / "tasks" / "task3.json").unlink()
    assert len(described().datasets) == 2 and len(read) == 4


def test_a_damaged_index_is_made_again(three: Path, described: Any, home: Path) -> None:
    wanted = described().datasets
    (index,) = (home / "cache" / "tasks").iterdir()
    for text in ("", "[]", '{"version": 1}', '{"version": 0, "files": {}}'):
        index.write_text(text)
        assert described().datasets == wanted


def test_an_import_describes_the_folder_and_copies_nothing(
    three: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["import", "natural-instructions", str(three), "--name", "mine", "--json"]) == 0
    (summary,) = json.loads(capsys.readouterr().out)
    assert (summary["tasks"], summary["skipped"], summary["lists"]) == (3, 0, ["train 1", "excluded 1", "test 1"])
    assert [path.name for path in (home / "catalog").iterdir()] == ["mine.yaml"]
    catalog = load_catalog(["user"])
    task = catalog.task("word_analogy/task1")
    assert task.dataset.lists == ("mine/train",)
    example = example_of(task, 0, next(read_rows(task.dataset, ALL)))
    assert example is not None and example.prompt.startswith("Definition: Say it.\n\n Positive Example 1 -")
    assert run(["list", "tasks", "word_analogy/*", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {each["task"] for each in listed} == {f"word_analogy/task{number}" for number in (1, 2, 3)}
    assert {(each["category"], *each["language"]) for each in listed} == {("Word Analogy", "en", "is")}
    assert run(["import", "natural-instructions", str(three / "tasks"), "--name", "mine"]) == 0  # the folder itself


def test_a_bad_folder_is_not_imported_and_with_skip_bad_its_rest_is(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_tasks(tmp_path / "made", {"task1": TASK, "task2": {}, "task3": "{"})
    assert run(["import", "natural-instructions", str(folder)]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 6 and all(line.startswith(f"unseen: {folder}/tasks/task") for line in told)
    assert not (home / "catalog").exists()
    assert run(["import", "natural-instructions", str(folder), "--skip-bad"]) == 0
    said = capsys.readouterr()
    assert said.err.count("left out: ") == 6
    catalog = load_catalog(["user"])
    assert list(catalog.tasks) == ["word_analogy/task1"]
    with pytest.raises(TaskMistake, match=r"which is left out .*Definition: is missing.*; mend its file"):
        catalog.match(["made/task2"])
    assert run(["list", "tasks", "made/task3"]) == 0 and "is not JSON" in capsys.readouterr().out


def test_an_import_replaces_an_import_and_nothing_else(three: Path, home: Path) -> None:
    catalog = home / "catalog"
    import_collection(three, catalog, "mine")
    import_collection(three, catalog, "mine", three / "splits" / "default")
    (catalog / "own.yaml").write_text("dataset: own\n")
    with pytest.raises(DataMistake, match="was not imported"):
        import_collection(three, catalog, "own")


@pytest.mark.parametrize("place", ["nowhere", "made/tasks/task1.json", "made/splits"])
def test_a_place_without_task_files_is_told(three: Path, home: Path, tmp_path: Path, place: str) -> None:
    with pytest.raises(DataMistake, match=r"is no folder|holds no"):
        import_collection(tmp_path / place, home / "catalog")


def test_the_same_files_in_two_collections_are_one_task_and_others_are_refused(
    three: Path, home: Path, tmp_path: Path
) -> None:
    import_collection(three, home / "catalog", "one")
    import_collection(three, home / "catalog", "two")
    assert load_catalog(["user"]).task("word_analogy/task3").dataset.lists == ("one/test", "two/test")
    import_collection(write_tasks(tmp_path / "again", {"task3": TASK, "task4": TASK}), home / "catalog", "three")
    with pytest.raises(DataMistake, match="describes 'task3'"):
        load_catalog(["user"])


def test_tasks_of_another_catalog_are_not_imported_again(
    three: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = write_tasks(tmp_path / "data" / "super_natural_instructions", {"task1": TASK}, {"test": ["task1"]})
    (published / "INDEX.tsv").write_text("task\tsplit\ntask1\ttest\n")
    monkeypatch.setenv("UNSEEN_DATA", str(tmp_path / "data"))
    with pytest.raises(DataMistake, match="1 tasks that the catalog 'data' has too"):
        import_collection(three, home / "catalog")
    import_collection(published, home / "catalog", "same")
    assert load_catalog(["data", "user"]).task("word_analogy/task1").dataset.lists == (
        "super_natural_instructions/test",
        "same/test",
    )


def test_the_real_collections_load_without_a_fault(
    real_data: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNSEEN_DATA", str(real_data))
    catalog = load_catalog(["data"])
    tasks = {name: task for name, task in catalog.tasks.items() if task.dataset.instruction}
    assert len(tasks) == 164 + 37
    test = [task for task in tasks.values() if "super_natural_instructions/test" in task.dataset.lists]
    assert len(test) == 19 and all(name.startswith("super_natural") for t in tasks.values() for name in t.dataset.lists)
    for task in tasks.values():
        rows = list(read_rows(task.dataset, ALL))
        examples = [example for row in rows if (example := example_of(task, 0, row)) is not None]
        assert len(examples) >= len(rows) - 1, task.name  # one instance's only output is blank
        assert all(
            row.values["input"].strip() in example.prompt
            for row, example in zip(rows, examples, strict=False)
            if len(rows) == len(examples)
        )
