"""What a reader may believe of our sentiment, topic, intent, paraphrase and summarisation datasets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from statistics import mean
from typing import Any

import pytest
from rapidfuzz import fuzz, process

from unseen.data.dataset import Dataset, Row
from unseen.data.description import load_description
from unseen.data.places import shipped_catalog
from unseen.data.rows import read_rows
from unseen.prompt.engine import compile_template
from unseen.prompt.templates import templates_of

# Dataset: cluster, metric, least number of rows in all, columns of the file; the first one holds no label.
DATASETS: dict[str, tuple[str, str, int, tuple[str, ...]]] = {
    "film_notes": ("sentiment", "accuracy", 240, ("note", "film", "liked")),
    "shop_reviews": ("sentiment", "accuracy", 240, ("review", "item", "verdict")),
    "news_briefs": ("topic", "accuracy", 250, ("brief", "section")),
    "question_types": ("topic", "accuracy", 252, ("question", "kind")),
    "help_desk": ("intent", "accuracy", 240, ("message", "company", "intent")),
    "same_request": ("paraphrase", "accuracy", 240, ("first", "second", "same")),
    "notice_titles": ("summarisation", "rouge_l", 200, ("notice", "title")),
}
LABELLED = [name for name in DATASETS if name != "notice_titles"]
FILE_OF = {name: columns for name, (*_, columns) in DATASETS.items()}


def described(name: str) -> Dataset:
    return load_description(shipped_catalog() / f"{name}.yaml")


def rows_of(name: str, *splits: str) -> list[Row]:
    dataset = described(name)
    return [row for split in splits or ("train", "test") for row in read_rows(dataset, split)]


def texts_of(name: str, *splits: str) -> list[str]:
    """The text that a row is about; of a pair of requests, both."""
    columns = ("first", "second") if name == "same_request" else FILE_OF[name][:1]
    return [" ".join(row.values[column] for column in columns) for row in rows_of(name, *splits)]


def closest(some: Sequence[str], others: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs that share nine tenths of their characters, words in any order."""
    alike = process.cdist(some, others, scorer=fuzz.token_sort_ratio)
    return [(some[i], others[j]) for i, j in zip(*(alike >= 90).nonzero(), strict=True)]


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_has_its_cluster_origin_licence_and_metric(name: str) -> None:
    cluster, metric, *_ = DATASETS[name]
    dataset = described(name)
    assert (dataset.cluster, dataset.origin, dataset.metrics) == (cluster, (name,), (metric,))
    assert (dataset.language, dataset.licence) == (("en",), "Apache-2.0")


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_has_enough_rows_a_third_of_them_for_testing(name: str) -> None:
    train, test = len(rows_of(name, "train")), len(rows_of(name, "test"))
    assert train + test >= DATASETS[name][2]
    assert 0.3 < test / (train + test) < 0.36


@pytest.mark.parametrize("name", DATASETS)
def test_every_row_has_every_column_and_its_texts_are_stripped(name: str) -> None:
    for row in rows_of(name):
        assert set(FILE_OF[name]) <= set(row.values)
        texts = [value for value in row.values.values() if isinstance(value, str)]
        assert all(text and text == text.strip() and "  " not in text for text in texts)


@pytest.mark.parametrize("name", DATASETS)
def test_no_row_is_given_twice_or_nearly_twice(name: str) -> None:
    texts = texts_of(name)
    assert len({re.sub(r"\W+", " ", text).casefold() for text in texts}) == len(texts)
    assert [pair for pair in closest(texts, texts) if pair[0] != pair[1]] == []


@pytest.mark.parametrize("column", ["first", "second"])
def test_a_request_of_the_test_rows_stands_in_no_pair_of_the_train_rows(column: str) -> None:
    train = [row.values[each] for row in rows_of("same_request", "train") for each in ("first", "second")]
    assert closest([row.values[column] for row in rows_of("same_request", "test")], train) == []


@pytest.mark.parametrize("column", ["film", "title"])
def test_a_title_names_one_row_only(column: str) -> None:
    name = "film_notes" if column == "film" else "notice_titles"
    counts = Counter(row.values[column].casefold() for row in rows_of(name))
    assert [title for title, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", LABELLED)
def test_labels_are_balanced(name: str, split: str) -> None:
    labels = described(name).labels
    counts = Counter(row.values["label"] for row in rows_of(name, split))
    assert labels is not None and set(counts) == set(range(len(labels.words)))
    assert max(counts.values()) - min(counts.values()) <= 1


@pytest.mark.parametrize("name", ["film_notes", "shop_reviews", "news_briefs", "question_types"])
def test_the_label_is_not_told_by_the_length(name: str) -> None:
    column = FILE_OF[name][0]
    words: dict[Any, list[int]] = {}
    for row in rows_of(name):
        words.setdefault(row.values["label"], []).append(len(row.values[column].split()))
    means = [mean(each) for each in words.values()]
    assert max(means) < 1.2 * min(means)


def test_whether_two_requests_mean_the_same_is_not_told_by_the_words_that_they_share() -> None:
    rows = [row.values for row in rows_of("same_request")]
    shared = [(fuzz.token_set_ratio(row["first"], row["second"]), bool(row["label"])) for row in rows]
    right = [sum((share < cut) == same for share, same in shared) / len(shared) for cut in range(102)]
    assert max(max(right), 1 - min(right)) < 0.72


def test_every_intent_comes_from_every_company_equally_often() -> None:
    counts = Counter((row.values["company"], row.values["label"]) for row in rows_of("help_desk"))
    assert len(counts) == 24 and set(counts.values()) == {10}


def test_a_brief_has_two_sentences_and_a_notice_two_to_four() -> None:
    sentence_end = re.compile(r"[.!?](?=\s|$)")
    assert {len(sentence_end.findall(text)) for text in texts_of("news_briefs")} == {2}
    assert {len(sentence_end.findall(text)) for text in texts_of("notice_titles")} <= {2, 3, 4}


def test_a_title_has_two_to_eight_words_and_no_full_stop() -> None:
    for row in rows_of("notice_titles"):
        assert 2 <= len(row.values["title"].split()) <= 8
        assert not row.values["title"].endswith(".")


@pytest.mark.parametrize("name", DATASETS)
def test_templates_are_many_and_differ(name: str) -> None:
    templates = templates_of(described(name))
    asking = [template for template in templates if not template.turned and not template.plain]
    plain = [template for template in templates if template.plain]
    assert len(asking) >= 6 and any(template.turned for template in templates)
    assert plain and all(template.separator == " " for template in plain)
    assert all(fuzz.token_sort_ratio(a.prompt, b.prompt) < 85 for a, b in combinations(asking, 2))
    if name in LABELLED:
        assert len({template.answer_choices for template in asking}) >= 5


@pytest.mark.parametrize("name", DATASETS)
def test_every_template_renders_every_row_with_its_own_answer(name: str) -> None:
    rows = rows_of(name)
    for template in templates_of(described(name)):
        compiled = compile_template(template, rows[0].values)
        for row in rows:
            rendered = compiled.render(row)
            assert rendered is not None and rendered.prompt.strip() == rendered.prompt and rendered.completion
            assert not re.search(r"\{\{|\}\}|\{%|  |(?<!\.)\.\.(?!\.)", rendered.prompt + rendered.completion)
            if template.answer_choices:
                assert rendered.answer == row.values["label"]
            else:
                assert rendered.completion not in rendered.prompt


@pytest.mark.parametrize("name", LABELLED)
def test_a_template_that_lists_its_choices_lists_all_of_them(name: str) -> None:
    """A prompt that names one of its choices names every one, else an answer would be out of reach."""
    row = rows_of(name)[0]
    for template in templates_of(described(name)):
        if not template.answer_choices or template.plain:
            continue
        instruction = re.sub(r"\{\{.*?\}\}", "", template.prompt).casefold()
        rendered = compile_template(template, row.values).render(row)
        assert rendered is not None and rendered.choices is not None
        whole = [re.compile(rf"(?<!\w){re.escape(choice.casefold())}(?!\w)") for choice in rendered.choices]
        named = [choice.pattern for choice in whole if choice.search(instruction)]
        assert len(named) in (0, len(rendered.choices)), (template.name, named)


def test_nothing_else_lies_beside_the_rows() -> None:
    for name in DATASETS:
        folder = shipped_catalog() / "rows" / name
        assert {file.name for file in folder.iterdir()} == {"train.jsonl", "test.jsonl"}
