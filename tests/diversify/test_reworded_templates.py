"""Templates with wordings in place of their instruction, through the engine."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen.data.dataset import Row
from unseen.diversify.form import Form, checked_form
from unseen.diversify.grammar_wordings import grammar_wordings
from unseen.diversify.reworded import templates_of
from unseen.diversify.wording import Wording
from unseen.errors import TemplateMistake
from unseen.prompt.engine import compile_template
from unseen.prompt.template import Template

FORM = checked_form(Form("judge whether the response is true", "", "the record", ("<sep>",)), "form")
INSTRUCTION = FORM.instruction
AFTER = Template(
    "t",
    "Record: {{ text }}\n\n" + INSTRUCTION,
    "{{ answer_choices[label] }}",
    ("no", "yes"),
    references=("{{ text }}",),
)
TEXTS = st.text(st.sampled_from("ab {}%#'\"\\\n<>"), min_size=1, max_size=12).map(str.strip).filter(bool)


def rendered(template: Template, text: str = "the sky is {{ blue }}") -> str:
    made = compile_template(template, ["text", "label"]).render(Row("test", 0, {"text": text, "label": 1}))
    assert made is not None and (made.completion, made.choices, made.answer) == ("yes", ("no", "yes"), 1)
    assert made.references == (text,)
    return made.prompt


@given(st.integers(0, 50))
@settings(max_examples=10)
def test_the_prompt_is_the_wording_and_the_input_untouched(seed: int) -> None:
    wordings = grammar_wordings(FORM, 10, 5, seed).wordings
    for wording, template in zip(wordings, templates_of(wordings, AFTER, INSTRUCTION), strict=True):
        prompt = rendered(template)
        assert template.name == wording.name
        assert prompt.startswith(wording.before) and prompt.endswith(wording.after)
        rest = prompt[len(wording.before) : len(prompt) - len(wording.after)]
        assert rest.strip() == "Record: the sky is {{ blue }}"


@given(TEXTS, TEXTS)
def test_braces_of_a_wording_are_text(before: str, after: str) -> None:
    (made,) = templates_of([Wording("w", before, after)], AFTER, INSTRUCTION)
    assert rendered(made, "x") == f"{before}\n\nRecord: x\n\n{after}"


def test_what_stands_around_an_instruction_stays() -> None:
    wordings = [Wording("b", "Say it.", ""), Wording("a", "", "Say it."), Wording("r", "Say it.", "Now.")]
    after = Template("t", f"{{{{ text }}}}\n{INSTRUCTION}\nAnswer:", "x")
    assert [each.prompt for each in templates_of(wordings, after, INSTRUCTION)] == [
        "Say it.\n{{ text }}\nAnswer:",
        "{{ text }}\nSay it.\nAnswer:",
        "Say it.\n{{ text }}\nNow.\nAnswer:",
    ]
    before = Template("t", f"Q: {INSTRUCTION} {{{{ text }}}} A:", "x")
    assert [each.prompt for each in templates_of(wordings, before, INSTRUCTION)] == [
        "Q: Say it.\n\n{{ text }} A:",
        "Q: {{ text }} A:\n\nSay it.",
        "Q: Say it.\n\n{{ text }} A:\n\nNow.",
    ]


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("{{ text }}\nJudge it.", "does not say the instruction"),
        (f"{{{{ text }}}}\n{INSTRUCTION}\n{INSTRUCTION}", "says the instruction 2 times"),
        (f"{{{{ text }}}}\n{INSTRUCTION}\n{{{{ label }}}}", "has parts of the input before and after its instruction"),
        (f"{{% if text %}}\n{INSTRUCTION}\n{{{{ text }}}}{{% endif %}}", "has parts of the input before and after"),
        (INSTRUCTION, "shows no column of a row"),
    ],
)
def test_templates_whose_instruction_cannot_be_replaced(prompt: str, says: str) -> None:
    with pytest.raises(TemplateMistake, match=says):
        templates_of([Wording("w", "Say it.", "")], Template("t", prompt, "x", where="f.yaml"), INSTRUCTION)


def test_line_breaks_of_the_instruction_make_no_difference() -> None:
    template = Template("t", "{{ text }}\n" + INSTRUCTION.replace(" ", "\n", 3), "x")
    assert templates_of([Wording("w", "", "Say it.")], template, INSTRUCTION)[0].prompt == "{{ text }}\nSay it."
