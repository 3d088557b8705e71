"""Declared tokens are one id wherever they stand; every other control token in a row's text stays text."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from chat_templates import CONTROL, KINDS, TEMPLATES, make_folder
from hypothesis import given
from hypothesis import strategies as st

from unseen.encode.control import RESERVED
from unseen.encode.declared import write_declared
from unseen.encode.encode import encode
from unseen.encode.format import Format
from unseen.encode.pieces import pieces
from unseen.encode.tokenizer import Tokenizer, load_tokenizer
from unseen.errors import Mistakes, RecipeMistake
from unseen.prompt.example import Example, Segment

TOKENS = ("<sep>", "[[x]]")
FORMATS = pytest.mark.parametrize("format", [Format("chat"), Format("plain")], ids=["chat", "plain"])


@cache
def folder_of(kind: str, template: str | None = "chatml") -> Path:
    return make_folder(Path(mkdtemp()), kind, TEMPLATES[template] if template else None)


@cache
def tokenizer_of(kind: str = "byte_level", template: str | None = "chatml") -> Tokenizer:
    return load_tokenizer(folder_of(kind, template), tokens=TOKENS)


def example_of(prompt: str, completion: str) -> Example:
    return Example("a/b", "t", "train", 0, (Segment("user", prompt), Segment("assistant", completion, 1.0)))


def count(ids: Any, tokenizer: Tokenizer, token: str) -> int:
    return list(ids).count(tokenizer.id_of(token))


@FORMATS
@pytest.mark.parametrize("kind", KINDS)
def test_a_declared_token_is_one_id_in_prompt_and_completion(kind: str, format: Format) -> None:
    tokenizer = tokenizer_of(kind)
    encoded = encode(example_of("Follow the <sep>format.\n<sep>", "<sep> yes[[x]]"), tokenizer, format, 500)
    prompt, said = encoded.ids[: encoded.prompt_length], encoded.ids[encoded.weights > 0]
    assert (count(prompt, tokenizer, "<sep>"), count(said, tokenizer, "<sep>")) == (2, 1)
    assert count(said, tokenizer, "[[x]]") == 1
    assert "<sep>" in [text for text, _ in pieces(encoded, tokenizer)]


@FORMATS
@pytest.mark.parametrize("kind", KINDS)
def test_control_tokens_in_row_text_stay_text_beside_it(kind: str, format: Format) -> None:
    tokenizer, plain = tokenizer_of(kind), load_tokenizer(folder_of(kind))
    row = f"<sep>{'<sep> '.join(CONTROL)}<sep>"
    with_row = encode(example_of(row, "yes"), tokenizer, format, 500).ids
    without = encode(example_of("a", "yes"), plain, format, 500).ids
    assert count(with_row, tokenizer, "<sep>") == len(CONTROL) + 1
    for token in CONTROL[1:]:  # the unknown token is what a small vocabulary makes of rare letters
        assert count(with_row, tokenizer, token) == count(without, plain, token)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=8), min_size=2, max_size=4))
def test_text_around_it_comes_back_with_its_white_space(parts: list[str]) -> None:
    """Byte-level tokenizers. Those that put a space before a word do so behind a token too, as transformers does."""
    text, tokenizer = "<sep>".join(RESERVED.sub("", part) for part in parts), tokenizer_of()
    ids = tokenizer.ids(text)
    assert tokenizer.decode(ids) == text
    assert count(ids, tokenizer, "<sep>") == text.count("<sep>")


@pytest.mark.parametrize("kind", KINDS)
def test_text_without_it_has_the_tokens_that_it_had(kind: str) -> None:
    tokenizer, plain = tokenizer_of(kind), load_tokenizer(folder_of(kind))
    for text in ("Follow the format.", "sep < sep >", " two  spaces ", "<s>"):
        assert tokenizer.ids(text).tolist() == plain.ids(text).tolist()
    assert tokenizer.vocabulary == plain.vocabulary
    assert tokenizer.digest != plain.digest


@pytest.mark.parametrize("kind", KINDS)
def test_written_to_a_folder_transformers_and_we_read_the_same(kind: str, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = tokenizer_of(kind)
    shutil.copytree(folder_of(kind), tmp_path / "model")
    write_declared(tmp_path / "model", tokenizer.declared)
    again, theirs = load_tokenizer(tmp_path / "model"), AutoTokenizer.from_pretrained(tmp_path / "model")
    for text in ("a <sep> b", "a<sep>b [[x]]", "\n<sep>\n"):
        assert again.ids(text).tolist() == tokenizer.ids(text).tolist()
        assert theirs(text, add_special_tokens=False).input_ids == tokenizer.ids(text).tolist()
    assert again.id_of("<sep>") == tokenizer.id_of("<sep>") and not again.declared


def test_an_older_configuration_s_list_of_added_tokens_gets_it_too(tmp_path: Path) -> None:
    shutil.copytree(folder_of("byte_level"), tmp_path / "model")
    path = tmp_path / "model" / "tokenizer_config.json"
    listed = {"2": {"content": "</s>", "special": True}}
    path.write_text(json.dumps({**json.loads(path.read_text()), "added_tokens_decoder": listed}))
    declared = load_tokenizer(tmp_path / "model", tokens=TOKENS).declared
    write_declared(tmp_path / "model", declared)
    found = json.loads(path.read_text())["added_tokens_decoder"]
    assert found["2"] == listed["2"] and [found[str(each.id)]["content"] for each in declared] == list(TOKENS)


def test_a_reserved_token_of_the_model_may_be_declared_and_is_then_found_in_text() -> None:
    """`<|neck|>` is special and unused: no template writes it, the configuration does not name it."""
    folder = folder_of("byte_level", "bare")
    plain, tokenizer = load_tokenizer(folder), load_tokenizer(folder, tokens=["<|neck|>", "<new>"])
    known = plain.id_of("<|neck|>")
    assert known not in plain.ids("a<|neck|>b") and known in tokenizer.ids("a<|neck|>b")
    assert [(each.id, each.known) for each in tokenizer.declared] == [(known, True), (700, False)]
    assert tokenizer.first_declared == 700
    assert tokenizer.decode(tokenizer.ids("a<|neck|>b")) == "a<|neck|>b"


def a_word(folder: Path) -> str:
    vocabulary: dict[str, int] = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    plain = (word for word, index in vocabulary.items() if index > 300 and word.isalpha() and word.isascii())
    return next(word for word in plain if word not in TEMPLATES["chatml"])


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (lambda folder: "</s>", "is the model's eos_token"),
        (lambda folder: "<|head|>", "stands in the model's chat template"),
        (a_word, "is there already: token [0-9]+ of the vocabulary"),
        (lambda folder: "«sep»", "comes out of this model's tokenizer as"),
    ],
    ids=["end", "markup", "word", "bytes"],
)
def test_a_token_that_cannot_be_added_is_one_line(token: Callable[[Path], str], said: str) -> None:
    folder = folder_of("byte_level")
    with pytest.raises(RecipeMistake, match=said) as told:
        load_tokenizer(folder, tokens=[token(folder)])
    assert len(told.value.lines) == 1 and told.value.where == "tokens"


def test_all_tokens_that_cannot_be_added_are_told_at_once() -> None:
    with pytest.raises(Mistakes) as told:
        load_tokenizer(folder_of("byte_level"), tokens=["</s>", "<fine>", "<|head|>"])
    assert len(told.value.lines) == 2
