"""One Jinja source, compiled once: a prompt, a completion, an answer choice, or a whole PromptSource template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from jinja2 import Template as JinjaTemplate
from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError

from unseen.prompt.dataflow import NONE, Columns, Origin, TooManySteps, dataflow, undeclared
from unseen.prompt.filters import RowContext, RowState
from unseen.prompt.limits import check_size
from unseen.prompt.plain import Mark, Written, plain_writer
from unseen.prompt.rewrite import Refused, refuse, rewrite
from unseen.prompt.sandbox import CHANGING, ChangingSandbox, Sandbox, sandbox

T = TypeVar("T")

_LONGEST = 50_000  # characters of a source; PromptSource's longest has 2,849
_VALUE = "_unseen_value"
_DRAWS = ("choice", "random")


class Write(Protocol):
    """Writes one row: the text, and a mark for every expression that reads a column."""

    def __call__(self, values: Mapping[str, Any], state: RowState) -> Written: ...


@dataclass(frozen=True, slots=True)
class Source:
    """`write` takes the row's values with `answer_choices` among them; `reads` are the columns it may look at, `writes`
    those whose text it may hold.

    `changes`: it changes lists, so it must be given copies. `draws`: it uses the row's generator.
    """

    write: Write
    reads: Columns
    writes: Columns
    required: Columns
    changes: bool
    draws: bool

    @property
    def constant(self) -> bool:
        return not self.reads and not self.draws


def compile_source(text: str, strict: bool, choices: Columns = NONE, cut: int | None = None) -> Source:
    """`text` as a `Source`; `choices` are the columns that its `answer_choices` read.

    `cut`: characters at which every output expression is cut (a PromptSource template is cut by its reader instead).
    Raises `Refused` with the line of what cannot be, whatever the text holds.
    """
    return _told(text, lambda: _compile(text, strict, choices, cut))


def _told(text: str, compiled: Callable[[], T]) -> T:
    """What `compiled` gives, every way in which a source can be wrong told as `Refused`."""
    if len(text) > _LONGEST:
        raise Refused(f"is longer than {_LONGEST:,} characters", "split it", 1)
    try:
        return compiled()
    except TemplateSyntaxError as error:
        raise Refused(str(error.message), "see docs/templates.md for the syntax", error.lineno) from None
    except TooManySteps as error:
        raise Refused(str(error), "write a shorter template", 1) from None
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise Refused(f"is nested too deeply ({type(error).__name__})", "simplify it", 1) from None


def _compile(text: str, strict: bool, choices: Columns, cut: int | None) -> Source:
    tree, environment = _parse(text, strict)
    if cut is not None:
        _cut_outputs(tree, cut)
    flow = dataflow(tree, undeclared(text, environment), choices)
    plain = plain_writer(tree, flow, environment)
    writes = flow.written(nodes.Template(list(tree.find_all(nodes.Output)), lineno=1))
    tree, marks = rewrite(tree, flow)
    write = plain or _Jinja(_compiled(tree, environment), environment, marks)
    changes = isinstance(environment, ChangingSandbox)
    return Source(write, flow.free, writes, flow.required - _optional(tree), changes, _draws(tree))


def compile_value(text: str, strict: bool, choices: Columns = NONE) -> Source | None:
    """`text` as the source of one value, if it is a single `{{ expression }}`: `write` leaves it in `state.value`.

    So `{{ options }}` is the list itself, with choices that may hold anything, and not the list printed.
    """
    return _told(text, lambda: _compile_value(text, strict, choices))


def _compile_value(text: str, strict: bool, choices: Columns) -> Source | None:
    tree, environment = _parse(text, strict)
    outputs = [node for part in tree.body if isinstance(part, nodes.Output) for node in part.nodes]
    if len(tree.body) != 1 or len(outputs) != 1 or isinstance(outputs[0], nodes.TemplateData):
        return None
    flow = dataflow(tree, undeclared(text, environment), choices)
    target, writes = nodes.Name(_VALUE, "store", lineno=1), flow.written(outputs[0])
    tree, _ = rewrite(nodes.Template([nodes.Assign(target, outputs[0], lineno=1)], lineno=1), flow)
    write = _JinjaValue(_compiled(tree, environment), environment, ())
    changes = isinstance(environment, ChangingSandbox)
    return Source(write, flow.free, writes, flow.required - _optional(tree), changes, _draws(tree))


def _parse(text: str, strict: bool) -> tuple[nodes.Template, Sandbox]:
    tree = sandbox(Sandbox, strict).parse(text)
    refuse(tree)
    changes = any(node.attr in CHANGING for node in tree.find_all(nodes.Getattr))
    return tree, sandbox(ChangingSandbox if changes else Sandbox, strict)


def _compiled(tree: nodes.Template, environment: Sandbox) -> JinjaTemplate:
    tree.set_environment(environment)
    return environment.from_string(tree)


def _draws(tree: nodes.Template) -> bool:
    """Does it use the row's generator, itself or through `map('choice')`?"""
    filters = any(node.name in _DRAWS for node in tree.find_all(nodes.Filter))
    return filters or any(node.value in _DRAWS for node in tree.find_all(nodes.Const))


def _optional(tree: nodes.Template) -> Columns:
    """Columns that the template asks for with `is defined` or `default`, so that a row may lack them."""
    asked = [node.node for node in tree.find_all(nodes.Test) if node.name in ("defined", "undefined")]
    asked += [node.node for node in tree.find_all(nodes.Filter) if node.name in ("default", "d") and node.node]
    return frozenset(node.name for node in asked if isinstance(node, nodes.Name))


def _cut_outputs(tree: nodes.Template, cut: int) -> None:
    for output in tree.find_all(nodes.Output):
        output.nodes = [
            node if isinstance(node, (nodes.TemplateData, nodes.Const)) else _truncated(node, cut)
            for node in output.nodes
        ]


def _truncated(node: nodes.Expr, cut: int) -> nodes.Filter:
    text = nodes.Filter(node, "string", [], [], None, None, lineno=node.lineno)
    return nodes.Filter(text, "truncate", [nodes.Const(cut)], [], None, None, lineno=node.lineno)


class _Jinja:
    """Runs Jinja's compiled code chunk by chunk, which tells where every marked expression lies."""

    def __init__(self, template: JinjaTemplate, environment: Sandbox, marks: Sequence[Origin]) -> None:
        self._root, self._environment, self._marks = template.root_render_func, environment, marks

    def __call__(self, values: Mapping[str, Any], state: RowState) -> Written:
        context = self._context(values, state)
        chunks: list[str] = []
        marks: list[Mark] = []
        length = 0
        for chunk in self._root(context):
            chunks.append(chunk)
            start, length = length, length + len(chunk)
            check_size(length)
            if context.mark >= 0:
                marks.append((start, length, self._marks[context.mark]))
                context.mark = -1
        return "".join(chunks), marks

    def _context(self, values: Mapping[str, Any], state: RowState) -> RowContext:
        context = RowContext(self._environment, {**self._environment.globals, **values}, None, {})
        context.state, context.meter = state, state.meter
        return context


class _JinjaValue(_Jinja):
    """Runs the code of one assignment and gives what it assigned."""

    def __call__(self, values: Mapping[str, Any], state: RowState) -> Written:
        context = self._context(values, state)
        for _ in self._root(context):
            pass
        state.value = context.vars[_VALUE]
        return "", ()
