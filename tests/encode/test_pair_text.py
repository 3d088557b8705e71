"""Pairs for encoder-decoders: transformers' own tokens of source and target, the layout, the limits, the weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from encoder_decoders import save_tokenizer

from unseen.encode.encode import encode, encode_many
from unseen.encode.format import FormatFacts, end_ids, format_facts, pair_format
from unseen.encode.options import encode_choices, encode_question
from unseen.encode.pairs import Pair
from unseen.encode.pieces import pieces
from unseen.encode.store import EncodedStore
from unseen.encode.tokenizer import Tokenizer, load_tokenizer
from unseen.errors import DataMistake, ModelMistake, TooLong
from unseen.prompt.example import Example, Segment, Span
from unseen.prompt.fewshot import with_exemplars

families = pytest.mark.parametrize("family", ["t5", "bart"])


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {family: tmp_path_factory.mktemp(family) for family in ("t5", "bart")}
    for family, folder in made.items():
        save_tokenizer(folder, family)
    return made


def theirs(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def asked(prompt: str, answer: str = "yes", row: int = 0, **more: Any) -> Example:
    segments = (Segment("user", prompt), Segment("assistant", answer, 1.0))
    return Example("toy/task", "asked", "train", row, segments, **more)


def pair_of(example: Example, tokenizer: Tokenizer, **settings: Any) -> Pair:
    return Pair.of(encode(example, tokenizer, pair_format("auto", tokenizer, **settings), limit=500))


@families
@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("Is the film good?", "yes"),
        ("Two  spaces,\na line break and Grüße.", "  no, not at all "),
        ("note:\n\nthe statement ", "maybe"),
    ],
)
def test_source_and_target_are_the_tokens_that_transformers_gives(
    folders: dict[str, Path], family: str, prompt: str, answer: str
) -> None:
    expected = theirs(folders[family])(prompt, text_target=answer)
    pair = pair_of(asked(prompt, answer), load_tokenizer(folders[family]))
    assert pair.source.tolist() == expected["input_ids"]
    assert pair.target.tolist() == expected["labels"]
    assert pair.weights.tolist() == [1.0] * len(pair.target)


@families
def test_an_answer_that_was_broken_off_has_no_end_token(folders: dict[str, Path], family: str) -> None:
    tokenizer = load_tokenizer(folders[family])
    whole = asked("Is the film good?", "yes, since")
    cut = replace(whole, segments=(whole.segments[0], replace(whole.segments[1], ended=False)))
    with_end, without = pair_of(whole, tokenizer), pair_of(cut, tokenizer)
    assert with_end.target[-1] == tokenizer.end_id
    assert without.target.tolist() == with_end.target.tolist()[:-1] and set(without.weights.tolist()) == {1.0}
    assert without.source.tolist() == with_end.source.tolist()


@families
def test_what_a_row_spells_is_never_a_control_token(folders: dict[str, Path], family: str) -> None:
    tokenizer = load_tokenizer(folders[family])
    pair = pair_of(asked("</s> and <pad>", "a </s> b"), tokenizer)
    special = {tokenizer.id_of("</s>"), tokenizer.id_of("<pad>")}
    assert not special & set(pair.source[1:-1].tolist()) and not special & set(pair.target[1:-1].tolist())
    assert pair.target[-1] == tokenizer.end_id


def test_system_text_and_exemplars_stand_in_the_source(folders: dict[str, Path]) -> None:
    tokenizer = load_tokenizer(folders["bart"])
    exemplar = asked("Is it bad?", "no", 1, separator=" -> ")
    example = with_exemplars(asked("Is it good?", "yes", separator=" -> "), [exemplar])
    pair = pair_of(example, tokenizer, system="Be brief.")
    assert tokenizer.decode(pair.source) == "Be brief.\n\nIs it bad? -> no\n\nIs it good?"
    assert tokenizer.decode(pair.target) == "yes"
    in_one_turn = with_exemplars(asked("Is it good?", "yes"), [exemplar], "one_turn")
    assert tokenizer.decode(pair_of(in_one_turn, tokenizer).source) == "Is it bad? -> no\n\nIs it good?"


def test_earlier_answers_of_a_conversation_are_read_and_counted(folders: dict[str, Path]) -> None:
    tokenizer = load_tokenizer(folders["bart"])
    turns = (("user", 0.0), ("assistant", 1.0), ("user", 0.0), ("assistant", 1.0))
    segments = tuple(Segment(role, f"turn {n}", weight) for n, (role, weight) in enumerate(turns))  # type: ignore[arg-type]
    encoded = encode(Example("toy/task", "x", "train", 0, segments), tokenizer, pair_format("auto", tokenizer), 500)
    assert tokenizer.decode(Pair.of(encoded).source) == "turn 0\nturn 1\n\nturn 2"
    assert tokenizer.decode(Pair.of(encoded).target) == "turn 3"
    assert encoded.cuts == {"turns_not_learned": 1}


def test_the_limit_is_on_the_source_and_an_answer_has_its_own(folders: dict[str, Path]) -> None:
    tokenizer = load_tokenizer(folders["bart"])
    text = "word " * 60
    segment = Segment("user", text + "?", spans=(Span(0, len(text), ("text",)),))
    long = Example("toy/task", "x", "train", 0, (segment, Segment("assistant", "a" * 30, 1.0)))
    format = pair_format("auto", tokenizer, longest_target=40)
    encoded = encode(long, tokenizer, format, limit=50)
    assert encoded.prompt_length <= 50 < len(encoded.ids) and encoded.cuts == {"field_trimmed": 1}
    assert tokenizer.decode(Pair.of(encoded).source).endswith("?")
    refused: list[TooLong] = []
    brief = asked("short", "b" * 39, 1)
    kept = list(encode_many([long, brief], tokenizer, format, 50, too_long=refused.append))
    assert [each.id for each in kept] == [long.id]
    assert "train/1: has an answer of 41 tokens, of which the limit allows 40" in str(refused[0])


def test_options_are_targets_and_the_question_is_their_source(folders: dict[str, Path]) -> None:
    for family, folder in folders.items():
        tokenizer, other = load_tokenizer(folder), theirs(folder)
        format = pair_format("auto", tokenizer, longest_target=20)
        choices = encode_choices(asked("Is it good?", choices=("yes", "not at all")), tokenizer, format, 500)
        assert choices.prompt.tolist() == other("Is it good?")["input_ids"], family
        assert [each.tolist() for each in choices.options] == other(text_target=["yes", "not at all"])["input_ids"]
        question = encode_question(asked("Is it good?"), tokenizer, format, 500)
        assert question.ids.tolist() == choices.prompt.tolist()
        with pytest.raises(TooLong, match="has an answer of"):
            encode_choices(asked("Is it?", choices=("yes", "no" * 40)), tokenizer, format, 500)


def test_a_tokenizer_that_adds_nothing_still_ends_its_targets(folders: dict[str, Path], tmp_path: Path) -> None:
    from tokenizers import Tokenizer as Backend
    from tokenizers import processors

    bare = Backend.from_file(str(folders["bart"] / "tokenizer.json"))
    bare.post_processor = processors.ByteLevel()
    bare.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text('{"eos_token": "</s>"}')
    tokenizer = load_tokenizer(tmp_path)
    pair = pair_of(asked("hm", "yes"), tokenizer)
    assert (tokenizer.begin, tokenizer.finish) == ((), ())
    assert tokenizer.decode(pair.source, control=True) == "hm"
    assert tokenizer.decode(pair.target, control=True) == "yes</s>"
    assert pair_of(asked("", "yes"), tokenizer).source.tolist() == [tokenizer.end_id]


def test_a_pair_survives_the_store_and_is_shown_whole(folders: dict[str, Path], tmp_path: Path) -> None:
    tokenizer = load_tokenizer(folders["t5"])
    encoded = encode(asked("the film", "yes no"), tokenizer, pair_format("auto", tokenizer), 500)
    (again,) = EncodedStore.write(tmp_path / "store", [encoded])
    ours, stored = Pair.of(encoded), Pair.of(again)
    for name in ("source", "target", "weights"):
        assert np.array_equal(getattr(ours, name), getattr(stored, name))
    shown = [(text.strip(), weight) for text, weight in pieces(encoded, tokenizer)]
    assert shown == [("the", 0), ("film", 0), ("</s>", 0), ("yes", 1), ("no", 1), ("</s>", 1)]


def test_the_format_says_what_it_adds_and_takes_no_chat_template(folders: dict[str, Path]) -> None:
    tokenizer = load_tokenizer(folders["bart"])
    format = pair_format("plain", tokenizer, "Be brief.", 30)
    assert format_facts(tokenizer, format) == FormatFacts("pair", None, None, "text", "</s>", (2,), (1,))
    assert end_ids(tokenizer, format) == (1,)
    with pytest.raises(ModelMistake, match="is an encoder-decoder, whose prompts are written plainly; use"):
        pair_format("chat", tokenizer)


def test_a_pair_without_an_answer_is_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(DataMistake, match="empty completion"):
        pair_of(asked("hm", ""), load_tokenizer(folders["t5"]))
