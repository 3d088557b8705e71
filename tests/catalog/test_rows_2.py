"""What a reader may believe of our NLI, closed-book QA, commonsense, coreference and struct-to-text datasets."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from rapidfuzz import fuzz, process

from unseen.catalog.make import cafe_cards
from unseen.data.dataset import Dataset, Row
from unseen.data.description import load_description
from unseen.data.places import shipped_catalog
from unseen.data.rows import read_rows
from unseen.prompt.engine import compile_template
from unseen.prompt.templates import templates_of

# Dataset, cluster, least number of train and test rows, columns, and what makes a row's input its own.
DATASETS: dict[str, tuple[str, int, int, set[str], Callable[[Any], str]]] = {
    "short_inferences": (
        *("nli", 160, 80, {"premise", "hypothesis", "label"}),
        lambda row: f"{row['premise']} {row['hypothesis']}",
    ),
    "fact_follows": (
        *("nli", 140, 70, {"passage", "statement", "label"}),
        lambda row: f"{row['passage']} {row['statement']}",
    ),
    "world_facts": (
        *("closed_book_qa", 200, 100, {"question", "options", "label"}),
        lambda row: f"{row['question']} {row['options'][row['label']]}",
    ),
    "nature_facts": ("closed_book_qa", 160, 80, {"question", "label"}, lambda row: row["question"]),
    "everyday_causes": (
        *("commonsense", 160, 80, {"sentence", "asks", "options", "label"}),
        lambda row: f"{row['sentence']} {row['options'][row['label']]}",
    ),
    "how_to": (
        *("commonsense", 160, 80, {"goal", "options", "label"}),
        lambda row: f"{row['goal']} {row['options'][row['label']]}",
    ),
    "who_is_it": ("coreference", 140, 70, {"sentence", "pronoun", "options", "label"}, lambda row: row["sentence"]),
    "cafe_cards": (
        *("struct_to_text", 160, 80, {"card", "facts", "name", "kind", "texts"}),
        lambda row: row["texts"][0],
    ),
}
GROUPED = {"short_inferences": "premise", "fact_follows": "passage"}  # rows that share this text share a split
LABELLED = sorted(DATASETS.keys() - {"cafe_cards"})
WITH_OPTIONS = ["world_facts", "everyday_causes", "how_to", "who_is_it"]
NEGATION = re.compile(r"\b(no|not|never|nobody|none|nothing|without|neither|unable|failed)\b", re.IGNORECASE)


def described(name: str) -> Dataset:
    return load_description(shipped_catalog() / f"{name}.yaml")


def values(name: str, *splits: str) -> list[Any]:
    dataset = described(name)
    return [row.values for split in splits or ("train", "test") for row in read_rows(dataset, split)]


def even(shares: Sequence[int], tolerance: float) -> bool:
    expected = sum(shares) / len(shares)
    return all(abs(share - expected) <= tolerance * expected for share in shares)


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_has_its_cluster_origin_licence_columns_and_enough_rows(name: str) -> None:
    cluster, train, test, columns, _ = DATASETS[name]
    dataset = described(name)
    assert (dataset.cluster, dataset.origin, dataset.language) == (cluster, (name,), ("en",))
    assert dataset.licence == "Apache-2.0"
    assert len(values(name, "train")) >= train and len(values(name, "test")) >= test
    assert all(set(row) == columns for row in values(name))


@pytest.mark.parametrize("name", DATASETS)
def test_text_is_stripped_and_never_empty(name: str) -> None:
    for row in values(name):
        texts = [each for value in row.values() for each in (value if isinstance(value, list) else [value])]
        assert all(text == text.strip() and text for text in texts if isinstance(text, str))


@pytest.mark.parametrize("name", DATASETS)
def test_no_row_is_given_twice(name: str) -> None:
    key = DATASETS[name][4]
    inputs = [re.sub(r"\W+", " ", key(row)).casefold() for row in values(name)]
    assert [text for text, count in Counter(inputs).items() if count > 1] == []


@pytest.mark.parametrize("name", DATASETS)
def test_no_test_row_is_nearly_a_train_row(name: str) -> None:
    key = DATASETS[name][4]
    train, test = ([key(row) for row in values(name, split)] for split in ("train", "test"))
    alike = process.cdist(test, train, scorer=fuzz.token_sort_ratio)
    close = [(test[i], train[j]) for i, j in zip(*(alike >= 90).nonzero(), strict=True)]
    assert close == []


@pytest.mark.parametrize("name", GROUPED)
def test_all_rows_over_one_text_lie_in_one_split_and_have_every_label(name: str) -> None:
    column = GROUPED[name]
    train, test = ({row[column] for row in values(name, split)} for split in ("train", "test"))
    assert not train & test
    labels: dict[str, set[int]] = defaultdict(set)
    for row in values(name):
        labels[row[column]].add(row["label"])
    assert {frozenset(each) for each in labels.values()} == {frozenset(range(3 if name == "short_inferences" else 2))}


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", LABELLED)
def test_labels_are_balanced(name: str, split: str) -> None:
    by_options: dict[int, Counter[int]] = defaultdict(Counter)
    words = described(name).labels
    for row in values(name, split):
        by_options[len(row["options"]) if "options" in row else len(words.words if words else ())][row["label"]] += 1
    for count, labels in by_options.items():
        assert set(labels) <= set(range(count))
        if sum(labels.values()) >= 60:
            assert even([labels[label] for label in range(count)], tolerance=0.25)


@pytest.mark.parametrize("name", WITH_OPTIONS)
def test_options_differ_and_the_right_one_is_not_told_by_its_length(name: str) -> None:
    rows = values(name)
    assert all(len(set(map(str.casefold, row["options"]))) == len(row["options"]) for row in rows)
    right = mean(len(row["options"][row["label"]]) for row in rows)
    wrong = mean(len(option) for row in rows for option in row["options"] if option != row["options"][row["label"]])
    assert 0.85 < right / wrong < 1.15


def test_world_facts_have_three_to_five_options() -> None:
    assert {len(row["options"]) for row in values("world_facts")} == {3, 4, 5}


def test_causes_and_effects_are_asked_equally() -> None:
    assert even(list(Counter(row["asks"] for row in values("everyday_causes")).values()), tolerance=0.05)


def test_the_class_of_a_hypothesis_is_not_told_by_its_negations_or_length() -> None:
    by_label: dict[int, list[str]] = defaultdict(list)
    for row in values("short_inferences"):
        by_label[row["label"]].append(row["hypothesis"])
    negated = {label: mean(bool(NEGATION.search(each)) for each in said) for label, said in by_label.items()}
    words = {label: mean(len(each.split()) for each in said) for label, said in by_label.items()}
    assert all(0.05 < share < 0.4 for share in negated.values())
    assert max(words.values()) < 1.35 * min(words.values())


def test_sentences_with_a_pronoun_come_in_pairs_that_differ_in_the_answer() -> None:
    for split in ("train", "test"):
        rows = values("who_is_it", split)
        assert all(len(re.findall(rf"\b{row['pronoun']}\b", row["sentence"], re.IGNORECASE)) == 1 for row in rows)
        for first, second in zip(rows[::2], rows[1::2], strict=True):
            assert first["options"] == second["options"] and first["label"] != second["label"]
            assert first["sentence"].split()[:3] == second["sentence"].split()[:3]


def test_the_generator_rewrites_the_cards_byte_for_byte() -> None:
    for split, text in cafe_cards.files().items():
        assert (cafe_cards.FOLDER / f"{split}.jsonl").read_bytes() == text.encode()


def test_every_text_of_a_card_says_its_facts_in_one_or_two_sentences() -> None:
    for row in values("cafe_cards"):
        facts = {fact["key"]: fact["value"] for fact in row["facts"]}
        assert row["card"] == "; ".join(f"{key}: {value}" for key, value in facts.items())
        assert 2 <= len(row["texts"]) <= 3 and len(set(row["texts"])) == len(row["texts"])
        said_as_it_is = [facts[key] for key in ("name", "kind", "offers", "near") if key in facts]
        hours = re.findall(r"\d+:\d\d|midnight", facts.get("open", ""))
        for text in row["texts"]:
            assert all(value.casefold() in text.casefold() for value in [*said_as_it_is, *hours])
            assert len(re.findall(r"\.(?:\s|$)", text)) <= 2
            assert not re.search(r"\b(a [aeio]|an [^aeio])", text)


@pytest.mark.parametrize("name", DATASETS)
def test_templates_are_many_and_differ(name: str) -> None:
    templates = templates_of(described(name))
    asking = [template for template in templates if not template.turned and not template.plain]
    plain = [template for template in templates if template.plain]
    assert len(asking) >= 5 and any(template.turned for template in templates)
    assert plain and all(template.separator == " " for template in plain)
    assert len({template.name for template in templates}) == len(templates)
    assert all(fuzz.token_sort_ratio(a.prompt, b.prompt) < 85 for a, b in combinations(asking, 2))
    if name != "cafe_cards":
        assert len({template.answer_choices for template in asking}) >= 3


@pytest.mark.parametrize("name", DATASETS)
def test_every_template_renders_every_row_with_its_own_answer(name: str) -> None:
    dataset = described(name)
    rows: list[Row] = [row for split in ("train", "test") for row in read_rows(dataset, split)]
    for template in templates_of(dataset):
        compiled = compile_template(template, rows[0].values)
        for row in rows:
            rendered = compiled.render(row)
            assert rendered is not None and rendered.prompt.strip() == rendered.prompt
            assert not re.search(r"\{\{|\}\}|\{%|  |\.\.", rendered.prompt + rendered.completion)
            if template.answer_choices:
                assert rendered.answer == row.values["label"]
            if template.turned:
                assert rendered.completion not in rendered.prompt
            if name == "cafe_cards" and not template.turned:
                assert rendered.references == tuple(row.values["texts"])


def test_nothing_else_lies_beside_the_rows() -> None:
    for name in DATASETS:
        folder: Path = shipped_catalog() / "rows" / name
        assert {file.name for file in folder.iterdir()} == {"train.jsonl", "test.jsonl"}
