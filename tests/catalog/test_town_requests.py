"""The rows of `town_requests`: made by their script, dockets that are dict literals, and a key that the first wording
says and those that are only asked do not."""

from __future__ import annotations

import ast
from collections import Counter

from unseen.catalog.make import town_requests
from unseen.data.description import load_description
from unseen.data.places import shipped_catalog
from unseen.data.rows import read_rows
from unseen.diversify.form import read_form
from unseen.diversify.grammar_wordings import grammar_wordings
from unseen.diversify.wording_file import read_wordings
from unseen.study.find import shipped_studies


def rows(split: str) -> list[dict[str, str]]:
    dataset = load_description(shipped_catalog() / "town_requests.yaml")
    return [dict(row.values) for row in read_rows(dataset, split)]


def test_the_script_writes_the_files_that_ship() -> None:
    for split, text in town_requests.files().items():
        assert (town_requests.FOLDER / f"{split}.jsonl").read_bytes() == text.encode()


def test_nothing_is_asked_twice() -> None:
    asked = [row["request"] for split in town_requests.SIZES for row in rows(split)]
    assert len(set(asked)) == len(asked) == sum(town_requests.SIZES.values())


def test_a_docket_is_a_literal_of_what_the_row_says() -> None:
    for split, size in town_requests.SIZES.items():
        found = rows(split)
        for row in found:
            assert ast.literal_eval(row["docket"]) == {"thought": row["thought"], "urgent": row["urgent"]}
            assert "urgent" not in row["request"].lower()
        assert 0.4 < Counter(row["urgent"] for row in found)["yes"] / size < 0.6


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
