"""The grammar of formats, and examples laid out in them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from unseen.data.dataset import Dataset, Row
from unseen.prompt.example import Example
from unseen.prompt.formats import Items, PromptFormat, grammar
from unseen.prompt.layout import laid_out
from unseen.prompt.template import Template
from unseen.task.render import example_of
from unseen.task.task import Task

CHOICES = ("It was hot.", "He swam home.")
ROW: dict[str, Any] = {"the_premise": "The runner wore shorts.", "first": CHOICES[0], "second": CHOICES[1]}
CHOOSE = Template(
    "choose",
    "Premise: {{ the_premise }}\n- {{ first }}\n- {{ second }}\nChoose the ending that fits.",
    "{{ answer_choices[0] }}",
    ("{{ first }}", "{{ second }}"),
)
FORMATS = st.sampled_from(grammar(True))


def rendered(template: Template = CHOOSE, values: dict[str, Any] = ROW) -> Example:
    task = Task("c/d", Dataset("d", "c", {}, ("d",)), (template,), "choose", ("accuracy",))
    example = example_of(task, 0, Row("test", 0, values))
    assert example is not None
    return example


def laid(format: PromptFormat, template: Template = CHOOSE, values: dict[str, Any] = ROW) -> Example:
    example = laid_out(rendered(template, values), format)
    assert example is not None
    return example


def test_the_plain_format_by_hand() -> None:
    made = laid(PromptFormat())
    assert made.prompt == (
        "Choose the ending that fits.\nThe Premise: The runner wore shorts.\n"
        "Options: (A) It was hot.\n(B) He swam home.\nAnswer:"
    )
    assert (made.separator, made.completion, made.choices) == (" ", "It was hot.", CHOICES)


def test_another_format_by_hand() -> None:
    format = PromptFormat("UPPER", "\n\t", "\n\n", "reply", Items("i", "{}.", " / "))
    made = laid(format)
    assert made.prompt == (
        "Choose the ending that fits.\nTHE PREMISE\n\tThe runner wore shorts.\n\n"
        "OPTIONS\n\ti. It was hot. / ii. He swam home.\n\nREPLY"
    )
    assert made.separator == "\n\t"
    assert format.name("the premise") == "THE PREMISE⏎⇥~⏎⏎REPLY⏎⇥~ i. / ii."


def test_a_list_of_a_row_is_numbered_and_labels_stand_as_options() -> None:
    template = Template(
        "facts",
        "{% for fact in facts %}* {{ fact }}\n{% endfor %}Is that so?",
        "{{ answer_choices[0] }}",
        ("no", "yes"),
    )
    made = laid(PromptFormat(items=Items("1", "{})", "; "), spacing=" || "), template, {"facts": ["one", "one", "two"]})
    assert made.prompt == "Is that so?\nFacts: 1) one; 2) one; 3) two || Options: 1) no; 2) yes || Answer:"


def test_a_name_that_a_field_has_is_not_the_answers() -> None:
    made = laid(PromptFormat(), Template("t", "{{ answer }}", "x"), {"answer": "It is."})
    assert made.prompt == "Answer: It is.\nOutput:"


def test_without_a_columns_text_there_is_nothing_to_lay_out() -> None:
    assert laid_out(rendered(Template("t", "Say x.", "x"), {}), PromptFormat()) is None


def test_all_formats_have_names_and_prompts_of_their_own() -> None:
    for lists in (True, False):
        formats = grammar(lists)
        assert formats[0] == (PromptFormat() if lists else PromptFormat(items=None))
        assert len({each.name("the premise") for each in formats}) == len(formats)
    prompts = {(made.prompt, made.separator) for made in map(laid, grammar(True)[::7])}
    assert len(prompts) == len(grammar(True)[::7])


@given(FORMATS)
def test_a_separator_or_list_that_breaks_the_line_has_a_spacing_that_does(format: PromptFormat) -> None:
    assert format.items is not None
    assert "\n" in format.spacing or "\n" not in format.separator + format.items.gap


@given(FORMATS)
def test_every_format_carries_the_same_texts_in_the_same_order(format: PromptFormat) -> None:
    made = laid(format)
    shown = [made.prompt[span.start : span.end] for span in made.segments[0].spans]
    assert shown == ["The runner wore shorts.", *CHOICES]
    assert made.prompt.startswith("Choose the ending that fits.\n")
    assert (made.completion, made.choices, made.answer) == (CHOICES[0], CHOICES, 0)
