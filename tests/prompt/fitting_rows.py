"""Rows that fit a PromptSource template, made up from how its syntax tree uses each column.

`x.y` and `x['y']` ask for a mapping, `x[0]`, `for` and `join` for a list, `x.split()` for text, `answer_choices[x]`
for an index, `x == 'yes'` for one of the values that it is compared with. What is left open becomes awkward text: with
pipes, braces, newlines, white space around it, or longer than 2,048 characters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from jinja2 import nodes

AWKWARD = (
    "A plain sentence, with a comma.",
    "pipes ||| inside",
    "{{ braces }} {% if x %} {# note #}",
    "line\nbreak\n",
    "ünïcödé 漢字 😀",
    "  padded  ",
    "12",
    "tag <b>&amp;</b> (1) one [2] two: 'q' \"r\"; 50% of them. Two sentences here! End",
    "w" * 60 + " word" * 500,
    "x" * 2100,
)
LENGTH = 4  # elements of every list, so that an index of one is an index of all
TEXT_METHODS = {"split", "lower", "upper", "replace", "strip", "capitalize", "startswith", "title", "endswith"}
TEXT_FILTERS = {"replace", "lower", "upper", "trim", "capitalize", "title", "string"}
SAME_FILTERS = {"list", "unique", "sort", "reverse", "reject", "select", "default", "most_frequent"}


@dataclass(eq=False)
class Shape:
    """What is known of a value. `member` is a list that it must be found in."""

    fields: dict[str, Shape] = field(default_factory=dict)
    element: Shape | None = None
    text: bool = False
    number: bool = False
    below: int | None = None
    values: list[Any] = field(default_factory=list)
    member: Shape | None = None
    keys: list[Any] = field(default_factory=list)  # of a mapping, or elements of a list, that the template writes

    def item(self) -> Shape:
        self.element = self.element or Shape()
        return self.element

    def field(self, name: str) -> Shape:
        return self.fields.setdefault(name, Shape())


class Fitting:
    """Shapes of the columns that `tree` and the answer choices `choices_tree` read."""

    def __init__(self, tree: nodes.Template, choices_tree: nodes.Template | None, choices: int) -> None:
        self.columns: dict[str, Shape] = {}
        self.scope: dict[str, Shape] = {}
        self.choices = choices
        for each in (choices_tree, tree):
            if each is not None:
                self._walk(each)

    def row(self, random: Random, names: frozenset[str]) -> dict[str, Any]:
        made: dict[int, Any] = {}
        return {name: _value(self.columns.get(name, Shape()), random, made) for name in sorted(names)}

    def _walk(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.For):
            self._bind(node.target, self._iterated(node.iter))
        elif isinstance(node, nodes.Assign) and isinstance(node.target, nodes.Name):
            self.scope[node.target.name] = self._shape(node.node)
            return
        elif isinstance(node, nodes.Expr):
            self._shape(node)
            return
        for child in node.iter_child_nodes():
            self._walk(child)

    def _bind(self, target: nodes.Node, shape: list[Shape]) -> None:
        names = target.items if isinstance(target, nodes.Tuple) else [target]
        for name, each in zip(names, shape + [Shape()] * len(names), strict=False):
            if isinstance(name, nodes.Name):
                self.scope[name.name] = each

    def _iterated(self, node: nodes.Expr) -> list[Shape]:
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "zip":
            return [self._shape(each).item() for each in node.args]
        return [self._shape(node).item()]

    def _shape(self, node: nodes.Node) -> Shape:
        made = getattr(self, f"_{type(node).__name__.lower()}", self._other)(node)
        assert isinstance(made, Shape)
        return made

    def _other(self, node: nodes.Node) -> Shape:
        for child in node.iter_child_nodes():
            shape = self._shape(child)
            if isinstance(node, (nodes.Sub, nodes.Mul, nodes.Div, nodes.Neg)):
                shape.number = True
        return Shape()

    def _name(self, node: nodes.Name) -> Shape:
        if node.name in self.scope:
            return self.scope[node.name]
        return self.columns.setdefault(node.name, Shape())

    def _getattr(self, node: nodes.Getattr) -> Shape:
        return self._shape(node.node).field(node.attr)

    def _getitem(self, node: nodes.Getitem) -> Shape:
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self._shape(node.node).field(node.arg.value)
        if keys := self._shape(node.node).keys:
            index = self._shape(node.arg)
            listed = isinstance(node.node, nodes.List)
            index.below, index.values = (len(keys), index.values) if listed else (None, [*index.values, *keys])
            return Shape()
        if isinstance(node.arg, nodes.Slice):
            return self._shape(node.node)
        index = self._shape(node.arg)
        if isinstance(node.node, nodes.Name) and node.node.name == "answer_choices":
            index.below = min(self.choices, index.below or self.choices)
            return Shape()
        index.below = len(node.node.items) if isinstance(node.node, nodes.Tuple) else LENGTH
        return self._shape(node.node).item()

    def _filter(self, node: nodes.Filter) -> Shape:
        if node.node is None:
            return Shape()
        inner = self._shape(node.node)
        for each in (*node.args, *(pair.value for pair in node.kwargs)):
            self._shape(each)
        if node.name == "join":
            inner.item()
        elif node.name in ("choice", "random", "first", "last"):
            return inner.item()
        elif node.name in TEXT_FILTERS:
            inner.text = True
        elif node.name in ("int", "float", "round", "abs"):
            inner.number = True
        elif node.name == "map" and node.kwargs:
            return Shape(element=inner.item().field(str(node.kwargs[0].value.as_const())))
        elif node.name == "selectattr":
            chosen = inner.item().field(node.args[0].as_const())
            chosen.values += [each.as_const() for each in node.args[2:] if isinstance(each, nodes.Const)]
            return inner
        elif node.name in SAME_FILTERS:
            return inner
        return Shape()

    def _call(self, node: nodes.Call) -> Shape:
        if not isinstance(node.node, nodes.Getattr):
            return self._other(node)
        method, arguments = node.node.attr, [self._shape(each) for each in node.args]
        if isinstance(node.node.node, nodes.Const):
            if method == "join" and arguments:
                arguments[0].item()
            return Shape()
        owner = self._shape(node.node.node)
        if method in TEXT_METHODS:
            owner.text = True
            return Shape(element=Shape(text=True)) if method == "split" else Shape(text=True)
        if method == "index" and arguments and owner.keys:
            arguments[0].values += owner.keys
        elif method == "index" and arguments and not owner.text:
            owner.item()
            arguments[0].member = owner
        return Shape()

    def _compare(self, node: nodes.Compare) -> Shape:
        left = self._shape(node.expr)
        for operand in node.ops:
            left.number |= operand.op in ("gt", "lt", "gteq", "lteq")
            right = self._shape(operand.expr)
            if isinstance(operand.expr, nodes.Const):
                left.values.append(operand.expr.value)
            elif isinstance(operand.expr, nodes.List):
                left.values += [each.value for each in operand.expr.items if isinstance(each, nodes.Const)]
            elif operand.op in ("in", "notin"):
                right.text = not right.element and not right.fields
            if isinstance(node.expr, nodes.Const):
                right.values.append(node.expr.value)
        return Shape()

    def _dict(self, node: nodes.Dict) -> Shape:
        return Shape(keys=[pair.key.value for pair in node.items if isinstance(pair.key, nodes.Const)])

    def _list(self, node: nodes.List) -> Shape:
        self._other(node)
        return Shape(keys=[each.value for each in node.items if isinstance(each, nodes.Const)])

    def _const(self, node: nodes.Const) -> Shape:
        return Shape()


def _value(shape: Shape, random: Random, made: dict[int, Any]) -> Any:
    """A value of this shape; `made` holds the lists that others must be members of."""
    if id(shape) not in made:
        made[id(shape)] = _new(shape, random, made)
    return made[id(shape)]


def _new(shape: Shape, random: Random, made: dict[int, Any]) -> Any:
    if shape.member is not None:
        among = _value(shape.member, random, made)
        return random.choice(among) if isinstance(among, list) and among else "no list"
    if shape.fields:
        return {name: _value(each, random, made) for name, each in shape.fields.items()}
    if shape.element is not None and not shape.text:
        return [_new(shape.element, random, made if place == 0 else {}) for place in range(LENGTH)]
    if shape.below is not None:
        return random.randrange(shape.below)
    if shape.values and random.random() < 0.8:
        return random.choice(shape.values)
    if shape.number:
        return random.choice((0, 1, 2, 3, 2.5))
    return random.choice(AWKWARD)
