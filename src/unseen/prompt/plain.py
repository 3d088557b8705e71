"""A fast way to write templates that are only text, columns, fields of columns and answer choices.

Most templates are. Jinja's compiled code spends most of such a rendering on its context; here every expression is one
small closure. The text is the same (a law in tests/prompt/test_engine.py); what is not understood is left to Jinja.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from jinja2 import nodes
from jinja2.filters import do_truncate

from unseen.prompt.choices import choose
from unseen.prompt.dataflow import CHOICES, Dataflow, Origin
from unseen.prompt.filters import RowState
from unseen.prompt.limits import check_size, measure
from unseen.prompt.sandbox import Sandbox

Values = Mapping[str, Any]
Value = Callable[[Values], Any]
Mark = tuple[int, int, Origin]  # characters [start, end) of the text, and what wrote them
Written = tuple[str, Sequence[Mark]]
_CASES: dict[str, Callable[[str], str]] = {
    "capitalize": str.capitalize,
    "lower": str.lower,
    "string": str,
    "trim": str.strip,
    "upper": str.upper,
}


class PlainWriter:
    """Text, then for every expression its value and the text after it.

    A row's own values are trees of JSON, so printing one takes work by its size; only what is written is bounded.
    """

    __slots__ = ("_head", "_slots")

    def __init__(self, head: str, slots: Sequence[tuple[Value, Origin | None, str]]) -> None:
        self._head = head
        self._slots = tuple((value, origin, after, len(after)) for value, origin, after in slots)

    def __call__(self, values: Values, state: RowState) -> Written:
        pieces = [self._head]
        marks = []
        place = len(self._head)
        for value, origin, after, width in self._slots:
            text = value(values)
            if type(text) is not str:
                check_size(measure(text, state.meter))
                text = str(text)
            pieces += (text, after)
            end = place + len(text)
            if origin is not None:
                marks.append((place, end, origin))
            place = end + width
        check_size(place)
        return "".join(pieces), marks


def plain_writer(tree: nodes.Template, flow: Dataflow, environment: Sandbox) -> PlainWriter | None:
    """A writer for `tree`, or None where it holds more than this file understands."""
    if not all(isinstance(part, nodes.Output) for part in tree.body):
        return None
    texts, slots = [""], []
    for node in (node for part in tree.body if isinstance(part, nodes.Output) for node in part.nodes):
        if isinstance(node, nodes.TemplateData):
            texts[-1] += node.data
            continue
        if isinstance(node, nodes.Const):
            texts[-1] += str(node.value)
            continue
        value = _value(node, flow, environment)
        if value is None:
            return None
        slots.append((value, flow.origin(node)))
        texts.append("")
    return PlainWriter(texts[0], [(*slot, after) for slot, after in zip(slots, texts[1:], strict=True)])


def _value(node: nodes.Expr, flow: Dataflow, environment: Sandbox) -> Value | None:
    if isinstance(node, nodes.Name):
        return itemgetter(node.name) if node.name in flow.required or node.name == CHOICES else None
    if isinstance(node, nodes.Const):
        return _constant(node.value)
    if isinstance(node, nodes.Getitem):
        return _item(node, flow, environment)
    if isinstance(node, nodes.Getattr):
        return _attribute(node, flow, environment)
    if isinstance(node, nodes.Filter) and node.node is not None and not (node.kwargs or node.dyn_args):
        return _filtered(node, flow, environment)
    return None


def _constant(value: Any) -> Value:
    return lambda values: value


def _item(node: nodes.Getitem, flow: Dataflow, environment: Sandbox) -> Value | None:
    inner, index = _value(node.node, flow, environment), _value(node.arg, flow, environment)
    if inner is None or index is None:
        return None
    if isinstance(node.node, nodes.Name) and node.node.name == CHOICES and not isinstance(node.arg, nodes.Const):
        column = ", ".join(sorted(flow.columns(node.arg)))
        return lambda values: choose(environment, inner(values), index(values), column)
    getitem = environment.getitem
    return lambda values: getitem(inner(values), index(values))


def _attribute(node: nodes.Getattr, flow: Dataflow, environment: Sandbox) -> Value | None:
    inner, name, getattribute = _value(node.node, flow, environment), node.attr, environment.getattr
    if inner is None:
        return None
    return lambda values: getattribute(inner(values), name)


def _filtered(node: nodes.Filter, flow: Dataflow, environment: Sandbox) -> Value | None:
    inner = _value(node.node, flow, environment) if node.node else None
    arguments = [each.value for each in node.args if isinstance(each, nodes.Const)]
    if inner is None or len(arguments) < len(node.args):
        return None
    if node.name in _CASES and not arguments:
        return _cased(inner, _CASES[node.name])
    if node.name == "truncate" and len(arguments) == 1 and isinstance(arguments[0], int) and arguments[0] > 3:
        return _truncated(inner, arguments[0], environment)
    if node.name == "join" and len(arguments) == 1 and isinstance(arguments[0], str):
        return _joined(inner, arguments[0])
    return None


def _cased(inner: Value, case: Callable[[str], str]) -> Value:
    def value(values: Values) -> str:
        text = inner(values)
        return case(text if type(text) is str else str(text))

    return value


def _truncated(inner: Value, length: int, environment: Sandbox) -> Value:
    def value(values: Values) -> str:
        text = inner(values)
        text = text if type(text) is str else str(text)
        return text if len(text) <= length else do_truncate(environment, text, length)

    return value


def _joined(inner: Value, separator: str) -> Value:
    def value(values: Values) -> str:
        items = inner(values)
        texts = [item if type(item) is str else str(item) for item in items]
        check_size(sum(map(len, texts)) + len(separator) * len(texts))
        return separator.join(texts)

    return value
