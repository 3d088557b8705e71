"""What is left of a template's words: FLAN's ablation, and T0's context alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.data.dataset import Dataset, Row
from unseen.prompt.example import Example, Segment, Span
from unseen.prompt.template import Template
from unseen.prompt.wording import wording_of
from unseen.task.render import example_of
from unseen.task.task import Task

PREMISE = "The runner wore shorts."
ENDINGS = ("It was hot.", "He swam home.")
COPA = {"premise": PREMISE, "first": ENDINGS[0], "second": ENDINGS[1], "asks": "cause", "label": 0}
LISTED = Template(
    "listed",
    "{{ premise }} {{ 'Why?' if asks == 'cause' else 'What then?' }}\n- {{ first }}\n- {{ second }}\nChoose.",
    "{{ answer_choices[label] }}",
    ("{{ first }}", "{{ second }}"),
)
LIKED = Template(
    "liked",
    "A note: {{ text }}\nIs it {{ answer_choices | join(' or ') }}? It is {{ ['bad', 'good'][label] }}, I think.",
    "{{ answer_choices[label] }}",
    ("no", "yes"),
)


def rendered(template: Template, values: dict[str, Any]) -> Example:
    task = Task("c/d", Dataset("d", "c", {}, ("d",)), (template,), "choose", ("accuracy",))
    example = example_of(task, 0, Row("test", 0, values))
    assert example is not None
    return example


def worded(template: Template, values: dict[str, Any], wording: Any) -> Example:
    example = wording_of(rendered(template, values), wording, "film_notes")
    assert example is not None
    return example


def test_none_keeps_the_columns_a_line_each_and_the_choices_that_are_listed() -> None:
    assert worded(LISTED, COPA, "none").prompt == f"{PREMISE}\n{ENDINGS[0]}\n{ENDINGS[1]}"
    assert worded(LIKED, {"text": "Fine film.", "label": 1}, "none").prompt == "Fine film.\nno or yes"


def test_dataset_name_stands_before_what_none_keeps() -> None:
    made = worded(LIKED, {"text": "Fine film.", "label": 1}, "dataset_name")
    assert made.prompt == "[Task: film_notes] Fine film.\nno or yes"


def test_context_leaves_out_what_tells_the_choices_apart() -> None:
    made = worded(LISTED, COPA, "context")
    assert (made.prompt, made.choices, made.answer) == (PREMISE, ENDINGS, 0)


def test_context_leaves_out_fillings_of_a_sentence_but_not_the_sentence() -> None:
    sentence = "The cup does not fit into the box since the _ is too big."
    template = Template(
        "whole",
        "Write it out with {{ a }} or {{ b }}: {{ sentence }}",
        "{{ answer_choices[0] }}",
        ("{{ sentence | replace('_', a) }}", "{{ sentence | replace('_', b) }}"),
    )
    assert worded(template, {"a": "cup", "b": "box", "sentence": sentence}, "context").prompt == sentence


def test_context_keeps_a_text_that_is_only_letters_of_a_choice() -> None:
    template = Template(
        "who", "{{ sentence }}\nWho is {{ pronoun }}: {{ a }} or {{ b }}?", "{{ a }}", ("{{ a }}", "{{ b }}")
    )
    values = {"sentence": "Rahul asked him when he came.", "pronoun": "he", "a": "Rahul", "b": "the clerk"}
    assert worded(template, values, "context").prompt == "Rahul asked him when he came.\nhe"


def test_words_that_a_column_picked_are_the_templates_own() -> None:
    says = [span.says for span in rendered(LISTED, COPA).segments[0].spans]
    assert says == ["column", "words", "column", "column"]
    turned = Template("turned", "Write a {{ ['bad', 'good'][label] }} note.", "{{ text }}")
    assert wording_of(rendered(turned, {"text": "Fine.", "label": 1}), "none", "d") is None


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{% set word = 'a' if label else 'b' %}{{ word }}", "words"),
        ("{% set word = text if label else 'b' %}{{ word }}", "column"),
        ("{{ items | length }} things", "words"),
        ("{{ items | join(', ') }}", "column"),
        ("{% for item in items %}{{ item }}{% endfor %}", "column"),
        ("{{ {'a': text}['a'] }}", "column"),
        ("{{ label == 1 }}", "words"),
        ("{{ answer_choices[label] }}", "choices"),
    ],
)
def test_what_an_expression_says(source: str, says: str) -> None:
    template = Template("t", f"Well: {source}!", "yes", ("no", "yes"))
    values = {"text": "Fine.", "label": 1, "items": ["x", "y"]}
    assert {span.says for span in rendered(template, values).segments[0].spans} == {says}


def test_turns_that_only_instruct_go_and_exemplars_of_an_instruction_too() -> None:
    asked = Segment("user", "Example: a\n\nInput: row", 0.0, "template", (Span(19, 22, ("input",)),), ((0, 12),))
    example = Example("a/b", "t", "test", 0, (Segment("system", "Obey."), asked, Segment("assistant", "out", 1.0)))
    made = wording_of(example, "none", "b")
    assert made is not None and made.segments == (
        Segment("user", "row", 0.0, "template", (Span(0, 3, ("input",)),)),
        Segment("assistant", "out", 1.0),
    )


WORDS = st.text(st.characters(codec="ascii", categories=("Ll",)), min_size=1, max_size=8)
COLUMN = WORDS.map(lambda text: f"<{text}>")


@given(st.lists(st.tuples(WORDS, COLUMN), min_size=1, max_size=5), WORDS, st.sampled_from(["none", "dataset_name"]))
def test_a_worded_prompt_holds_every_columns_text_and_no_word_of_the_templates(
    parts: list[tuple[str, str]], end: str, wording: Any
) -> None:
    source = "".join(f"{words.upper()} {{{{ c{i} }}}}" for i, (words, _) in enumerate(parts)) + end.upper()
    values = {f"c{i}": text for i, (_, text) in enumerate(parts)}
    made = worded(Template("t", source, "done"), values, wording)
    texts = [text for _, text in parts]
    assert made.prompt.removeprefix("[Task: film_notes] ").split("\n") == texts
    spans = made.segments[0].spans
    assert [made.prompt[span.start : span.end] for span in spans] == texts
    assert made.segments[1:] == rendered(Template("t", source, "done"), values).segments[1:]
