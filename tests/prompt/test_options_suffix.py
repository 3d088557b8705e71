"""FLAN's OPTIONS behind prompts that choose and list none: when it is added, and when a prompt lists its choices."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.data.dataset import Dataset, Row
from unseen.prompt.example import Example
from unseen.prompt.options import with_options
from unseen.prompt.template import Template
from unseen.task.render import example_of
from unseen.task.task import Task
from unseen.task.variants import tasks_of

ROW = Row(
    "test",
    0,
    {"text": "Anna met Maria at noon.", "one": "Anna", "two": "Maria", "label": 1, "options": ["Anna", "Maria"]},
)
SOURCE = "{{ text }} Well? ||| {{ answer_choices[label] }}"
DATASET = Dataset("d", "c", {}, ("d",))


def asked(prompt: str, choices: tuple[str, ...] | str | None = ("no", "yes"), **more: object) -> str:
    """What a task with `options: suffix` asks through a template."""
    completion = "{{ answer_choices[label] }}" if choices else "x"
    template = Template("t", prompt, completion, choices, **more)  # type: ignore[arg-type]
    return example(template).prompt


def example(template: Template) -> Example:
    made = tasks_of(DATASET, [template])
    task = (
        replace(made[0], options="suffix")
        if made
        else Task("c/d", DATASET, (template,), "choose", (), options="suffix")
    )
    found = example_of(task, 0, ROW)
    assert found is not None
    return found


def test_the_suffix_is_flans() -> None:
    assert (
        asked("{{ text }}\nWho came?", ("no", "yes, both"))
        == "Anna met Maria at noon.\nWho came?\n\nOPTIONS:\n- no\n- yes, both"
    )


@pytest.mark.parametrize(
    ("prompt", "choices"),
    [
        ("{{ text }} Yes or no?", ("no", "yes")),
        ("{{ text }} {{ answer_choices | join(', ') }}", ("no", "yes")),
        ("{{ text }} Is it {{ one }} or {{ two }}?", ("{{ one }}", "{{ two }}")),
        ("{{ text }}\n{% for o in options %}- {{ o }}\n{% endfor %}", "{{ options }}"),
        ("{{ text }}\n(A) {{ one }} (B) {{ two }}", ("A", "B")),
        ("{{ text }} Positive or negative in one word:", ("negative", "positive")),
    ],
)  # fmt: skip
def test_a_prompt_that_lists_its_choices_stays_as_it_is(prompt: str, choices: tuple[str, ...] | str) -> None:
    assert "OPTIONS" not in asked(prompt, choices)


@pytest.mark.parametrize(
    ("prompt", "choices"),
    [
        ("{{ text }} Who?", ("{{ one }}", "{{ two }}")),  # both names stand in the text, and are not offered
        ("{{ text }} Was this right, yes?", ("no", "yes")),
        ("{{ text }} Nothing yesterday?", ("no", "yes")),
    ],
)
def test_choices_that_only_stand_in_a_text_are_not_listed(prompt: str, choices: tuple[str, ...]) -> None:
    assert asked(prompt, choices).count("OPTIONS:\n- ") == 1


def test_what_a_template_says_of_itself_counts() -> None:
    assert "OPTIONS" not in asked("{{ text }} Well?", choices_in_prompt=True)
    assert "OPTIONS" in asked("{{ text }} Yes or no?", choices_in_prompt=False)


def test_prompts_that_do_not_choose_and_plain_ones_have_no_options() -> None:
    assert asked("{{ text }} Go on.", None) == "Anna met Maria at noon. Go on."
    assert "OPTIONS" not in asked("{{ text }} Well?", plain=True)


def test_promptsources_templates_get_it_too() -> None:
    template = Template("p", SOURCE, answer_choices="no ||| yes", syntax="promptsource")
    assert example(template).prompt.endswith("\n\nOPTIONS:\n- no\n- yes")


@given(choices=st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=5, unique=True))
def test_a_list_of_options_is_written_once(choices: list[str]) -> None:
    """Adding options to a prompt that has them adds nothing, whatever the choices are; spans stay where they are."""
    first = replace(example(Template("t", "{{ text }} Well?", "x", ("a", "b"))), choices=tuple(choices))
    once = with_options(first, listed=False)
    span = once.segments[0].spans[-1]
    assert once.prompt[span.start : span.end] == "\n- ".join(choices)
    assert with_options(once) == once or not all(any(c.isalnum() for c in choice) for choice in choices)
    assert once.segments[0].spans[: len(first.segments[0].spans)] == first.segments[0].spans
