"""Fitting to a length drops exemplars, then trims the longest field, and never touches instruction or answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from unseen.data.dataset import Row
from unseen.errors import DataMistake
from unseen.prompt.engine import compile_template
from unseen.prompt.example import Example, Segment
from unseen.prompt.fewshot import with_exemplars
from unseen.prompt.fit import exemplars_in, fit
from unseen.prompt.template import Template

TEMPLATE = Template("t", "Story: {{ story }}\nNote: {{ note }}\nWhat does it say, yes or no?", "{{ answer }}")


def words(example: Example) -> int:
    return sum(len(segment.text.split()) for segment in example.segments)


def asked(story: str, note: str = "short", answer: str = "yes", index: int = 0) -> Example:
    made = compile_template(TEMPLATE).render(Row("test", index, {"story": story, "note": note, "answer": answer}))
    assert made is not None
    segments = (
        Segment("user", made.prompt, spans=made.prompt_spans),
        Segment("assistant", made.completion, 1.0, spans=made.completion_spans),
    )
    return Example("nli/toy", "t", "test", index, segments, ("yes", "no"), references=made.references)


def story(count: int) -> str:
    return " ".join(f"word{number}" for number in range(count))


def shots(count: int) -> list[Example]:
    return [asked(story(6 + number), index=100 + number) for number in range(count)]


def test_what_fits_is_left_as_it_is() -> None:
    example = asked(story(5))
    assert fit(example, words(example), words) == (example, {})


@pytest.mark.parametrize("layout", ["turns", "one_turn"])
@pytest.mark.parametrize("kept", range(5))
def test_the_last_exemplars_go_first_and_as_few_as_needed(layout: str, kept: int) -> None:
    example, exemplars = asked(story(9)), shots(5)
    whole = with_exemplars(example, exemplars, layout)  # type: ignore[arg-type]
    wanted = with_exemplars(example, exemplars[:kept], layout)  # type: ignore[arg-type]
    fitted, counts = fit(whole, words(wanted), words)
    assert fitted == wanted
    assert counts == {"exemplars_dropped": 5 - kept}


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(0, 3),
    st.sampled_from(["turns", "one_turn"]),
    st.integers(1, 200),
)
def test_fitted_examples_fit_and_keep_instruction_and_answer(
    long: int, note: int, exemplars: int, layout: str, limit: int
) -> None:
    example = with_exemplars(asked(story(long), story(note)), shots(exemplars), layout)  # type: ignore[arg-type]
    fixed = words(asked("", ""))
    if limit < fixed:
        with pytest.raises(DataMistake, match=r"nli/toy\|t\|test/0"):
            fit(example, limit, words)
        return
    fitted, counts = fit(example, limit, words)
    assert words(fitted) <= limit
    assert fitted.completion == "yes" and fitted.segments[-1].weight == 1.0
    assert fitted.prompt.endswith("\nWhat does it say, yes or no?")
    if counts.get("field_trimmed"):
        assert counts.get("exemplars_dropped", 0) == exemplars
        assert words(fitted) >= limit - 1 - 0.02 * limit
    kept = [fitted.segments[-2].text[span.start : span.end] for span in fitted.segments[-2].spans]
    for text, whole in zip(kept, [each for each in (story(long), story(note)) if each], strict=True):
        assert whole.startswith(text)
        assert text in ("", whole) or whole[len(text)] == " "


def test_the_longest_field_is_trimmed_at_the_end_of_a_word() -> None:
    fitted, counts = fit(asked(story(300), "a short note stays"), 100, words)
    assert counts == {"field_trimmed": 1}
    assert "Note: a short note stays\n" in fitted.prompt
    assert fitted.prompt.startswith("Story: word0 word1 ")
    assert 98 <= words(fitted) <= 100


def test_few_lengths_are_asked() -> None:
    asked_for = []

    def counting(example: Example) -> int:
        asked_for.append(example)
        return words(example)

    fit(asked(story(5000)), 1000, counting)
    assert len(asked_for) <= 10


def test_a_field_that_lists_the_choices_is_trimmed_last() -> None:
    source = Template("t", "{{ options | join(' or ') }}? {{ text }}", "{{ answer_choices[0] }}", "{{ options }}")
    options = [f"choice number {number} of a very long list" for number in range(9)]
    made = compile_template(source).render(
        Row("test", 0, {"options": options, "text": "some text of twenty words " * 4})
    )
    assert made is not None
    segments = (Segment("user", made.prompt, spans=made.prompt_spans), Segment("assistant", made.completion, 1.0))
    example = Example("a/b", "t", "test", 0, segments, made.choices)
    fitted, _ = fit(example, words(example) - 5, words)
    assert all(option in fitted.prompt for option in options)


def test_an_old_conversation_begins_later() -> None:
    turns = [Segment("system", "Be kind.", source="row")]
    for number in range(6):
        turns += [Segment("user", story(10), source="row"), Segment("assistant", f"answer {number}", 1.0, "row")]
    example = Example("chat/toy", "as_written", "train", 0, tuple(turns))
    fitted, counts = fit(example, 30, words)
    assert counts == {"turns_dropped": 4}
    assert fitted.segments == (turns[0], *turns[-4:])


def test_text_without_white_space_is_cut_where_it_must() -> None:
    example = asked("x" * 500)

    def characters(each: Example) -> int:
        return sum(len(segment.text) for segment in each.segments)

    fitted, _ = fit(example, 200, characters)
    assert 196 <= characters(fitted) <= 200


@given(st.lists(st.sampled_from("ab \n"), max_size=80).map("".join), st.integers(20, 200))
def test_spans_stay_in_step_with_the_text(text: str, limit: int) -> None:
    assume(text.strip())
    example = asked(text + " end", text)
    example = replace(example, segments=with_exemplars(example, shots(2), "one_turn").segments)
    fitted, _ = fit(example, max(limit, words(asked("", ""))), words)
    segment = fitted.segments[-2]
    assert ["story"] * (len(segment.spans) > 0) == [span.columns[0] for span in segment.spans[:1]]
    for span in segment.spans:
        assert {"story": f"{text} end", "note": text}[span.columns[0]].startswith(segment.text[span.start : span.end])


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 16), st.sampled_from(["turns", "one_turn"]), st.integers(1, 400))
def test_dropping_exemplars_keeps_the_question_and_the_first_ones_whole(count: int, layout: str, limit: int) -> None:
    question, exemplars = asked(story(20)), shots(count)
    assume(limit >= words(question))
    fitted, counts = fit(with_exemplars(question, exemplars, layout), limit, words)  # type: ignore[arg-type]
    kept = count - counts.get("exemplars_dropped", 0)
    assert exemplars_in(fitted) == kept and set(counts) <= {"exemplars_dropped"}
    assert fitted == with_exemplars(question, exemplars[:kept], layout)  # type: ignore[arg-type]
