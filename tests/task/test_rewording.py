"""Tasks asked with fewer words, or in formats: which ways there are, and which are left out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.data.dataset import Dataset, Row
from unseen.errors import TaskMistake
from unseen.prompt.template import Template
from unseen.recipe import Wording
from unseen.task.render import example_of
from unseen.task.rewording import distinct_ways, drawn_formats, formatted, worded
from unseen.task.task import Task

CHOICES = ("{{ first }}", "{{ second }}")
TEXTS = Template("texts", "{{ premise }}\nWhich? {{ first }} or {{ second }}.", "{{ answer_choices[label] }}", CHOICES)
AGAIN = Template("again", "Read: {{ premise }}\n* {{ first }}\n* {{ second }}", "{{ answer_choices[label] }}", CHOICES)
MARKS = Template("marks", "A: {{ first }} B: {{ second }} {{ premise }}", "{{ answer_choices[label] }}", ("A", "B"))
WORDS = Template("words", "{{ premise }} {{ first }} {{ second }}", "{{ answer_choices[label] }}", ("one", "two"))
ROWS = [Row("test", i, {"premise": f"P{i}.", "first": f"F{i}", "second": f"S{i}", "label": i % 2}) for i in range(6)]


def task(*templates: Template, kind: Any = "choose", dataset: str = "rows", name: str = "c/d") -> Task:
    return Task(name, Dataset("d", "c", {}, ("d",), kind=dataset), templates, kind, ("accuracy",))


def prompts(made: Task, row: int = 0) -> list[str]:
    examples = [example_of(made, way, ROWS[row]) for way in range(len(made.templates))]
    return [each.prompt for each in examples if each is not None]


def test_context_keeps_templates_whose_choices_are_texts() -> None:
    made = worded(task(MARKS, TEXTS, WORDS, AGAIN), "context")
    assert [each.name for each in made.templates] == ["texts", "again"] and prompts(made) == ["P0.", "P0."]
    with pytest.raises(TaskMistake, match="no template's choices are texts of its rows"):
        worded(task(MARKS, WORDS), "context")


@pytest.mark.parametrize("wording", ["none", "dataset_name"])
def test_letters_are_not_chosen_where_nothing_says_what_they_stand_for(wording: Wording) -> None:
    assert [each.name for each in worded(task(MARKS, TEXTS, WORDS), wording).templates] == ["texts"]
    assert worded(task(MARKS, WORDS), wording).templates == (MARKS, WORDS)  # there is nothing better


def test_instructions_change_nothing_and_conversations_cannot_be_reworded() -> None:
    each = task(TEXTS)
    assert worded(each, "instructions") is each
    with pytest.raises(TaskMistake, match="c/d: cannot be asked with wording: none"):
        worded(task(TEXTS, dataset="messages"), "none")
    with pytest.raises(TaskMistake, match="c/d: cannot be asked in formats"):
        formatted(task(TEXTS, dataset="alpaca"), 2, 0, ROWS)


def test_a_turned_task_has_a_name_of_its_own() -> None:
    turned = worded(task(TEXTS, kind="generate", name="c/d:turned"), "dataset_name")
    assert prompts(turned)[0].startswith("[Task: d turned around] P0.")
    assert prompts(worded(task(TEXTS), "dataset_name"))[0].startswith("[Task: d] P0.")


def test_ways_that_ask_alike_are_asked_once() -> None:
    made = worded(task(TEXTS, AGAIN), "none")
    assert distinct_ways(made, range(2), ROWS) == [0]
    assert distinct_ways(worded(task(MARKS, WORDS), "none"), range(2), ROWS) == [0, 1]  # they have other choices
    assert distinct_ways(task(TEXTS, TEXTS), range(2), ROWS) == [0, 1]  # as the description has them


def test_formats_lay_out_the_template_whose_choices_are_texts() -> None:
    made = formatted(task(MARKS, WORDS, AGAIN, TEXTS), 3, 0, ROWS)
    assert {each.name for each in made.templates} == {"texts"}  # it says what is to be done, in a sentence
    assert made.way_names[0] == "Premise: ~⏎Answer: ~ (A)⏎(B)"
    assert len(set(made.way_names)) == 3 == len(set(prompts(made)))
    assert prompts(made)[0] == "Which?\nPremise: P0.\nOptions: (A) F0\n(B) S0\nAnswer:"


def test_formats_need_a_columns_text() -> None:
    with pytest.raises(TaskMistake, match="no template shows a column's text"):
        formatted(task(Template("t", "Say it.", "{{ premise }}")), 3, 0, ROWS)


@given(st.booleans(), st.integers(1, 30), st.integers(0, 5))
def test_formats_are_distinct_and_fewer_are_the_first_of_more(lists: bool, count: int, seed: int) -> None:
    more = drawn_formats(lists, 40, seed, "c/d")
    assert len(set(more)) == 40 and drawn_formats(lists, count, seed, "c/d") == more[:count]


def test_formats_are_drawn_by_seed_and_task_behind_the_plain_one() -> None:
    drawn = {(seed, name): drawn_formats(True, 5, seed, name) for seed in (0, 1) for name in ("c/d", "c/e")}
    assert len(set(drawn.values())) == 4 and len({each[0] for each in drawn.values()}) == 1


def test_a_grammar_that_is_too_small_is_told() -> None:
    generate = task(Template("t", "{{ premise }}", "{{ first }}"), kind="generate")
    with pytest.raises(TaskMistake, match=r"set evaluate\.formats to at most"):
        formatted(generate, 1000, 0, ROWS)
