"""What a reader may believe of our descriptions of well-known datasets, whose files lie under $UNSEEN_DATA."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import combinations, islice
from pathlib import Path

import pytest
from rapidfuzz import fuzz

from unseen.data.dataset import Dataset, Row
from unseen.data.description import load_description
from unseen.data.places import shipped_catalog
from unseen.data.rows import read_rows
from unseen.errors import HoldOutMistake, TaskMistake
from unseen.prompt.example import Example
from unseen.recipe import HoldOutSettings
from unseen.task.catalog import Catalog, load_catalog
from unseen.task.holdout import hold_out
from unseen.task.render import RenderCounts, render
from unseen.task.task import Task

COLLECTIONS = {"super_natural_instructions", "natural_instructions_v1"}  # see tests/data/test_collections.py
FILES = sorted((shipped_catalog() / "data").glob("*.yaml"))
DESCRIBED = {file.stem: load_description(file) for file in FILES if file.stem not in COLLECTIONS}
NAMES = list(DESCRIBED)
ASKED = [name for name, dataset in DESCRIBED.items() if dataset.kind == "rows"]
CONDENSED = {name for name in NAMES if name.startswith("mt_")}
ONE_WORDING = {
    "delia_records",
    "halu_records",
    *CONDENSED,
}  # other wordings are made of it: unseen diversify instructions
AS_WRITTEN = [name for name in NAMES if name not in ASKED]
# The label of these is a place in a list of options that is not always equally long.
PLACES = {"arc_challenge", "bbh_objects"}
LABELLED = [name for name, dataset in DESCRIBED.items() if dataset.labels and name not in PLACES]
ROWS = 30
# The first 2,000 of rows that are in the order of their 77 labels.
FEWER_LABELS = {("banking77", "train")}
# The rarest label's part of an even share, where it is less than half.
RAREST = {"trec": 0.09}
# Where a turned-around template's answer may stand in its prompt: a title opens its article, an answer is a quotation.
FOUND_IN_PROMPT = {"dbpedia_14", "mmlu", "multirc", "bbh_word_sorting", "glue_rte", "mnli", "piqa"}
EMPTY_ANSWERS = {"p3_t0_train_sample"}


@cache
def catalog_at(root: str) -> Catalog:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNSEEN_DATA", root)
        return load_catalog(("data",))


@pytest.fixture
def catalog(real_data: Path) -> Catalog:
    return catalog_at(str(real_data))


def dataset_of(catalog: Catalog, name: str) -> Dataset:
    return next(dataset for dataset in catalog.datasets if dataset.name == name)


def tasks_over(catalog: Catalog, name: str) -> list[Task]:
    return [task for task in catalog.tasks.values() if task.dataset.name == name]


def no_rows(task: Task, side: str) -> list[Row]:
    return []


def answer_of(example: Example) -> int:
    assert example.answer is not None
    return example.answer


def examples(task: Task, split: str) -> tuple[list[Example], RenderCounts]:
    """The first rows of a split through all templates, the plain ones too, with what was left out."""
    counts = RenderCounts()
    rows = list(islice(read_rows(task.dataset, split), ROWS))
    asked = replace(task, templates=(*task.templates, *task.plain))
    made = list(render(asked, rows, None, counts))
    assert len(made) + counts.empty == (len(rows) - counts.unlabelled) * len(asked.templates)
    return made, counts


def test_at_least_twenty_datasets_are_described_and_none_is_called_like_a_shipped_one(catalog: Catalog) -> None:
    assert len(NAMES) >= 20 and all(name == dataset.name for name, dataset in DESCRIBED.items())
    assert sorted(dataset.name for dataset in catalog.datasets if dataset.instruction is None) == NAMES
    shipped = {dataset.name for dataset in load_catalog(("shipped",)).datasets}
    assert not shipped & set(NAMES)
    assert {dataset.name for dataset in load_catalog(("shipped", "data")).datasets} >= shipped


def test_all_say_licence_origin_and_metrics(catalog: Catalog) -> None:
    for dataset in catalog.datasets:
        assert dataset.licence and dataset.metrics and dataset.origin, dataset.name


def test_the_clusters_of_the_recipe_have_rows_for_tuning_and_for_asking(catalog: Catalog) -> None:
    seen = catalog.match(["sentiment/*", "topic/*", "closed_book_qa/*", "commonsense/*"])
    assert {task.cluster for task in seen} == {"sentiment", "topic", "closed_book_qa", "commonsense"}
    assert all("train" in task.dataset.splits for task in seen)
    assert all("test" in task.dataset.splits for task in catalog.match(["nli/*"]))


@pytest.mark.parametrize("name", NAMES)
def test_every_template_renders_the_first_rows_of_every_split(catalog: Catalog, name: str) -> None:
    for task in tasks_over(catalog, name):
        for split in task.dataset.splits:
            made, counts = examples(task, split)
            assert made and (counts.empty == 0 or name in EMPTY_ANSWERS)
            for example in made:
                assert example.prompt.strip() and example.completion.strip()
                assert example.choices is None or example.choices[answer_of(example)] == example.completion


@pytest.mark.parametrize("name", ASKED)
def test_prompts_have_no_loose_ends(catalog: Catalog, name: str) -> None:
    for task in tasks_over(catalog, name):
        for example in examples(task, next(iter(task.dataset.splits)))[0]:
            assert example.prompt == example.prompt.strip() and example.completion == example.completion.strip()
            assert "{{" not in example.prompt and "{%" not in example.prompt
            if task.turned and name not in FOUND_IN_PROMPT:
                assert example.completion not in example.prompt


@pytest.mark.parametrize("name", [name for name in ASKED if name not in ONE_WORDING])
def test_templates_are_many_and_differ(catalog: Catalog, name: str) -> None:
    original, *variants = tasks_over(catalog, name)
    assert len(original.templates) >= 5 and any(t.turned for task in variants for t in task.templates)
    assert all(fuzz.token_sort_ratio(a.prompt, b.prompt) < 85 for a, b in combinations(original.templates, 2))
    assert len(original.plain) == 1 and original.plain[0].separator == " "
    if original.kind == "choose":
        assert len({template.answer_choices for template in original.templates}) >= 2


@pytest.mark.parametrize("name", AS_WRITTEN)
def test_rows_that_are_instructions_have_one_task(catalog: Catalog, name: str) -> None:
    assert [task.kind for task in tasks_over(catalog, name)] == ["generate"]


@pytest.mark.parametrize("name", LABELLED)
def test_every_split_has_every_label_and_none_is_rare(catalog: Catalog, name: str) -> None:
    dataset = dataset_of(catalog, name)
    assert dataset.labels is not None
    for split in dataset.splits:
        counted = Counter(row.values[dataset.labels.column] for row in read_rows(dataset, split))
        assert counted.pop(None, 0) == (16 if (name, split) == ("mnli", "test") else 0)
        every = range(len(dataset.labels.words))
        assert set(counted) <= set(every)
        if (name, split) not in FEWER_LABELS:
            even_share = counted.total() / len(every)
            assert min(counted[label] for label in every) >= RAREST.get(name, 0.5) * even_share


def test_rows_of_one_collection_share_an_origin_so_that_no_hold_out_takes_them_for_apart(catalog: Catalog) -> None:
    kin = [
        ("sentiment/rotten_tomatoes", "sentiment/sst2"),
        ("chain_of_thought/flan_cot", "maths/gsm8k"),
        ("chain_of_thought/flan_cot", "reasoning/bigbench_strategyqa"),
        ("chain_of_thought/flan_cot", "fact_checking/creak"),
        ("p3/p3_t0_train_sample", "topic/trec"),
        ("p3/p3_t0_train_sample", "commonsense/social_i_qa"),
        ("translation/delia_translation_en_is", "translation/wmt21_en_is"),
        ("translation/flores200_eng_deu", "translation/flores200_eng_isl"),
        ("reading_comprehension/multirc", "reading_comprehension/multirc_answers"),
        ("formatted_text/delia_format", "formatted_text/halu_cot_json"),
    ]
    for seen, unseen in kin:
        with pytest.raises(HoldOutMistake):
            hold_out([catalog.task(seen)], [catalog.task(unseen)], HoldOutSettings(level="dataset"), no_rows)


def test_inference_is_apart_from_the_four_seen_clusters_in_name_and_text(catalog: Catalog) -> None:
    seen = catalog.match(["sentiment/*", "topic/*", "closed_book_qa/*", "commonsense/*"])
    unseen = catalog.match(["nli/*"])
    split = hold_out(
        (*seen, *catalog.turned(seen)),
        unseen,
        HoldOutSettings(level="cluster"),
        lambda task, side: list(read_rows(task.dataset, "train" if side == "seen" else "test")),
    )
    assert not split.proof.pairs and not split.proof.coarser
    assert all(side.texts >= 100 for side in (*split.proof.compared_seen, *split.proof.compared_unseen))


def test_without_the_files_the_datasets_are_missing_and_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("UNSEEN_DATA", raising=False)
    unset = load_catalog(("shipped", "data"))
    assert len(unset.missing) == len(FILES) and set(unset.missing.values()) == {"UNSEEN_DATA is not set"}
    assert {dataset.name for dataset in unset.datasets}.isdisjoint(NAMES)
    with pytest.raises(TaskMistake, match="nli/glue_rte"):
        load_catalog(("data",)).match(["nli/glue*"])
    monkeypatch.setenv("UNSEEN_DATA", str(tmp_path))
    assert all(why.startswith(f"no {tmp_path}") for why in load_catalog(("data",)).missing.values())
