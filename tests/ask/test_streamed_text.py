"""Laws of streamed text: its pieces are the answer, no character is broken, and it is the text that is not streamed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.ask.chat import Drawing, Message
from unseen.ask.growing_text import GrowingText
from unseen.ask.hf import HfBackend
from unseen.ask.question import Answer, Sample
from unseen.ask.talker import Manner, Talker
from unseen.encode.format import Format
from unseen.errors import DataMistake, ModelMistake
from unseen.prompt.example import Example, Segment


def bytes_to_text(ids: Any) -> str:
    return bytes(ids).decode("utf-8", "replace")


def grown(ids: list[int]) -> tuple[list[str], str]:
    growing = GrowingText(bytes_to_text)
    pieces = [growing.add(each) for each in ids]
    return [*pieces, growing.rest()], growing.text


@given(st.text())
def test_the_pieces_of_a_text_are_the_text_and_no_character_is_broken(text: str) -> None:
    pieces, whole = grown(list(text.encode("utf-8", "replace")))
    assert "".join(pieces) == whole == text.encode("utf-8", "replace").decode()
    assert all("\ufffd" not in piece or "\ufffd" in text for piece in pieces)


@given(st.lists(st.integers(0, 255), max_size=40))
def test_bytes_that_are_no_text_stream_to_what_decoding_makes_of_them(ids: list[int]) -> None:
    pieces, whole = grown(ids)
    assert "".join(pieces) == whole == bytes_to_text(ids)


def test_a_character_of_several_tokens_comes_when_it_is_whole() -> None:
    assert grown(list("aé🙂 b".encode())) == (["a", "", "é", "", "", "", "🙂", " ", "b", ""], "aé🙂 b")


def test_a_decoder_that_changes_its_mind_gives_no_more_pieces_and_the_right_text() -> None:
    growing = GrowingText(lambda ids: ["a", "ab", "xy"][len(ids) - 1])
    assert [growing.add(0), growing.add(0), growing.add(0), growing.rest()] == ["a", "b", "", ""]
    assert growing.text == "xy"


@pytest.mark.parametrize("family", ["Llama", "Gemma2", "GPT2"])
@pytest.mark.parametrize("temperature, top_p", [(0.0, 1.0), (1.5, 0.8), (3.0, 1.0)])
def test_streamed_equals_answered(
    tiny_model: Callable[..., Any], language_model: Callable[..., Any], family: str, temperature: float, top_p: float
) -> None:
    """The same tokens, whether the model reads tries (Llama) or plainly, drawn or not."""
    backend = HfBackend(language_model(tiny_model(family)), Format("plain"), 512, 200)
    for seed in range(3):
        example = Example("toy/task", "asked", "test", 0, (Segment("user", "Say yes, say no. "),))
        question = Sample(example, temperature, top_p, max_new_tokens=9, seed=seed)
        *pieces, last = backend.streamed(question)
        answered = next(answer for _, answer in backend.answer([question]))
        assert isinstance(last, Answer) and last == answered
        assert "".join(map(str, pieces)) == last.text and (len(pieces) > 1 or last.lengths[0] < 3)


def test_a_talk_goes_on_from_what_was_said_and_a_model_without_a_chat_template_is_refused_chats(
    language_model: Callable[..., Any],
) -> None:
    talker = Talker(language_model())
    manner = Manner(format="plain", drawing=Drawing(0.0, 1.0, 5))
    first = [Message("user", "Hello. ")]
    answer = next(each for each in talker.reply(first, manner) if isinstance(each, Answer))
    longer = [*first, Message("assistant", answer.text), Message("user", "Again. ")]
    again = next(each for each in talker.reply(longer, manner) if isinstance(each, Answer))
    alone = next(each for each in talker.reply(longer[-1:], manner) if isinstance(each, Answer))
    assert again.text != alone.text
    with pytest.raises(ModelMistake, match="no chat template"):
        list(talker.reply(first, Manner(format="chat")))


def test_choices_are_ranked_by_their_log_probabilities(language_model: Callable[..., Any]) -> None:
    talker = Talker(language_model())
    answer = talker.rank([Message("user", "Yes or no? ")], ["yes", "no", "perhaps"], Manner(format="plain"))
    assert answer.chosen == max(range(3), key=lambda each: answer.log_probs[each]) and len(answer.log_probs) == 3


def test_what_is_too_long_for_the_model_is_a_mistake_of_one_line(language_model: Callable[..., Any]) -> None:
    talker = Talker(language_model(context=64))
    with pytest.raises(DataMistake):
        list(talker.reply([Message("user", "x" * 500)], Manner(format="plain", drawing=Drawing(0, 1, 8))))
