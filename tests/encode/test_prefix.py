"""The end of a prompt is enough to know where its completion's tokens begin."""

from __future__ import annotations

import json
from bisect import bisect_left
from pathlib import Path

import pytest
from chat_templates import KINDS, make_folder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unseen.encode.prefix import NEAR, first_token, splits_words, tail_of, token_from
from unseen.encode.tokenizer import Tokenizer, load_tokenizer

words = st.sampled_from(["the", "rights", "3½", "x", "don't", "naïve", "東京", "...", "--", "Yes", "42", "é", "a" * 40])
gaps = st.sampled_from([" ", "  ", "\n", " \n", "\n\n", "\t", " ", ", "])
prompts = st.lists(st.tuples(words, gaps), min_size=1, max_size=40).map(lambda pairs: "".join(w + g for w, g in pairs))


@pytest.fixture(scope="module", params=["small", "embedded"])
def byte_level(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    if request.param == "embedded":
        return load_tokenizer(request.getfixturevalue("embedded_folder"))
    return load_tokenizer(make_folder(tmp_path_factory.mktemp("model"), "byte_level", None))


@given(prompt=prompts, completion=st.one_of(words, gaps, st.text(min_size=1, max_size=5)))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_tail_tells_what_the_whole_prompt_tells(byte_level: Tokenizer, prompt: str, completion: str) -> None:
    whole = byte_level.split([prompt + completion])[0]
    found = []
    for words_apart in (False, True):
        tail = tail_of(prompt + completion, len(prompt), words_apart)
        own = byte_level.ids(tail).tolist()
        found.append(first_token(len(prompt), tail, own, whole.ids, whole))
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.one_of(prompts, st.text(max_size=30)))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_token_from_a_character_on_is_the_one_that_the_offsets_tell(
    kind: str, text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    [whole] = tokenizer_of(kind, tmp_path_factory).split([text])
    for character in range(len(text) + 2):
        assert token_from(whole, character) == bisect_left(whole.offsets, (character, 0))


TOKENIZERS: dict[str, Tokenizer] = {}


def tokenizer_of(kind: str, folders: pytest.TempPathFactory) -> Tokenizer:
    if kind not in TOKENIZERS:
        TOKENIZERS[kind] = load_tokenizer(make_folder(folders.mktemp("model"), kind, None))
    return TOKENIZERS[kind]


def test_a_long_prompt_has_a_short_tail() -> None:
    prompt = "some words " * 100 + "Answer:"
    assert tail_of(prompt, len(prompt), words=False) == prompt
    assert NEAR <= len(tail_of(prompt, len(prompt), words=True)) < 3 * NEAR
    unbroken = "a" * 500
    assert tail_of(unbroken, 500, words=True) == unbroken


@pytest.mark.parametrize("kind", KINDS)
def test_only_byte_level_tokenizers_split_at_words_for_sure(kind: str, tmp_path: Path) -> None:
    folder = make_folder(tmp_path, kind, None)
    values = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    assert splits_words(values) == (kind == "byte_level")
