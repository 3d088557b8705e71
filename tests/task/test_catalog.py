"""Which tasks there are, and what their names mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from unseen.errors import DataMistake, Mistakes, TaskMistake
from unseen.task.catalog import Catalog, load_catalog

Write = Callable[[str, str], Path]

CHOICES = 'answer_choices: ["no", "yes"]'
CHOOSE = f"""\
  - {{name: ask, prompt: "{{{{ text }}}} Good?", {CHOICES}, completion: "{{{{ answer_choices[label] }}}}"}}
"""
GENERATE = """\
  - {name: title, prompt: "Title of: {{ text }}", completion: "{{ title }}"}
"""
TURNED = """\
  - {name: back, turned: true, prompt: "Write something {{ ['bad', 'good'][label] }}.", completion: "{{ text }}"}
"""
AWAY = """\
  - {name: other, original_task: false, prompt: "Who wrote {{ text }}?", completion: "me"}
"""
PLAIN = f"""\
  - {{name: gpt3, plain: true, prompt: "{{{{ text }}}} Good:", {CHOICES}, completion: "{{{{ label }}}}"}}
"""


def description(name: str, cluster: str, *templates: str, extra: str = "") -> str:
    head = f"dataset: {name}\ncluster: {cluster}\nsource: {{files: {{train: {name}.jsonl}}}}\n{extra}templates:\n"
    return head + "".join(templates)


@pytest.fixture
def catalog(write: Write) -> Catalog:
    write("cat/films.yaml", description("films", "sentiment", CHOOSE, TURNED, PLAIN))
    write("cat/mixed.yaml", description("mixed", "sentiment", CHOOSE, GENERATE, AWAY))
    write("cat/titles.yaml", description("titles", "summary", GENERATE, extra="metrics: [rouge_l, bleu]\n"))
    folder = write(
        "cat/talk.yaml", "dataset: talk\ncluster: chat\nkind: messages\nsource: {files: {train: t.jsonl}}\n"
    ).parent
    return load_catalog([str(folder)])


def test_a_dataset_gives_its_task_and_the_variants_that_it_has_templates_for(catalog: Catalog) -> None:
    shape = {t.name: (t.kind, [each.name for each in t.templates], t.metrics) for t in catalog.tasks.values()}
    assert shape == {
        "sentiment/films": ("choose", ["ask"], ("accuracy",)),
        "sentiment/films:generate": ("generate", ["ask"], ("exact_match", "rouge_l")),
        "sentiment/films:turned": ("generate", ["back"], ("rouge_l",)),
        "sentiment/mixed": ("choose", ["ask"], ("accuracy",)),
        "sentiment/mixed:generate": ("generate", ["ask", "title"], ("exact_match", "rouge_l")),
        "sentiment/mixed:turned": ("generate", ["other"], ("rouge_l",)),
        "chat/talk": ("generate", ["as_written"], ("rouge_l",)),
        "summary/titles": ("generate", ["title"], ("rouge_l", "bleu")),
    }
    assert [each.name for each in catalog.tasks["sentiment/films"].plain] == ["gpt3"]


@pytest.mark.parametrize(
    ("globs", "names"),
    [
        (["sentiment/*"], ["sentiment/films", "sentiment/mixed"]),
        (["*/films", "sentiment/*"], ["sentiment/films", "sentiment/mixed"]),
        (["s*/[ft]i*"], ["sentiment/films", "summary/titles"]),
        (["*/*:generate"], ["sentiment/films:generate", "sentiment/mixed:generate"]),
        (["sentiment/films:turned"], ["sentiment/films:turned"]),
        ([], []),
    ],
)
def test_a_glob_means_original_tasks_unless_it_names_a_variant(
    catalog: Catalog, globs: list[str], names: list[str]
) -> None:
    assert [task.name for task in catalog.match(globs)] == names


def test_turned_tasks_of_tasks(catalog: Catalog) -> None:
    assert [t.name for t in catalog.turned(catalog.match(["*"]))] == [
        "sentiment/films:turned",
        "sentiment/mixed:turned",
    ]


@pytest.mark.parametrize(
    ("glob", "near"),
    [("sentiment/flims", "sentiment/films"), ("sentimant/*", r"sentiment/\*"), ("x/y", "tasks: chat/")],
)
def test_a_glob_without_a_match_is_told_with_the_nearest_names(catalog: Catalog, glob: str, near: str) -> None:
    with pytest.raises(TaskMistake, match=near):
        catalog.match([glob])
    with pytest.raises(TaskMistake, match="no task"):
        catalog.task(glob)


def test_all_globs_without_a_match_are_told_together(catalog: Catalog) -> None:
    with pytest.raises(Mistakes) as caught:
        catalog.match(["no/a", "sentiment/*", "no/b"])
    assert len(caught.value.lines) == 2


def test_two_files_of_one_name_are_a_mistake(write: Write) -> None:
    write("one/a.yaml", description("films", "sentiment", CHOOSE))
    write("two/b.yaml", description("films", "other", CHOOSE))
    folders = [str(write(f"{name}/x.txt", "").parent) for name in ("one", "two")]
    with pytest.raises(DataMistake, match=r"two/b.yaml.*one/a.yaml"):
        load_catalog(folders)


def test_mistakes_of_several_descriptions_are_told_together(write: Write) -> None:
    write("c/a.yaml", "dataset: a\ncluster: c\nsauce: 1\n")
    folder = write("c/b.yaml", "- not a mapping\n").parent
    with pytest.raises(Mistakes) as caught:
        load_catalog([str(folder)])
    assert any("a.yaml" in line for line in caught.value.lines) and any("b.yaml" in line for line in caught.value.lines)


def test_an_unknown_catalog_is_told() -> None:
    with pytest.raises(TaskMistake, match="shipped"):
        load_catalog(["shiped"])


def test_the_users_catalog_may_not_exist(home: Path) -> None:
    assert not load_catalog(["user"]).tasks


def test_the_users_catalog_is_read(home: Path) -> None:
    (home / "catalog").mkdir(parents=True)
    (home / "catalog" / "films.yaml").write_text(description("films", "sentiment", CHOOSE), encoding="utf-8")
    catalog = load_catalog(["user"])
    assert [dataset.catalog for dataset in catalog.datasets] == ["user"]


def test_shipped_tasks_load_and_have_their_files() -> None:
    catalog = load_catalog(["shipped"])
    assert not catalog.missing
    assert len({dataset.cluster for dataset in catalog.datasets}) >= 3
    for dataset in catalog.datasets:
        assert all(Path(source.path).exists() for source in dataset.splits.values())
        assert {"train", "test"} <= set(dataset.splits), "so that seen: ['*'] can be tuned on"


def test_what_is_only_asked_has_no_rows_to_tune_on() -> None:
    datasets = load_catalog(["asked"]).datasets
    assert datasets and not {each.name for each in datasets} & {
        each.name for each in load_catalog(["shipped"]).datasets
    }
    assert all(set(each.splits) == {"test"} and Path(each.splits["test"].path).exists() for each in datasets)


def test_datasets_whose_files_are_missing_are_left_out_and_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UNSEEN_DATA", str(tmp_path))
    catalog = load_catalog(["data"])
    if not catalog.missing:
        pytest.skip("the package describes no datasets under UNSEEN_DATA")
    assert not catalog.tasks
    name = next(iter(catalog.missing))
    assert str(tmp_path) in catalog.missing[name]
    assert set(catalog.missing_of([name])) == {name}
    with pytest.raises(TaskMistake, match="UNSEEN_DATA"):
        catalog.match([name])


def test_without_the_variable_all_described_files_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNSEEN_DATA", raising=False)
    assert set(load_catalog(["data"]).missing.values()) <= {"UNSEEN_DATA is not set"}
