"""The limits hold: whatever a template says, it ends within seconds, in one line that names it."""

from __future__ import annotations

import contextlib
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen.data.dataset import Row
from unseen.errors import TemplateMistake
from unseen.prompt.engine import compile_template
from unseen.prompt.template import Template

START = "{% set n = namespace(x=[1]) %}{% for i in range(60) %}"
TEXT = "{% set n = namespace(x='ab') %}{% for i in range(60) %}"
KEEP = "{% set x = 'a' * 900000 %}{% set k = [] %}{% for i in range(99999) %}"
MANY = "{% for i in range(99999) %}" + "text " * 999 + "{% endfor %}"
LOOPS = {
    "nested ranges": "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
    "ranges with a condition": "{% for a in range(9999) %}{% for b in range(9999) if b < 0 %}{% endfor %}{% endfor %}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "a macro that branches": "{% macro m(n) %}{% if n %}{{ m(n-1) ~ m(n-1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "a recursive loop": "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "a wide recursive loop": "{% for x in range(999) recursive %}{{ loop(range(999)) if loop.depth < 9 }}{% endfor %}",
    "zip in zip": "{% for a in zip(range(99999), range(99999)) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "map of map": "{% for i in range(99999) %}{% set x = range(99999) | map('string') | list %}{% endfor %}",
    "sum of lists": "{{ range(99999) | map('string') | map('list') | sum(start=[]) | length }}",
    "long text searched in a loop": "{% set x = 'a' * 900000 %}{% for i in range(9999) %}{{ 'b' in x }}{% endfor %}",
    "long text compared in a loop": "{% set x = 'a' * 900000 %}{% for i in range(999) %}{{ x == x ~ '' }}{% endfor %}",
    "a quadratic search from the end": "{{ ('a' * 900000).rfind('b' + 'a' * 400000) }}",
    "a quadratic strip": "{{ ('a' * 900000).strip('b' * 400000 + 'c') }}",
    "a power": "{{ 9 ** (9 ** (9 ** 9)) }}",
    "powers in a loop": "{% set n = namespace(x=3) %}{% for i in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}",
    "a huge precision": "{{ 1.5 | round(999999999, 'floor') }}",
    "sorting in a loop": "{% set x = range(99999) | list %}{% for i in range(999) %}{% set y = x | sort %}{% endfor %}",
    "pops from the front": "{% set x = [0] * 900000 %}{% for i in range(99999) %}{% set y = x.pop(0) %}{% endfor %}",
}
GROWTH = {
    "text times a number": "{{ 'x' * 1000000000 }}",
    "a number times text": "{{ 1000000000 * 'x' }}",
    "doubling with ~": TEXT + "{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}",
    "doubling with +": TEXT + "{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}",
    "doubling a list": START + "{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}",
    "lists of themselves": START + "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
    "lists of themselves compared": (
        "{% set n = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}"
        "{% set n.y = [n.y, n.y] %}{% endfor %}{{ n.x == n.y }}"
    ),
    "a list in itself": "{% set x = [] %}{% for i in range(40) %}{% set _ = x.append([x, x]) %}{% endfor %}{{ x }}",
    "namespaces of themselves": (
        "{% set n = namespace(x=1) %}{% for i in range(60) %}{% set m = namespace(a=n.x, b=n.x) %}{% set n.x = m %}"
        "{% endfor %}{{ n.x }}"
    ),
    "a percent width": "{{ '%1000000000d' % 1 }}",
    "a percent precision": "{{ '%.1000000000f' % 1 }}",
    "a percent width from an argument": "{{ '%*d' % (1000000000, 1) }}",
    "the format filter": "{{ '%1000000000d' | format(1) }}",
    "a format width": "{{ '{:1000000000}'.format(1) }}",
    "a format width from an argument": "{{ '{:{}}'.format(1, 1000000000) }}",
    "a format map": "{{ '{x:1000000000}'.format_map({'x': 1}) }}",
    "fields of a format": "{{ ('%s' * 9999) % (('x' * 9999,) * 9999) }}",
    "center": "{{ 'x' | center(1000000000) }}",
    "center by name": "{{ ['x'] | map('center', 1000000000) | list }}",
    "ljust": "{{ 'x'.ljust(1000000000) }}",
    "zfill": "{{ 'x'.zfill(1000000000) }}",
    "expandtabs": "{{ '\\t'.expandtabs(1000000000) }}",
    "replace": "{{ ('x' * 99999) | replace('x', 'y' * 99999) }}",
    "the replace method": "{{ ('x' * 99999).replace('x', 'y' * 99999) }}",
    "replace of nothing": "{{ ('x' * 99999) | replace('', 'y' * 99999) }}",
    "join": "{{ range(99999) | join('y' * 99999) }}",
    "the join method": "{{ ('y' * 99999).join(range(99999) | map('string')) }}",
    "indent": "{{ ('\\n' * 99999) | indent(99999) }}",
    "batch": "{{ [1] | batch(1000000000, 'x') | list }}",
    "slice": "{{ [1] | slice(1000000000) | list }}",
    "range": "{{ range(10 ** 12) | list }}",
    "slices kept": KEEP + "{% set _ = k.append(x[1:]) %}{% endfor %}",
    "cases kept": KEEP + "{% set _ = k.append(x.upper()) %}{% endfor %}",
    "text in a loop": MANY,
    "text in a macro": "{% macro m() %}" + MANY + "{% endmacro %}{% set x = m() %}",
    "text in a block": "{% set x %}" + MANY + "{% endset %}",
    "text in a filter": "{% filter upper %}" + MANY + "{% endfilter %}",
    "json": START + "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x | tojson }}",
}
ESCAPES = {
    "a class": "{{ ''.__class__ }}",
    "a class by subscript": "{{ ''['__class__'] }}",
    "a class by parts": "{{ ''['__cla' ~ 'ss__'] }}",
    "a class by map": "{{ [''] | map(attribute='__class__') | list }}",
    "a class by sort": "{{ ['', 'a'] | sort(attribute='__class__') }}",
    "a class by format": "{{ '{0.__class__}'.format(1) }}",
    "a class by format map": "{{ '{x.__class__}'.format_map({'x': 1}) }}",
    "the attr filter": "{{ '' | attr('__class__') }}",
    "globals of a macro": "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
    "globals of a function": "{{ range.__globals__ }}",
    "a frame": "{{ ([1] | map('string')).gi_frame }}",
    "the environment": "{{ self.environment }}{{ self._TemplateReference__context.environment.x.y }}",
    "a loader": "{% include 'file' %}",
    "an import": "{% import 'file' as f %}",
    "an import from": "{% from 'file' import f %}",
    "an extension": "{% extends 'file' %}",
    "a block": "{% block b %}{% endblock %}{{ self.b() }}",
    "a change of the row": "{{ ['x']['clear']() }}",
    "mro": "{{ dict.mro() }}",
    "fromkeys": "{{ dict.fromkeys('ab') }}",
    "maketrans": "{{ ''.maketrans({'a': 'b' * 99999}) }}",
    "encode": "{{ 'a'.encode() }}",
    "lipsum": "{{ lipsum(n=100000) }}",
    "an unknown filter": "{{ 'a' | pprint }}",
    "an unknown filter in a branch": "{% if false %}{{ 'a' | urlize }}{% endif %}",
    "a sort key": "{% set x = [1] %}{{ x.sort(key=range) }}",
}
BROKEN = {
    "an open tag": "{{ x",
    "an open block": "{% if x %}",
    "an unknown tag": "{% do x %}",
    "deep brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "deep loops": "{% for a in [1] %}" * 60 + "{% endfor %}" * 60,
    "deep conditions": "{% if 1 %}" * 400 + "{% endif %}" * 400,
    "deep attributes": "{{ x" + ".y" * 5000 + " }}",
    "too long": "x" * 60_000,
    "division by nothing": "{{ 1 / 0 }}",
    "text and a number": "{{ 'a' + 1 }}",
    "a wrong unpacking": "{% for a, b in [1] %}{% endfor %}",
    "a bad argument": "{{ 'a' | replace }}",
    "an int too long to print": "{{ 10 ** 1000 * 10 ** 1000 * 10 ** 1000 }}",
}


def mistake_of(source: str, syntax: str) -> TemplateMistake:
    row = Row("train", 3, {"x": "text", "items": ["a", "b"]})
    if syntax == "unseen":
        template = Template("odd", source, "yes", where="file.yaml")
    else:
        template = Template("odd", f"{source} ||| yes", syntax="promptsource", where="file.yaml")
    with pytest.raises(TemplateMistake) as caught:
        rendered = compile_template(template).render(row)
        raise AssertionError(f"rendered {len(rendered.prompt) if rendered else None} characters")
    return caught.value


@pytest.mark.parametrize("source", [*LOOPS.values(), *GROWTH.values()], ids=[*LOOPS, *GROWTH])
def test_a_template_that_loops_or_grows_is_stopped(source: str) -> None:
    started = time.thread_time()
    mistake = mistake_of(source, "unseen")
    assert time.thread_time() - started < 6
    assert mistake.lines[0].startswith("file.yaml, template 'odd'")
    assert "\n" not in str(mistake)


@pytest.mark.parametrize("name", ["doubling with ~", "slices kept", "cases kept", "range", "a list in itself"])
def test_a_template_that_grows_takes_little_memory(name: str) -> None:
    tracemalloc.start()
    mistake_of({**LOOPS, **GROWTH}[name], "unseen")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400_000_000


@pytest.mark.parametrize("syntax", ["unseen", "promptsource"])
@pytest.mark.parametrize("source", ESCAPES.values(), ids=list(ESCAPES))
def test_a_template_cannot_reach_outside_its_row(source: str, syntax: str) -> None:
    assert str(mistake_of(source, syntax)).startswith("file.yaml, template 'odd'")


@pytest.mark.parametrize("source", BROKEN.values(), ids=list(BROKEN))
def test_a_broken_template_is_one_line(source: str) -> None:
    text = str(mistake_of(source, "unseen"))
    assert text.startswith("file.yaml, template 'odd'")
    assert len(text) < 400


@pytest.mark.parametrize(
    "source",
    [
        "".join(f"{{% set a{number} = a{number + 1} %}}" for number in range(1800)),
        "".join(f"{{% set a{number * 7 % 1801} = a{(number * 7 + 1) % 1801} %}}" for number in range(1800)),
        "".join(f"{{% set a{number * 21 % 499} = a{(number * 21 + 1) % 499} %}}" for number in range(499)),
        "{% macro m(x) %}{{ x }}{% endmacro %}" + "{{ m(x) }}" * 4900,
        "{{ x }}" * 7000,
        "{{ x" + "[x" * 150 + "]" * 150 + " }}",
        "{% if x %}{{ x }}{% endif %}" * 1700,
    ],
    ids=[
        "a chain",
        "a shuffled chain",
        "a shorter one",
        "many calls",
        "many outputs",
        "deep subscripts",
        "many branches",
    ],
)
def test_compiling_takes_little_time_whatever_the_source(source: str) -> None:
    started = time.thread_time()
    with contextlib.suppress(TemplateMistake):
        compile_template(Template("odd", source, "yes"))
    assert time.thread_time() - started < 6


def test_a_line_is_named() -> None:
    assert "line 3 of prompt" in str(mistake_of("one\ntwo\n{% if %}", "unseen"))
    assert "line 2 of its template" in str(mistake_of("one\n{{ x | nothing }}", "promptsource"))


def test_what_a_template_does_every_day_stays_far_below_the_limits() -> None:
    words = [f"word{number}" for number in range(3000)]
    source = (
        "{% set seen = [] %}{% for w in words %}{% if w not in seen and loop.index <= 300 %}{{ seen.append(w) or '' }}"
        "{% endif %}{{ w | upper }} {% endfor %}{{ seen | join(', ') | replace('word', 'w') }}"
    )
    rendered = compile_template(Template("long", source, "yes")).render(Row("train", 0, {"words": words}))
    assert rendered is not None
    assert rendered.prompt.endswith("w298, w299")


def test_a_template_that_changes_lists_changes_copies() -> None:
    row = Row("train", 0, {"items": ["a", "b"], "deep": {"x": [1]}})
    source = "{{ items.pop() }}{{ items.append('c') or '' }}{{ deep.x.append(2) or '' }}{{ items }}{{ deep }}"
    compiled = compile_template(Template("pops", source, "yes"))
    first, second = compiled.render(row), compiled.render(row)
    assert first == second
    assert first is not None and first.prompt == "b['a', 'c']{'x': [1, 2]}"
    assert row.values == {"items": ["a", "b"], "deep": {"x": [1]}}


FRAGMENTS = st.sampled_from(
    [
        "{{",
        "}}",
        "{%",
        "%}",
        " x ",
        "items",
        "|",
        "join",
        "(",
        ")",
        "'a'",
        "for",
        "in",
        "if",
        "endfor",
        "endif",
        "set",
        "=",
    ]
    + [
        "range",
        "9999",
        "*",
        "**",
        "~",
        "[",
        "]",
        ".",
        "append",
        "__class__",
        "loop",
        "{#",
        "#}",
        "-",
        "macro",
        "endmacro",
        "%",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAGMENTS, max_size=14).map(" ".join))
def test_any_source_renders_or_is_told_in_one_line(source: str) -> None:
    try:
        compile_template(Template("odd", source or "x", "yes")).render(Row("train", 0, {"x": "t", "items": [1, 2]}))
    except TemplateMistake as mistake:
        assert len(mistake.lines) == 1 and mistake.lines[0].isprintable()
