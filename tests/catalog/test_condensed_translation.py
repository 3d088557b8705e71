"""The tasks of delia_translation: our own sentences, and wordings that never say which language a token stands for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from unseen.data.description import load_description
from unseen.data.places import shipped_catalog
from unseen.data.rows import read_rows
from unseen.diversify.dictionary import make_dictionary
from unseen.diversify.wording_file import read_wordings
from unseen.prompt.dictionary import read_dictionary
from unseen.study.find import shipped_studies
from unseen.task.catalog import load_catalog

LANGUAGES = {"de": "German", "is": "Icelandic", "en": "English"}


def test_sentences_are_given_once_in_both_languages_and_not_on_both_sides() -> None:
    dataset = load_description(shipped_catalog() / "short_sentences.yaml")
    sides = {split: [dict(row.values) for row in read_rows(dataset, split)] for split in ("train", "test")}
    assert {split: len(rows) for split, rows in sides.items()} == {"train": 44, "test": 16}
    for column in ("text", "translation"):
        texts = [row[column] for rows in sides.values() for row in rows]
        assert len(set(texts)) == len(texts) == 60
        assert all(text == text.strip() and text.endswith((".", "?")) and len(text.split()) < 12 for text in texts)


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_wording_but_the_one_that_tells_says_a_language(code: str) -> None:
    wordings = read_wordings(shipped_studies() / "wordings" / f"mt_{code}.yaml")
    names = "|".join([*LANGUAGES.values(), "Deutsch", "language", "foreign"])
    said = [each.text for each in wordings.wordings if re.search(names, each.text, re.IGNORECASE)]
    assert said == [] and wordings.tokens == (f"<mt-{code}>",)
    told = {each.name: each.text for each in wordings.special}
    assert told["no_token"] == f"Translate this text into {LANGUAGES[code]}."


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_task_of_a_direction_says_the_instruction_of_its_wordings(code: str) -> None:
    instruction = read_wordings(shipped_studies() / "wordings" / f"mt_{code}.yaml").instruction
    files = [*(shipped_catalog() / "data").glob("mt_*.yaml"), shipped_catalog() / "short_sentences.yaml"]
    prompts = [json.dumps(load_description(file).templates) for file in files]
    of_direction = [prompt for prompt in prompts if f"<mt-{code}>" in prompt]
    assert of_direction and all(prompt.count(instruction) == 1 for prompt in of_direction)


def test_the_dictionary_that_ships_is_what_the_command_makes_of_the_train_rows(home: Path) -> None:
    task = load_catalog(("shipped",)).task("condensed_translation/short_sentences")
    made = make_dictionary(task, "text", "translation")
    assert (made.rows, made.also_asked, made.pairs) == (44, 0, 44)
    shipped = read_dictionary(shipped_studies() / "dictionaries" / "short_sentences.tsv")
    assert shipped.entries == made.dictionary.entries and shipped.entries["harbour"].senses == ("Hafen",)
