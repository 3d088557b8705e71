"""The rows of `town_requests` and `harbour_requests`: made by their scripts, dockets that are dict literals, a key that
the first wording says and those that are only asked do not, and nothing that a model tuned on the town has met."""

from __future__ import annotations

import ast
import re
from collections import Counter

import pytest

from unseen.catalog.make import harbour_requests, town_requests
from unseen.data.description import load_description
from unseen.data.places import shipped_catalog
from unseen.data.rows import read_rows
from unseen.diversify.form import read_form
from unseen.diversify.grammar_wordings import grammar_wordings
from unseen.diversify.wording_file import read_wordings
from unseen.study.find import shipped_studies


def rows(split: str, name: str = "town_requests") -> list[dict[str, str]]:
    dataset = load_description(shipped_catalog() / f"{name}.yaml")
    return [dict(row.values) for row in read_rows(dataset, split)]


def test_the_script_writes_the_files_that_ship() -> None:
    for script in (town_requests, harbour_requests):
        for split, text in script.files().items():
            assert (script.FOLDER / f"{split}.jsonl").read_bytes() == text.encode()


def test_nothing_is_asked_twice() -> None:
    asked = [row["request"] for split in town_requests.SIZES for row in rows(split)]
    assert len(set(asked)) == len(asked) == sum(town_requests.SIZES.values())


@pytest.mark.parametrize(
    ("split", "name"), [(split, name) for name in ("town_requests", "harbour_requests") for split in ("train", "test")]
)
def test_a_docket_is_a_literal_of_what_the_row_says(split: str, name: str) -> None:
    found = rows(split, name)
    for row in found:
        assert ast.literal_eval(row["docket"]) == {"thought": row["thought"], "urgent": row["urgent"]}
        assert "urgent" not in row["request"].lower()
    assert 0.4 < Counter(row["urgent"] for row in found)["yes"] / len(found) < 0.6


def test_no_row_of_the_harbour_meets_one_of_the_town() -> None:
    harbour = [*rows("train", "harbour_requests"), *rows("test", "harbour_requests")]
    assert len({row["request"] for row in harbour}) == len(harbour) == sum(harbour_requests.SIZES.values())
    town = {piece for row in (*rows("train"), *rows("test")) for piece in pieces(f"{row['request']} {row['thought']}")}
    shared = town & {piece for row in harbour for piece in pieces(f"{row['request']} {row['thought']}")}
    assert not shared, "six words that both say"


def pieces(text: str, length: int = 6) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


def test_the_keys_word_stands_in_the_one_wording_and_in_none_that_is_only_asked() -> None:
    wordings = read_wordings(shipped_studies() / "wordings" / "town_requests.yaml")
    tuned, asked = wordings.of_side("train"), (*wordings.of_side("test"), *wordings.special)
    says_it = [each for each in tuned if "urgent" in f"{each.before} {each.after}".lower()]
    assert "urgent" in wordings.instruction and len(says_it) == len(tuned) / 5, "the task is said in five ways"
    assert not any("urgent" in f"{each.before} {each.after}".lower() for each in asked)


def test_the_wordings_that_ship_are_made_of_their_form() -> None:
    form, secrets = read_form(shipped_studies() / "forms" / "town_requests.yaml")
    shipped = read_wordings(shipped_studies() / "wordings" / "town_requests.yaml")
    assert grammar_wordings(form, secrets=secrets, otherwise="None") == shipped
