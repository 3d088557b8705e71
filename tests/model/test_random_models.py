"""The random models that studies are tried with."""

from __future__ import annotations

from pathlib import Path

import pytest

from unseen.encode.tokenizer import load_tokenizer
from unseen.model.folder import resolve
from unseen.model.load import load_model
from unseen.model.random_models import ALIASES, CONTEXT, random_folder


@pytest.mark.parametrize("alias", ALIASES)
def test_a_random_model_loads_and_says_that_it_was_tuned_on_nothing(alias: str, home: Path) -> None:
    folder = resolve(alias)
    model = load_model(folder)
    assert model.kind == ("encoder-decoder" if alias.endswith("t5") else "decoder")
    assert folder.instruction_tuned_on == "none"
    assert model.context >= CONTEXT


def test_it_is_made_once_and_the_same_each_time(home: Path) -> None:
    first = resolve(ALIASES[0]).digest
    changed = (random_folder(ALIASES[0]) / "model.safetensors").stat().st_mtime_ns
    assert resolve(ALIASES[0]).digest == first
    assert (random_folder(ALIASES[0]) / "model.safetensors").stat().st_mtime_ns == changed


def test_a_word_of_the_shipped_rows_is_no_chain_of_bytes(home: Path) -> None:
    tokenizer = load_tokenizer(random_folder(ALIASES[0]))
    assert len(tokenizer.split(["The film was not very good, and I was tired."])[0].ids) < 20
