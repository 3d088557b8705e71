"""What one rendering of one row may cost.

Every loop turn, call and operation of a template charges units to a `Meter`: one a character, four a list element,
a few a turn. The budget is the same on every machine, so whether a row renders does not depend on the machine's load;
processor time is a second fence behind it. No charge is made after the fact for what could be huge: operations whose
result can outgrow their operands are bounded before they run (`sandbox.py`).
"""

from __future__ import annotations

import time
from collections.abc import ItemsView, Iterable, Iterator, KeysView, ValuesView
from typing import Any

from jinja2.runtime import Undefined
from jinja2.utils import Namespace

SIZE_LIMIT = 1_000_000  # characters or elements of one value, and characters of the whole rendering
BUDGET = 20_000_000  # units of one row; about 2 s of empty loop turns on a laptop core
TURN = 4  # units of one loop turn or call
ELEMENT = 4  # units of one list element: a reference and, often, a small object behind it
SECONDS = 2.0  # processor time of one row
_LOOK_EVERY = 40_000  # units between two looks at the clock
_INT_BITS = 4096  # bits of a whole number; Python itself refuses to print more than 4,300 digits

_SCALARS = frozenset((int, float, bool, type(None)))
_TEXTS = {str}
_COLLECTIONS = (list, tuple, set, frozenset, KeysView, ValuesView, ItemsView)


class LimitReached(Exception):
    """A template went past a limit; the message says which."""


class Meter:
    """Units spent by one rendering."""

    __slots__ = ("_look", "_started", "used")

    def __init__(self) -> None:
        self.used = 0
        self._look = _LOOK_EVERY
        self._started: float | None = None

    def charge(self, units: int) -> None:
        """Spend `units`; raises `LimitReached` when the row's budget or time is used up."""
        self.used += units
        if self.used >= self._look:
            self._check()

    def _check(self) -> None:
        self._look = self.used + _LOOK_EVERY
        now = time.thread_time()
        if self._started is None:
            self._started = now
        if self.used > BUDGET or now - self._started > SECONDS:
            raise LimitReached(f"takes more work than one row may ({SECONDS:.0f} s of processor time)")


class Counted:
    """An iterable whose every turn is charged."""

    __slots__ = ("_inner", "_meter")

    def __init__(self, inner: Iterable[Any], meter: Meter) -> None:
        self._inner, self._meter = inner, meter

    def __iter__(self) -> Iterator[Any]:
        charge = self._meter.charge
        for item in self._inner:
            charge(TURN)
            yield item


class CountedSized(Counted):
    """The same where the iterable has a length: what is empty stays false, and a loop knows its last turn."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self._inner)  # type: ignore[arg-type]


def counted(inner: Iterable[Any], meter: Meter) -> Counted:
    """`inner` with every turn charged to `meter`."""
    return CountedSized(inner, meter) if hasattr(inner, "__len__") else Counted(inner, meter)


def check_size(size: int) -> None:
    """Refuse a value of more than `SIZE_LIMIT` characters or elements before it is made."""
    if size > SIZE_LIMIT:
        raise LimitReached(f"makes a value of more than {SIZE_LIMIT:,} characters or elements")


def check_integer(bits: int) -> None:
    """Refuse a whole number of more than `_INT_BITS` bits before it is made."""
    if bits > _INT_BITS:
        raise LimitReached("makes a number of more than a thousand digits")


def measure(value: Any, meter: Meter) -> int:
    """Characters and elements in `value`, shared parts counted as often as printing would write them; charged.

    Printing, comparing, hashing and sorting all walk the whole tree, which sharing can make exponentially larger
    than the memory it lies in (`[x, x]` of `[x, x]` of ...).
    """
    kind = type(value)
    if kind is str:
        size = len(value)
    elif kind in _SCALARS or isinstance(value, Undefined):
        size = 1
    elif (kind is list or kind is tuple) and set(map(type, value)) <= _TEXTS:
        size = sum(map(len, value)) + len(value) + 1
        check_size(size)
    else:
        return _measure_tree(value, meter)
    meter.charge(size)
    return size


def _measure_tree(value: Any, meter: Meter) -> int:
    total, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        size = len(each) if isinstance(each, (str, bytes)) else 1
        if isinstance(each, dict):
            waiting += each.keys()
            waiting += each.values()
            size = 2 * len(each) + 1
        elif isinstance(each, _COLLECTIONS):
            waiting += each
            size = len(each) + 1
        elif isinstance(each, Namespace):
            waiting += vars(each).values()
        total += size
        meter.charge(size)
        check_size(total)
        check_size(len(waiting))
    return total


def weigh(value: Any, meter: Meter) -> None:
    """Charge for a value that an operation has just made."""
    if isinstance(value, (str, bytes)):
        check_size(len(value))
        meter.charge(len(value))
    elif isinstance(value, (list, tuple, dict)):
        check_size(len(value))
        meter.charge(ELEMENT * len(value))
