"""Jinja's immutable sandbox, with limits that hold and nothing left that reaches outside a row.

Jinja's `ImmutableSandboxedEnvironment` refuses private attributes and changes to the row's own lists. It does not
bound work: `'x' * 10**9`, `range` inside `range`, `'%1000000000d'` run as long as they like. Here every operator that
can grow, every call and every filter asks a bound first (`bounds.py`) and charges the row's `Meter` (`limits.py`);
`rewrite.py` puts such a charge at every loop turn, join and output too. Only the methods listed below may be called.

PromptSource's templates do change lists that they make themselves (`{{ names.append(x) or '' }}`, 265 times in its
archive). A template that calls such a method gets an environment that allows it, and copies of the row's lists.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, Undefined
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import MAX_RANGE, ImmutableSandboxedEnvironment, SandboxedEnvironment, safe_range
from jinja2.utils import Cycler, Joiner, Namespace

from unseen.prompt import bounds
from unseen.prompt.filters import FILTERS, TESTS, RowContext
from unseen.prompt.limits import TURN, LimitReached, Meter, counted, measure, weigh
from unseen.prompt.rewrite import OWN_FILTERS

CHANGING = frozenset(("append", "extend", "insert", "pop", "remove", "reverse", "setdefault", "update"))
MaybeBound = bounds.Bound | None
_WALKS = ("index", "count", "remove")  # methods of a list that compare its elements
_FREE_OF_TEXT = """capitalize casefold count endswith find index isalnum isalpha isascii isdecimal isdigit islower
    isnumeric isspace istitle isupper lower partition removeprefix removesuffix split splitlines startswith swapcase
    title upper"""
_TEXT: dict[str, MaybeBound] = dict.fromkeys(_FREE_OF_TEXT.split())
_TEXT |= dict.fromkeys(("center", "ljust", "rjust", "zfill"), bounds.pads)
_TEXT |= dict.fromkeys(("lstrip", "rstrip", "strip", "rfind", "rindex", "rsplit", "rpartition"), bounds.searches)
_TEXT |= {"expandtabs": bounds.tabs, "replace": bounds.replaces, "join": bounds.join_method}
_METHODS: dict[type, dict[str, MaybeBound]] = {
    str: _TEXT,
    list: dict.fromkeys(("append", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse")),
    dict: dict.fromkeys(("copy", "get", "items", "keys", "pop", "setdefault", "update", "values")),
    tuple: dict.fromkeys(("count", "index")),
    float: dict.fromkeys(("is_integer",)),
}
_JINJAS_OWN = ("_loop_vars", "_block_vars")  # passed along with every call inside a loop or block
_OPERATORS: dict[str, bounds.Bound] = {
    "+": bounds.plus,
    "-": bounds.plus,
    "*": bounds.times,
    "**": bounds.power,
    "%": lambda meter, left, right: bounds.percent(meter, left, right),
}


def short_range(*limits: int) -> range:
    """The sandbox's range, of at most 100,000 numbers."""
    try:
        return safe_range(*limits)
    except OverflowError:
        raise LimitReached(f"asks for a range of more than {MAX_RANGE:,} numbers") from None


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of templates that change nothing."""

    context_class = RowContext
    intercepted_binops = frozenset(_OPERATORS)

    def __init__(self, undefined: type[Undefined]) -> None:
        super().__init__(undefined=undefined, cache_size=0)
        self.filters = {**FILTERS, **OWN_FILTERS}
        self.tests = dict(TESTS)
        self.globals = {
            "range": short_range,
            "zip": zip,
            "dict": dict,
            "namespace": Namespace,
            "cycler": Cycler,
            "joiner": Joiner,
        }
        self._callable = tuple(self.globals.values())

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        raise SecurityError(f"reaches for '{attribute}' of a {type(obj).__name__}, which a template may not")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        assert isinstance(context, RowContext)
        meter = context.meter
        meter.charge(TURN)
        _OPERATORS[operator](meter, left, right)
        made = self.binop_table[operator](left, right)
        weigh(made, meter)
        return made

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        assert isinstance(__context, RowContext)
        meter = __context.meter
        meter.charge(TURN)
        owner, bound = __self._allowed(__obj)
        args = tuple([list(counted(each, meter)) if isinstance(each, Iterator) else each for each in args])
        options = {name: value for name, value in kwargs.items() if name not in _JINJAS_OWN} if kwargs else kwargs
        for each in (*args, *options.values()):
            measure(each, meter)
        if owner is not None:
            _charge_owner(meter, owner, __obj.__name__)
        if bound is not None:
            bound(meter, owner, *args, **options)
        made = super().call(__context, __obj, *args, **kwargs)
        weigh(made, meter)
        return made

    def _allowed(self, obj: Any) -> tuple[Any, MaybeBound]:
        """The value whose method this call is, with its bound; raises `SecurityError` for what may not be called."""
        if type(obj) is types.BuiltinMethodType:
            methods = _METHODS.get(type(obj.__self__))
            if methods is not None and obj.__name__ in methods:
                return obj.__self__, methods[obj.__name__]
        if isinstance(obj, (Macro, LoopContext, Joiner, Undefined)) or any(obj is each for each in self._callable):
            return None, None
        inner = getattr(obj, "__wrapped__", obj)  # the sandbox wraps str.format
        owner = getattr(inner, "__self__", None)
        if isinstance(owner, (LoopContext, Cycler)):
            return None, None
        name = getattr(inner, "__name__", type(obj).__name__)
        if inner is not obj and isinstance(owner, str) and name in ("format", "format_map"):
            return owner, bounds.braces
        raise SecurityError(f"calls '{name}' of a {type(owner).__name__}, which a template may not")


def _charge_owner(meter: Meter, owner: Any, method: str) -> None:
    """Looking through text, and moving or comparing the elements of a list, takes work by its length."""
    if isinstance(owner, list) and method in _WALKS:
        measure(owner, meter)
    elif hasattr(owner, "__len__"):
        meter.charge(len(owner) // 8)


class ChangingSandbox(Sandbox):
    """The environment of templates that change lists and dictionaries: their own, and copies of the row's."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if attr in CHANGING:
            return type(obj) in (list, dict)
        return SandboxedEnvironment.is_safe_attribute(self, obj, attr, value)


@cache
def sandbox(kind: type[Sandbox], strict: bool) -> Sandbox:
    """The one environment of a kind; environments hold no state of a template or a row.

    Strict: reading what is not there is a mistake, as in our own templates; PromptSource's write nothing for it.
    """
    return kind(StrictUndefined if strict else Undefined)
