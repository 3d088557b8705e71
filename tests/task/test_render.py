"""Rows to examples, and the count of what was left out."""

from __future__ import annotations

from unseen.data.dataset import Dataset, Labels, Row
from unseen.prompt.example import Segment
from unseen.prompt.template import Template
from unseen.task.render import RenderCounts, example_of, render
from unseen.task.task import Task

TEMPLATES = (
    Template("ask", "{{ text }}\nGood?", "{{ answer_choices[label] }}", ("no", "yes"), separator=" "),
    Template("sometimes", "{% if label %}{{ text }}{% endif %}", "{{ answer_choices[label] }}", ("no", "yes")),
)
DATASET = Dataset("films", "sentiment", {}, ("films",), labels=Labels("label", ("no", "yes"), unlabelled=-1))
TASK = Task("sentiment/films", DATASET, TEMPLATES, "choose", ("accuracy",))
ROWS = [Row("train", i, {"text": f"Film {i}.", "label": label}) for i, label in enumerate([1, 0, -1])]


def test_every_template_meets_every_row_and_what_is_left_out_is_counted() -> None:
    counts = RenderCounts()
    examples = list(render(TASK, ROWS, counts=counts))
    assert [each.id for each in examples] == [
        "sentiment/films|ask|train/0",
        "sentiment/films|sometimes|train/0",
        "sentiment/films|ask|train/1",
    ]
    assert counts == RenderCounts(rendered=3, empty=1, unlabelled=1)


def test_chosen_templates_only() -> None:
    assert [each.template for each in render(TASK, ROWS, [1])] == ["sometimes"]


def test_an_example_holds_what_the_template_says() -> None:
    example = example_of(TASK, 0, ROWS[0])
    assert example is not None
    assert (example.prompt, example.completion) == ("Film 0.\nGood?", "yes")
    assert (example.choices, example.answer, example.references) == (("no", "yes"), 1, ("yes",))
    assert [segment.weight for segment in example.segments] == [0.0, 1.0]
    assert example.separator == " "
    (span,) = example.segments[0].spans
    assert example.prompt[span.start : span.end] == "Film 0." and span.columns == ("text",)


def test_rendering_is_pure() -> None:
    assert list(render(TASK, ROWS)) == list(render(TASK, ROWS))


def test_rows_that_are_instructions_are_read_as_they_stand() -> None:
    dataset = Dataset("talk", "chat", {}, ("talk",), kind="messages")
    task = Task("chat/talk", dataset, (Template("as_written", ""),), "generate", ("rouge_l",))
    turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    (example,) = render(task, [Row("train", 0, {"messages": turns})])
    assert [(s.role, s.text) for s in example.segments] == [("user", "Hello"), ("assistant", "Hi")]
    assert isinstance(example.segments[1], Segment) and example.segments[1].weight == 1.0
