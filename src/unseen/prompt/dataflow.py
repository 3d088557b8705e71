"""Which dataset columns each expression of a template reads, worked out once from its syntax tree.

`{% set %}`, `{% for %}`, macros, namespaces and lists that are appended to pass columns on; the answer is a fixed point
over the whole template, without regard to order or branches, so it can name a column too many but none too few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, meta, nodes

from unseen.prompt.example import Says
from unseen.prompt.written import written_names

Columns = frozenset[str]
Origin = tuple[tuple[str, ...], Says]  # the columns that an expression reads, and what it writes: see `Span`
NONE: Columns = frozenset()
CHOICES = "answer_choices"
MOST_STEPS = 500  # the work grows with their square; PromptSource's largest template has 18


class TooManySteps(Exception):
    """A template sets more names than its dataflow is worked out for."""


@dataclass(frozen=True, slots=True)
class Dataflow:
    """`free` are the names that the template reads from outside; `required` those among them that it never sets.

    `flows` maps a name that the template sets to the columns that reach it, `writes` to those among them that do
    not merely choose what it is set to.
    """

    free: Columns
    required: Columns
    flows: Mapping[str, Columns]
    writes: Mapping[str, Columns]

    def columns(self, node: nodes.Node) -> Columns:
        """Columns that the value of `node` may depend on."""
        return _columns(_reads([node]), self.free, self.flows)

    def written(self, node: nodes.Node) -> Columns:
        """Columns whose text the value of `node` may hold."""
        return _columns(written_names([node]), self.free, self.writes)

    def origin(self, node: nodes.Node) -> Origin | None:
        """What writes where `node` is put out; None where it is the template's own text alone."""
        columns, lists = self.columns(node), CHOICES in written_names([node])
        if not columns and not lists:
            return None
        says: Says = "column" if self.written(node) else "choices" if lists else "words"
        return tuple(sorted(columns)), says


def undeclared(text: str, environment: Environment) -> Columns:
    """Names that the source reads from outside. Jinja folds constants into the tree that it looks through, so it gets
    one of its own.
    """
    return frozenset(meta.find_undeclared_variables(environment.parse(text))) - frozenset(environment.globals)


def dataflow(tree: nodes.Template, outside: Columns, choices: Columns = NONE) -> Dataflow:
    """`outside` are the names that the tree reads from outside; `choices` the columns that the answer choices read."""
    free = outside - {CHOICES}
    steps = list({(tuple(names), _reads(sources)): None for names, sources in _steps(tree) if names})
    if len(steps) > MOST_STEPS:
        raise TooManySteps(f"sets names in {len(steps)} ways, of which {MOST_STEPS} are looked through")
    required = free - {name for names, _ in steps for name in names}
    written = [(tuple(names), written_names(sources)) for names, sources in _steps(tree) if names]
    return Dataflow(free, required, _settled(steps, free, choices), _settled(written, free, choices))


def _settled(steps: list[tuple[tuple[str, ...], Columns]], free: Columns, choices: Columns) -> dict[str, Columns]:
    """The columns that reach each name that is set."""
    flows: dict[str, Columns] = {name: NONE for names, _ in steps for name in names}
    flows[CHOICES] = flows.get(CHOICES, NONE) | choices
    while _pass_on(steps, free, flows):
        steps.reverse()  # a chain of names settles in two passes, whichever way it runs
    return flows


def _pass_on(steps: Sequence[tuple[Sequence[str], Columns]], free: Columns, flows: dict[str, Columns]) -> bool:
    """One pass over all steps; whether anything new reached a name."""
    changed = False
    for names, reads in steps:
        read = _columns(reads, free, flows)
        for name in names:
            if not read <= flows[name]:
                flows[name] |= read
                changed = True
    return changed


def _steps(tree: nodes.Template) -> Iterator[tuple[list[str], list[nodes.Node]]]:
    """Every place where values pass into names: (names, what flows into them)."""
    arguments = {macro.name: [each.name for each in macro.args] for macro in tree.find_all(nodes.Macro)}
    for node in tree.find_all(
        (nodes.Assign, nodes.AssignBlock, nodes.For, nodes.Macro, nodes.CallBlock, nodes.Call, nodes.With)
    ):
        if isinstance(node, nodes.Assign):
            yield _names(node.target), [node.node]
        elif isinstance(node, nodes.AssignBlock):
            yield _names(node.target), list(node.body)
        elif isinstance(node, nodes.For):
            yield _names(node.target), [node.iter]
        elif isinstance(node, nodes.Macro):
            yield [node.name], list(node.body)
            for argument, value in zip(reversed(node.args), reversed(node.defaults), strict=False):
                yield [argument.name], [value]
        elif isinstance(node, nodes.With):
            for target, value in zip(node.targets, node.values, strict=True):
                yield _names(target), [value]
        elif isinstance(node, nodes.CallBlock):
            yield ["caller"], list(node.body)
        elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
            yield _names(node.node.node), [*node.args, *node.kwargs]  # names.append(value)
        elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
            yield arguments.get(node.node.name, []), [*node.args, *node.kwargs]


def _names(target: nodes.Node) -> list[str]:
    if isinstance(target, (nodes.Name, nodes.NSRef)):
        return [target.name]
    names = [node.name for node in target.find_all(nodes.Name)]
    return names + [node.name for node in target.find_all(nodes.NSRef)]


def _reads(sources: Sequence[nodes.Node]) -> Columns:
    """Names that stand anywhere in `sources`."""
    own = [node.name for node in sources if isinstance(node, nodes.Name)]
    return frozenset(own + [name.name for node in sources for name in node.find_all(nodes.Name)])


def _columns(names: Columns, free: Columns, flows: Mapping[str, Columns]) -> Columns:
    return NONE.union(names & free, *(flows[name] for name in names & flows.keys()))
