"""What a compiled template writes, and what it says of where every character came from."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from unseen.data.dataset import Row
from unseen.errors import Mistakes, TemplateMistake
from unseen.prompt.engine import Rendered, compile_template, row_random
from unseen.prompt.example import Span
from unseen.prompt.template import Template

NOTE = {"text": "  A fine film. ", "label": 1, "tags": ["x", "y"], "deep": {"who": "Ann"}}


def template(prompt: str, completion: str = "yes", **said: object) -> Template:
    return Template("t", prompt, completion, where="notes.yaml", dataset="notes", **said)  # type: ignore[arg-type]


def rendered(
    each: Template, values: dict[str, object] | None = None, index: int = 0, cut: int | None = None
) -> Rendered:
    made = compile_template(each).render(Row("train", index, values or NOTE), truncate_chars=cut)
    assert made is not None
    return made


def pieces(made: Rendered) -> list[tuple[str, tuple[str, ...]]]:
    return [(made.prompt[span.start : span.end], span.columns) for span in made.prompt_spans]


def test_prompt_and_completion_are_stripped_and_choices_found() -> None:
    made = rendered(template("\n{{ text }}\nGood? \n", "{{ answer_choices[label] }}", answer_choices=("no", "yes")))
    assert made.prompt == "A fine film. \nGood?"
    assert (made.completion, made.choices, made.answer, made.references) == ("yes", ("no", "yes"), 1, ("yes",))


def test_choices_may_be_a_list_one_expression_or_split_text() -> None:
    as_list = template("{{ text }}", "{{ answer_choices[0] }}", answer_choices=("{{ tags[0] }}!", "z"))
    expression = template("{{ text }}", "{{ answer_choices[0] }}", answer_choices="{{ tags }}")
    text = template("{{ text }}", "{{ answer_choices[0] }}", answer_choices="{{ tags[0] }} ||| b")
    assert [rendered(each).choices for each in (as_list, expression, text)] == [("x!", "z"), ("x", "y"), ("x", "b")]


def test_choices_of_an_expression_may_hold_the_separator() -> None:
    made = rendered(
        template("{{ t }}", "{{ answer_choices[0] }}", answer_choices="{{ o }}"), {"t": "q", "o": ["a|||b", "c"]}
    )
    assert made.choices == ("a|||b", "c")
    assert made.completion == "a|||b"


def test_references_are_written_beside_the_completion() -> None:
    assert rendered(template("{{ text }}", "{{ tags[0] }}", references="{{ tags }}")).references == ("x", "y")


def test_spans_cover_what_columns_wrote_and_nothing_else() -> None:
    made = rendered(template("  Note: {{ text }}\nBy {{ deep.who }}, {{ 'really' }}. {{ tags | join(' or ') }}?"))
    assert pieces(made) == [("  A fine film. ", ("text",)), ("Ann", ("deep",)), ("x or y", ("tags",))]


def test_spans_follow_sets_loops_and_macros() -> None:
    made = rendered(
        template(
            "{% set who = deep.who | upper %}{% macro say(x) %}<{{ x }}>{% endmacro %}"
            "{% for tag in tags %}{{ loop.index }}{{ tag }};{% endfor %} {{ who }} {{ say(text) }} {{ [1, label][1] }}"
        )
    )
    assert made.prompt == "1x;2y; ANN <  A fine film. > 1"
    assert pieces(made) == [
        ("x", ("tags",)),
        ("y", ("tags",)),
        ("ANN", ("deep",)),
        ("<  A fine film. >", ("text",)),
        ("1", ("label",)),
    ]


def test_spans_of_a_choice_name_the_label() -> None:
    made = rendered(template("{{ text }}", "{{ answer_choices[label] }}.", answer_choices=("no", "yes")))
    assert made.completion_spans == (Span(0, 3, ("label",), "choices"),)


def test_spans_of_a_promptsource_template_are_counted_in_its_parts() -> None:
    source = Template("t", " Is {{a}} so? |||\n {{b}} ", syntax="promptsource")
    made = rendered(source, {"a": "x ||| y", "b": "||| z"})
    assert (made.prompt, made.completion) == ("Is x ||| y so?", "||| z")
    assert made.prompt_spans == (Span(3, 10, ("a",)),)
    assert made.completion_spans == (Span(0, 5, ("b",)),)


@pytest.mark.parametrize(
    "prompt", ["{{ missing }}", "x{% if missing %}y{% endif %}", "{{ missing | upper }}", "{{ missing.x }}"]
)
@pytest.mark.parametrize("syntax", ["unseen", "promptsource"])
def test_an_undefined_column_names_file_template_and_column(prompt: str, syntax: str) -> None:
    source = template(prompt) if syntax == "unseen" else template(f"{prompt} ||| yes", "", syntax="promptsource")
    with pytest.raises(TemplateMistake, match=r"notes\.yaml, template 't', row train/3: reads column 'missing'"):
        compile_template(source).render(Row("train", 3, NOTE))


def test_an_undefined_column_is_told_with_the_nearest() -> None:
    with pytest.raises(TemplateMistake, match="did you mean 'text'"):
        rendered(template("{{ txt }}"))


def test_a_column_may_be_asked_for_with_is_defined_or_default() -> None:
    source = template("{{ a | default('none') }} {% if b is defined %}{{ b }}{% endif %}")
    assert rendered(source, {"x": 1}).prompt == "none"
    assert compile_template(source).required == frozenset()


def test_compiling_against_columns_tells_all_that_are_missing() -> None:
    with pytest.raises(Mistakes) as caught:
        compile_template(template("{{ a }}{{ b }}{{ text }}"), ["text"])
    assert [line.split(": ")[1].split(",")[0] for line in caught.value.lines] == [
        "reads column 'a'",
        "reads column 'b'",
    ]


@pytest.mark.parametrize("label", [2, -1, "1", None, 1.0])
@pytest.mark.parametrize("syntax", ["unseen", "promptsource"])
def test_a_bad_label_index_names_file_template_and_column(label: object, syntax: str) -> None:
    completion = "{{ answer_choices[label] }}"
    source = template("{{ text }}", completion, answer_choices=("no", "yes"))
    if syntax == "promptsource":
        source = template("{{ text }} ||| " + completion, "", answer_choices="no ||| yes", syntax="promptsource")
    with pytest.raises(TemplateMistake, match=r"notes.yaml, template 't', row train/0: label .* \(column 'label'\)"):
        compile_template(source).render(Row("train", 0, {"text": "x", "label": label}))


def test_a_list_written_in_the_template_is_indexed_as_strictly() -> None:
    with pytest.raises(TemplateMistake, match="label -1"):
        rendered(template("{{ ['bad', 'good'][label] }}"), {"label": -1})


@pytest.mark.parametrize("source", [template("{{ text }}", " "), template("{{ text }}", "", syntax="promptsource")])
def test_a_template_without_completion_is_refused(source: Template) -> None:
    with pytest.raises(TemplateMistake, match=r"notes\.yaml, template 't': has no completion"):
        compile_template(source)


@pytest.mark.parametrize(
    "source",
    ["{% if label == 0 %}{{ text }} ||| no{% endif %}", "a ||| {{ empty }}", "{{ empty }} ||| a", "a ||| b ||| c"],
)
def test_an_empty_rendering_is_none(source: str) -> None:
    each = template(source, "", syntax="promptsource")
    assert compile_template(each).render(Row("train", 0, {**NOTE, "empty": " "})) is None


def test_a_column_called_answer_choices_is_refused() -> None:
    with pytest.raises(TemplateMistake, match="answer_choices"):
        rendered(template("{{ text }}"), {"text": "a", "answer_choices": ["b"]})


def test_choice_is_the_same_for_a_row_and_differs_over_rows() -> None:
    source = template("{{ ['a', 'b', 'c', 'd'] | choice }}{{ tags | choice }}{{ tags | random }}")
    compiled = compile_template(source)
    drawn = [rendered(source, index=index).prompt for index in range(40)]
    assert drawn == [made.prompt for index in range(40) if (made := compiled.render(Row("train", index, NOTE)))]
    assert len(set(drawn)) > 8
    random = row_random(source, Row("train", 5, NOTE))
    assert drawn[5] == random.choice("abcd") + random.choice("xy") + random.choice("xy")


def test_choice_does_not_depend_on_where_the_file_lies() -> None:
    one = template("{{ 'abcdefgh' | choice }}")
    other = Template("t", one.prompt, "yes", where="/elsewhere/notes.yaml", dataset="notes")
    assert [rendered(one, index=i).prompt for i in range(20)] == [rendered(other, index=i).prompt for i in range(20)]


def test_promptsources_filters_and_globals_are_there() -> None:
    source = template(
        "{% for a, b in zip(tags, [1, 2]) %}{{ a }}{{ b }}{% endfor %} {{ ['p', 'q', 'p'] | most_frequent }}"
    )
    assert rendered(source).prompt == "x1y2 ['p']"


def test_cutting_is_asked_for_and_leaves_the_instruction() -> None:
    source = template("Read this: {{ text }} Done?", "{{ answer_choices[0] }}", answer_choices=("fine", "bad"))
    values = {"text": "word " * 1000}
    assert len(rendered(source, values).prompt) > 5000
    cut = rendered(source, values, cut=100)
    assert cut.prompt.startswith("Read this: word") and cut.prompt.endswith("... Done?")
    assert len(cut.prompt) <= len("Read this:  Done?") + 105


VALUES = st.one_of(
    st.text(st.sampled_from("ab |\n{}%é😀"), max_size=12),
    st.integers(-3, 3),
    st.none(),
    st.booleans(),
    st.floats(-2, 2),
)
EXPRESSIONS = (
    "a", "b", "d.k", "d['k']", "l[0]", "l[1]", "l", "d", "answer_choices[i]", "answer_choices | join(', ')", "'lit'",
    "l | join('-')", "a | upper", "a | trim", "b | string | truncate(9)", "a | capitalize", "m[i]", "7", "none",
)  # fmt: skip
TEXTS = ("", " ", "Say: ", "\n", "a|b", "{ }", "é ")


@settings(max_examples=250, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from(EXPRESSIONS)), min_size=1, max_size=6),
    st.fixed_dictionaries({"a": VALUES, "b": VALUES, "l": st.lists(VALUES, min_size=2, max_size=3), "x": VALUES}),
    st.integers(0, 1),
)
def test_the_fast_way_the_sandbox_and_plain_jinja_write_the_same_text(
    parts: list[tuple[str, str]], values: dict[str, object], index: int
) -> None:
    body = "".join(f"{text}{{{{ {expression} }}}}" for text, expression in parts)
    row = {**values, "d": {"k": values["x"]}, "m": ["p", "q"], "i": index}
    fast = compile_template(template(f"|{body}|", answer_choices=("no", "yes")))
    slow = compile_template(template(f"|{body}|{{% if 1 %}}{{% endif %}}", answer_choices=("no", "yes")))
    plain = Environment().from_string(f"|{body}|").render(answer_choices=["no", "yes"], **row)
    one, two = fast.render(Row("train", 0, row)), slow.render(Row("train", 0, row))
    assert one is not None and two is not None
    assert one.prompt == two.prompt == plain
    assert one.prompt_spans == two.prompt_spans
    for span in one.prompt_spans:
        assert 0 < span.start < span.end < len(one.prompt) and (span.columns or span.says == "choices")
