"""Which names the value of an expression is made of, and not only chosen by.

`{{ 'bad' if label == 0 else note }}` may write what `note` holds and never what `label` holds; `{{ words[label] }}`
writes `words`. So a column's text can be told from a template's own words that a column picked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jinja2 import nodes

_COUNTS = ("length", "count", "wordcount")  # filters that give a number about a column, none of its text
_TRUTHS = (nodes.Compare, nodes.Test, nodes.Not)


def written_names(sources: Iterable[nodes.Node]) -> frozenset[str]:
    """Names whose values, or parts of them, may stand in what `sources` give."""
    return frozenset(name for node in sources for name in _names(node))


def _names(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Name):
        yield node.name
    for part in _written_parts(node):
        yield from _names(part)


def _written_parts(node: nodes.Node) -> Iterator[nodes.Node]:
    """The parts of a node that may be written; conditions and indexes only choose."""
    if isinstance(node, _TRUTHS) or (isinstance(node, nodes.Filter) and node.name in _COUNTS):
        return
    if isinstance(node, nodes.CondExpr):
        yield node.expr1
        if node.expr2 is not None:
            yield node.expr2
    elif isinstance(node, nodes.Getitem):
        yield node.node
    elif isinstance(node, nodes.If):
        yield from (*node.body, *node.elif_, *node.else_)
    else:
        yield from node.iter_child_nodes()
