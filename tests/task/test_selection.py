"""Which tasks patterns name: globs, what is taken away, official lists, languages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from unseen.data.dataset import Dataset
from unseen.data.languages import language_code
from unseen.data.places import user_catalog
from unseen.errors import Mistakes, TaskMistake
from unseen.prompt.template import Template
from unseen.task.catalog import Catalog, load_catalog
from unseen.task.lists import groups_of, list_names, listed
from unseen.task.task import Task
from unseen.task.variants import tasks_of

ASK = (
    Template("ask", "{{ text }}", "{{ label }}", ("no", "yes")),
    Template("back", "{{ label }}", "{{ text }}", turned=True),
)


def dataset(
    name: str, origin: Sequence[str] = (), language: Sequence[str] = ("en",), **more: tuple[str, ...]
) -> Dataset:
    cluster, _, own = name.partition("/")
    return Dataset(own, cluster, {}, tuple(origin) or (own,), language=tuple(language), **more)  # type: ignore[arg-type]


def catalog(*datasets: Dataset) -> Catalog:
    tasks: list[Task] = [task for each in datasets for task in tasks_of(each, ASK)]
    return Catalog({task.name: task for task in tasks}, {})


HERE = catalog(
    dataset("nli/my_rte", ["Super-GLUE rte"]),
    dataset("nli/other"),
    dataset("paraphrase/mrpc"),
    dataset("paraphrase/paraphrased_questions", ["qqp", "glue/qqp"]),
    dataset("sentiment/sst", ["sst2"], shares_rows_with=("rotten_tomatoes",)),
    dataset("sentiment/reviews", ["reviews"], lists=("my_collection/train", "my_collection")),
    dataset("translation/flores", ["flores200"], ["English", "isl_Latn"]),
    dataset("translation/flores_zh", ["flores200"], ["eng", "zho_Hans"]),
)


def names(*patterns: str, languages: Sequence[str] = ()) -> list[str]:
    return [task.name for task in HERE.select(patterns, languages).tasks]


def test_what_is_taken_away_is_taken_from_what_came_before() -> None:
    assert names("nli/*", "paraphrase/*", "!*/m*") == ["nli/other", "paraphrase/paraphrased_questions"]
    assert names("nli/*", "!nli/other", "nli/other") == ["nli/my_rte", "nli/other"]
    assert names("*", "!list:t0", "!translation/*", "!sentiment/*") == ["nli/my_rte", "nli/other"]
    assert names("nli/*:generate", "!nli/my*:*") == ["nli/other:generate"]


def test_a_list_goes_by_names_and_origins_and_not_by_shared_rows() -> None:
    assert names("list:t0") == ["paraphrase/mrpc", "paraphrase/paraphrased_questions"]
    assert names("list:t0/paraphrase") == names("list:t0") and names("list:t0_evaluation") == ["nli/my_rte"]
    assert names("list:flan") == ["paraphrase/mrpc", "paraphrase/paraphrased_questions", "sentiment/sst", "nli/my_rte"]


def test_what_of_a_list_is_missing_is_counted_and_named() -> None:
    told = HERE.select(["list:t0", "!list:flan/nli"]).lists
    assert list(told) == ["t0", "flan/nli"]
    t0 = told["t0"].as_json()
    assert (t0["entries"], t0["found"], len(t0["missing"])) == (38, 2, 36) and "imdb" in t0["missing"]
    assert t0["entries"] == t0["found"] + len(t0["missing"])
    assert told["flan/nli"].found == {"rte": ("nli/my_rte",)}


def test_t0_and_its_successors_have_as_many_datasets_as_the_paper_lists() -> None:
    """t0/datasets.csv: 38 rows, 10 more and 6 more; nine of evaluation and 14 tasks of BIG-bench. FLAN's code: 69."""
    none = catalog(dataset("x/paws"), dataset("x/rte")).datasets
    counts = {name: listed(name, none).as_json()["entries"] for name in ("t0", "t0_plus", "t0_plus_plus")}
    assert counts == {"t0": 38, "t0_plus": 48, "t0_plus_plus": 54}
    assert listed("t0_evaluation", none).as_json()["entries"] == 9 + 14
    assert len(groups_of("flan")) == 17 and listed("flan", none).as_json()["entries"] == 69


def test_a_collection_may_say_itself_which_lists_its_datasets_are_in() -> None:
    assert names("list:my_collection/train") == ["sentiment/reviews"]
    assert "my_collection" in list_names(HERE.datasets) and "my_collection" not in list_names()


def test_a_list_of_the_users_own(home: Path) -> None:
    folder = user_catalog() / "lists"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(
        "list: mine\nsource: me\nincludes: [t0]\ngroups: {more: [other, [nowhere, never]]}\n"
    )
    assert names("list:mine") == ["paraphrase/mrpc", "paraphrase/paraphrased_questions", "nli/other"]
    assert listed("mine", HERE.datasets).missing[-1] == "nowhere"


def test_a_list_that_includes_itself_is_a_mistake(home: Path) -> None:
    folder = user_catalog() / "lists"
    folder.mkdir(parents=True)
    for one, other in (("a", "b"), ("b", "a")):
        (folder / f"{one}.yaml").write_text(f"list: {one}\nsource: me\nincludes: [{other}]\ngroups: {{g: [x]}}\n")
    with pytest.raises(TaskMistake, match="includes the list"):
        names("list:a")


@pytest.mark.parametrize(
    ("patterns", "told"),
    [
        (["list:t0plus"], "there is no list 't0plus'; did you mean 't0_plus'"),
        (["list:t0/nli"], "has no group 'nli'"),
        (["list:flan/maths"], "none of 1 datasets is here"),
        (["nli/*", "!nli/o*", "!nli/my*"], "leave no task"),
        (["!nli/*"], "nothing was named before it"),
        (["nli/*", "!nil/*"], "'nil/\\*' matches no task; did you mean"),
    ],
)
def test_patterns_that_cannot_be_are_mistakes(patterns: list[str], told: str) -> None:
    with pytest.raises(TaskMistake, match=told):
        HERE.match(patterns)


def test_all_wrong_patterns_are_told_at_once() -> None:
    with pytest.raises(Mistakes) as told:
        HERE.match(["nope/*", "list:nope", "nli/*", "!nope"])
    assert len(told.value.lines) == 3


def test_tasks_are_chosen_by_all_their_languages_however_these_are_written() -> None:
    assert names("*", languages=["en", "Icelandic"]) == [n for n in names("*") if n != "translation/flores_zh"]
    assert names("translation/*", languages=["zh", "en"]) == ["translation/flores_zh"]
    left = HERE.select(["translation/*"], ["en", "is"]).other_languages
    assert left == ("translation/flores_zh",)
    with pytest.raises(TaskMistake, match="none of 2 tasks has only the languages is; their languages"):
        names("translation/*", languages=["is"])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("English", "en"),
        ("zho_Hans", "zh"),
        ("pt-BR", "pt"),
        ("Haitian, Haitian Creole", "ht"),
        ("is", "is"),
        ("Klingon", "klingon"),
    ],
)
def test_a_language_has_one_code(name: str, code: str) -> None:
    assert language_code(name) == code


def test_lists_on_the_described_datasets(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SST-2 is no dataset of T0, though its sentences are Rotten Tomatoes'; nor is a mixture of others' rows."""
    monkeypatch.setenv("UNSEEN_DATA", str(real_data))
    data = load_catalog(["data"])
    t0 = {task.name for task in data.match(["list:t0"])}
    assert {"sentiment/rotten_tomatoes", "topic/trec", "commonsense/social_i_qa", "commonsense/commonsense_qa"} <= t0
    assert not t0 & {"sentiment/sst2", "chain_of_thought/flan_cot", "closed_book_qa/arc_challenge"}
    plus = {task.name for task in data.match(["list:t0_plus", "!list:t0"])}
    assert plus == {"closed_book_qa/arc_challenge", "sentence_completion/piqa"}
    evaluation = {task.name for task in data.match(["list:t0_evaluation"])}
    assert {"nli/glue_rte", "coreference/winogrande", "sentence_completion/copa"} <= evaluation
    assert not any(name.startswith("reasoning/bbh") for name in evaluation)
    assert {task.cluster for task in data.match(["list:flan/nli"])} == {"nli"}
