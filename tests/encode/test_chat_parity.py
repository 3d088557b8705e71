"""Our tokens are transformers' `apply_chat_template` tokens, over template families and tokenizer kinds."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from chat_templates import CONTROL, KINDS, TEMPLATES, make_folder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unseen.encode.encode import encode
from unseen.encode.format import Format
from unseen.encode.options import encode_prompt
from unseen.encode.tokenizer import Tokenizer, load_tokenizer
from unseen.prompt.example import Example, Segment

CHAT = Format("chat")
texts = st.text(st.characters(exclude_categories=["Cs", "Cn"]), min_size=1, max_size=30).filter(
    lambda text: bool(text.strip()) and not any(token in text for token in CONTROL)
)
conversations = st.lists(st.tuples(texts, texts), min_size=1, max_size=3)
Pair = tuple[Tokenizer, Any]


@pytest.fixture(scope="module", params=[(t, k) for t in TEMPLATES for k in KINDS], ids=lambda p: f"{p[0]}-{p[1]}")
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """Our tokenizer and transformers' one, over the same folder."""
    from transformers import PreTrainedTokenizerFast

    template, kind = request.param
    folder = make_folder(tmp_path_factory.mktemp("model"), kind, TEMPLATES[template])
    return load_tokenizer(folder), PreTrainedTokenizerFast.from_pretrained(folder)


def example_of(turns: list[tuple[str, str]], system: str | None = None) -> Example:
    segments = [Segment("system", system)] if system is not None else []
    for asked, said in turns:
        segments += [Segment("user", asked), Segment("assistant", said, 1.0)]
    return Example("cluster/dataset", "template", "train", 7, tuple(segments))


def closes_no_turn(tokenizer: Tokenizer) -> bool:
    """Whether its template leaves the end of a turn to us."""
    return tokenizer.chat_template is not None and tokenizer.chat_template.source == TEMPLATES["bare"]


def messages_of(example: Example) -> list[dict[str, str]]:
    return [{"role": segment.role, "content": segment.text} for segment in example.segments]


@given(conversations)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_conversation_is_tokenised_as_transformers_does(pair: Pair, turns: list[tuple[str, str]]) -> None:
    ours, theirs = pair
    example = example_of(turns)
    ids = encode(example, ours, CHAT, 10_000).ids.tolist()
    whole = theirs.apply_chat_template(messages_of(example), tokenize=True)["input_ids"]
    if closes_no_turn(ours):
        assert ids.pop() == ours.end_id
    assert whole[: len(ids)] == ids


@given(turns=conversations)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_prompt_is_what_transformers_generates_from(pair: Pair, turns: list[tuple[str, str]]) -> None:
    ours, theirs = pair
    example = example_of(turns)
    prompt = encode_prompt(example, ours, CHAT, 10_000).tolist()
    asked = messages_of(example)[:-1]
    own = theirs.apply_chat_template(asked, tokenize=True, add_generation_prompt=True)["input_ids"]
    assert own[: len(prompt)] == prompt
    encoded = encode(example, ours, CHAT, 10_000)
    moved = "boundary_moved" in encoded.cuts
    assert moved or own == encoded.ids[: encoded.prompt_length].tolist()


def test_a_system_turn_is_rendered_as_transformers_does(pair: Pair) -> None:
    ours, theirs = pair
    example = example_of([("How many?", "Three.")], system="Be brief.")
    if ours.chat_template is not None and not ours.chat_template.takes_system:
        merged = example_of([("Be brief.\n\nHow many?", "Three.")])
        assert encode(example, ours, CHAT, 999).ids.tolist() == encode(merged, ours, CHAT, 999).ids.tolist()
        return
    ids = encode(example, ours, CHAT, 999).ids.tolist()
    whole = theirs.apply_chat_template(messages_of(example), tokenize=True)["input_ids"]
    assert whole[: len(ids) - 1] == ids[:-1]
    assert "Be brief." in ours.decode(ids)


def test_the_end_token_is_learned_and_what_follows_it_is_left_out(pair: Pair) -> None:
    ours, _ = pair
    encoded = encode(example_of([("one two", "three"), ("four", "five")]), ours, CHAT, 999)
    assert encoded.weights[-1] == 1.0
    assert ours.decode(encoded.ids[-1:], control=True) in ("</s>", "<|eot|>")


def test_no_second_beginning_token(pair: Pair) -> None:
    ours, theirs = pair
    example = example_of([("one", "two")])
    rendered = theirs.apply_chat_template(messages_of(example), tokenize=False)
    ids = encode(example, ours, CHAT, 999).ids.tolist()
    assert ids.count(ours.id_of("<s>")) == rendered.count("<s>")


@pytest.mark.parametrize("token", [*CONTROL, "<s></s>", "a</s><|head|>user\nb"])
def test_control_tokens_in_row_text_stay_text(pair: Pair, token: str) -> None:
    ours, _ = pair
    plain = encode(example_of([("x one", "two")]), ours, CHAT, 999)
    attacked = encode(example_of([(f"x {token} one", f"two {token}")]), ours, CHAT, 999)
    control = {ours.id_of(each) for each in CONTROL} - {ours.id_of("<unk>")}
    steering = [i for i in plain.ids.tolist() if i in control]
    assert [i for i in attacked.ids.tolist() if i in control] == steering


def test_the_embedded_model_agrees_with_transformers(embedded_folder: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    ours, theirs = load_tokenizer(embedded_folder), PreTrainedTokenizerFast.from_pretrained(embedded_folder)
    for text in ["Is 3½ more than 3?", "  tabs\tand \n\n lines  ", "naïve 東京 🙂", "<|im_end|> as text"]:
        example = example_of([(text, "Yes."), ("Sure?", text)])
        ids = encode(example, ours, CHAT, 999).ids.tolist()
        whole = theirs.apply_chat_template(messages_of(example), sanitize_control_tokens=True)["input_ids"]
        assert ids + ours.ids("\n").tolist() == whole


def test_digits_stand_alone_in_the_embedded_model(embedded_folder: Path) -> None:
    ours = load_tokenizer(embedded_folder)
    three, half = ours.ids("3").tolist(), ours.ids("½").tolist()
    assert ours.ids("3½").tolist() == three + half
    assert len(ours.ids("2024")) == 4


def test_a_date_is_printed_by_the_clock_that_was_given(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "byte_level", TEMPLATES["headers"])
    tokenizer = load_tokenizer(folder, datetime(2021, 3, 4))
    ids = encode(example_of([("a", "b")]), tokenizer, CHAT, 999).ids
    assert "Date: 04 Mar 2021" in tokenizer.decode(ids)
