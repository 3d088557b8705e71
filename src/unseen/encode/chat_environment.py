"""The Jinja environment that chat templates are written for, in the immutable sandbox and with bounded work.

It is the environment of Hugging Face's chat templates: block trimming, loop controls, `tojson` without HTML escapes,
`raise_exception`, `strftime_now`, `{% generation %}` blocks. A template comes with a model, from anywhere; so every
loop turn is charged to a `Meter`, and operations whose result can outgrow what they are given are refused early.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import jinja2
import jinja2.ext
from jinja2 import nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from unseen.prompt import bounds
from unseen.prompt.limits import SIZE_LIMIT, LimitReached, Meter, check_size, counted

METER = "unseen_meter"  # the name under which a rendering's meter stands in its context


class ChatEnvironment(ImmutableSandboxedEnvironment):
    """One a template, since its clock is the template's."""

    intercepted_binops = frozenset(("*", "**", "%"))

    def __init__(self, now: datetime) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[GenerationBlock, jinja2.ext.loopcontrols],
            finalize=_written,
            cache_size=0,
        )
        self.filters |= {"tojson": _to_json, "unseen_turns": _turns, "unseen_joined": _joined, "unseen_sum": _sum}
        self.globals |= {"raise_exception": _raise_exception, "strftime_now": now.strftime}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = _Counted().visit(super()._parse(source, name, filename))
        return tree

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        meter = context[METER]
        if operator == "*":
            bounds.times(meter, left, right)
        elif operator == "**":
            bounds.power(meter, left, right)
        elif operator == "%" and isinstance(left, str):
            bounds.percent(meter, left, right)
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        __context[METER].charge(1)
        if any(isinstance(each, int) and abs(each) > SIZE_LIMIT for each in (*args, *kwargs.values())):
            raise LimitReached(f"calls something with a number above {SIZE_LIMIT:,}")
        return super().call(__context, __obj, *args, **kwargs)


class GenerationBlock(jinja2.ext.Extension):
    """`{% generation %}...{% endgeneration %}` marks what an assistant says; here it prints its body, nothing more."""

    tags = {"generation"}  # noqa: RUF012 (jinja2's own declaration)

    def parse(self, parser: jinja2.parser.Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Counted(NodeTransformer):
    """Lets every loop go through its items, and every `~` and `+` join its parts, by way of the meter.

    A `+` that is only written out is left as it is: nothing can be doubled over and over that way, and it is most of
    what chat templates do. Inside a macro or a block that is assigned, what is written comes back as a value.
    """

    def __init__(self) -> None:
        self._comes_back = 0
        self._written = False

    def visit_For(self, node: nodes.For) -> nodes.For:
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, "unseen_turns", [], [], None, None, lineno=node.lineno)
        return node

    def visit_Output(self, node: nodes.Output) -> nodes.Output:
        self._written = not self._comes_back
        self.generic_visit(node)
        self._written = False
        return node

    def visit_Add(self, node: nodes.Add) -> nodes.Expr:
        self.generic_visit(node)
        if self._written:
            return node
        parts = nodes.List([node.left, node.right], lineno=node.lineno)
        return nodes.Filter(parts, "unseen_sum", [], [], None, None, lineno=node.lineno)

    def _visit_value(self, node: nodes.Node) -> nodes.Node:
        self._comes_back += 1
        self.generic_visit(node)
        self._comes_back -= 1
        return node

    visit_Macro = visit_AssignBlock = visit_CallBlock = visit_FilterBlock = _visit_value

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:
        self.generic_visit(node)
        parts = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(parts, "unseen_joined", [], [], None, None, lineno=node.lineno)


@pass_context
def _written(context: Context, value: Any) -> Any:
    if isinstance(value, str):
        context[METER].charge(len(value))
    return value


@pass_context
def _joined(context: Context, parts: list[Any]) -> str:
    texts = [str(part) for part in parts]
    check_size(sum(map(len, texts)))
    context[METER].charge(len(texts))
    return "".join(texts)


@pass_context
def _sum(context: Context, parts: list[Any]) -> Any:
    bounds.plus(context[METER], *parts)
    context[METER].charge(1)
    return parts[0] + parts[1]


@pass_context
def _turns(context: Context, items: Any) -> Any:
    meter = context[METER]
    assert isinstance(meter, Meter)
    return items if isinstance(items, jinja2.Undefined) else counted(items, meter)


def _raise_exception(message: str) -> None:
    raise jinja2.TemplateError(message)


def _to_json(value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, **kw: Any) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, **kw)
