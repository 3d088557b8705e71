"""Rewrites a template's syntax tree so that limits hold and spans can be told, before Jinja compiles it.

Loop turns, `~`, comparisons, slices, large literals and outputs go through small filters of ours, whose names no
template can write. What a template may not say at all is refused before, with its line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jinja2 import nodes, pass_context
from jinja2.visitor import NodeTransformer

from unseen.errors import nearest
from unseen.prompt.choices import choose
from unseen.prompt.dataflow import CHOICES, Dataflow, Origin
from unseen.prompt.filters import FILTERS, TESTS, RowContext
from unseen.prompt.limits import TURN, check_size, counted, measure, weigh

_MANY = 16  # elements from which a literal is worth charging
_LOADS = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)


class Refused(Exception):
    """A template says what it may not; `line` counts from 1 within its source."""

    def __init__(self, what: str, remedy: str, line: int) -> None:
        super().__init__(what)
        self.what, self.remedy, self.line = what, remedy, line


def _own(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that Jinja passes the context to, and therefore never runs while it compiles."""
    return pass_context(function)


@_own
def _loop(context: RowContext, items: Any) -> Any:
    return counted(items, context.meter)


@_own
def _concat(context: RowContext, *parts: Any) -> str:
    check_size(sum(measure(part, context.meter) for part in parts))
    return "".join(map(str, parts))


@_own
def _compared(context: RowContext, value: Any) -> Any:
    if isinstance(value, str):
        context.meter.charge(TURN + len(value) // 8)  # text compares, and is searched, in one quick sweep
    else:
        measure(value, context.meter)
    return value


@_own
def _charged(context: RowContext, value: Any) -> Any:
    weigh(value, context.meter)
    return value


@_own
def _written(context: RowContext, value: Any) -> str:
    check_size(measure(value, context.meter))
    return str(value)


@_own
def _marked(context: RowContext, value: Any, mark: int) -> str:
    context.mark = mark
    if type(value) is str:
        return value
    check_size(measure(value, context.meter))
    return str(value)


@_own
def _chosen(context: RowContext, choices: Any, index: Any, column: str) -> Any:
    return choose(context.environment, choices, index, column)


OWN_FILTERS: dict[str, Callable[..., Any]] = {
    "loop turns": _loop,
    "joined": _concat,
    "compared": _compared,
    "charged": _charged,
    "written": _written,
    "marked": _marked,
    "chosen": _chosen,
}


def refuse(tree: nodes.Template) -> None:
    """Raise `Refused` for what a template may not say, the first of it."""
    for node in tree.find_all((*_LOADS, nodes.Filter, nodes.Test, nodes.Getattr, nodes.Getitem)):
        name = getattr(node, "name", None)
        if isinstance(node, _LOADS):
            tag = type(node).__name__.removeprefix("From").lower()
            raise Refused(f"'{tag}' is for templates of several files", "write it in one template", node.lineno)
        if isinstance(node, nodes.Filter) and name not in FILTERS:
            raise Refused(f"no filter '{name}' here", nearest(str(name), FILTERS, "filters"), node.lineno)
        if isinstance(node, nodes.Test) and name not in TESTS:
            raise Refused(f"no test '{name}' here", nearest(str(name), TESTS, "tests"), node.lineno)
        read = getattr(node, "attr", None) or getattr(getattr(node, "arg", None), "value", None)
        if isinstance(read, str) and read.startswith("__"):
            raise Refused(f"reaches for '{read}'", "a template reads columns and their values only", node.lineno)


def rewrite(tree: nodes.Template, flow: Dataflow) -> tuple[nodes.Template, list[Origin]]:
    """The tree with its charges and marks, and what writes at each mark."""
    writer = _Rewriter(flow)
    made = writer.visit(tree)
    assert isinstance(made, nodes.Template)
    return made, writer.marks


class _Rewriter(NodeTransformer):
    def __init__(self, flow: Dataflow) -> None:
        self.flow, self._buffered = flow, 0
        self.marks: list[Origin] = []

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        buffers = isinstance(node, (nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.AssignBlock))
        buffers = buffers or (isinstance(node, nodes.For) and node.recursive)
        self._buffered += buffers
        super().generic_visit(node, *args, **kwargs)
        self._buffered -= buffers
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = _filter("loop turns", node.iter)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _filter("joined", node.nodes[0], node.nodes[1:])

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        operands = (node.expr, *(each.expr for each in node.ops))
        constant = any(isinstance(each, nodes.Const) for each in operands)
        if not (constant and len(operands) == 2 and node.ops[0].op not in ("in", "notin")):
            node.expr = _filter("compared", node.expr)
            for each in node.ops:
                each.expr = _filter("compared", each.expr)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        columns = sorted(self.flow.columns(node.arg))
        of_choices = isinstance(node.node, nodes.List) or (
            isinstance(node.node, nodes.Name) and node.node.name == CHOICES
        )
        dynamic = not isinstance(node.arg, (nodes.Const, nodes.Slice, nodes.Neg))
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            return _filter("charged", node)
        if of_choices and dynamic and node.ctx == "load":
            return _filter("chosen", node.node, [node.arg, nodes.Const(", ".join(columns))])
        return node

    def visit_List(self, node: nodes.List) -> nodes.Node:
        return self._literal(node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        return self._literal(node)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:
        return self._literal(node)

    def _literal(self, node: nodes.List | nodes.Tuple | nodes.Dict) -> nodes.Node:
        self.generic_visit(node)
        target = isinstance(node, nodes.Tuple) and node.ctx != "load"
        return _filter("charged", node) if len(node.items) > _MANY and not target else node

    def visit_Output(self, node: nodes.Output) -> nodes.Node:
        node.nodes = [self._output(each) for each in node.nodes]
        return node

    def _output(self, node: nodes.Expr) -> nodes.Expr:
        """An expression writes through `marked` where a span can be told, through `written` elsewhere."""
        if isinstance(node, nodes.TemplateData):
            return _filter("written", nodes.Const(node.data, lineno=node.lineno)) if self._buffered else node
        origin = self.flow.origin(node)
        made: nodes.Expr = self.visit(node)
        if isinstance(made, nodes.Const):
            return made
        if self._buffered or origin is None:
            return _filter("written", made)
        self.marks.append(origin)
        return _filter("marked", made, [nodes.Const(len(self.marks) - 1)])


def _filter(name: str, value: Any, arguments: Sequence[nodes.Expr] = ()) -> nodes.Filter:
    return nodes.Filter(value, name, list(arguments), [], None, None, lineno=value.lineno)
