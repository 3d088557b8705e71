"""How large the result of an operation will be, asked before the operation runs.

Each function takes the arguments of a Jinja filter, a string method or an operator and raises `LimitReached` when
the result could outgrow `SIZE_LIMIT`, or when the work could outgrow the size of the operands (a search that is
quadratic in the worst case, a power).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from unseen.prompt.limits import LimitReached, Meter, check_integer, check_size, measure

Bound = Callable[..., None]  # (meter, *arguments, **options)

_SHORT = 100  # characters of a pattern that a quadratic search may look for
_REPR = 10  # characters that repr may write for one: "\U0001f600"


def pads(meter: Meter, text: Any, width: Any = 80, *rest: Any, **options: Any) -> None:
    """center, ljust, rjust, zfill, expandtabs: up to `width` characters for each of the text's own."""
    width = options.get("width", width)
    check_size(_count(width) if _count(width) > len(str(text)) else 0)


def tabs(meter: Meter, text: Any, size: Any = 8, **options: Any) -> None:
    check_size(len(text) + text.count("\t") * _count(options.get("tabsize", size)))


def replaces(meter: Meter, text: Any, old: Any, new: Any, *rest: Any, **options: Any) -> None:
    text, old, new = str(text), str(old), str(new)
    check_size(len(text) + text.count(old) * max(0, len(new) - len(old)))


def joins(meter: Meter, items: Any, separator: Any = "", *rest: Any, **options: Any) -> None:
    separator = options.get("d", separator)
    times = len(items) if hasattr(items, "__len__") else 0
    check_size(measure(items, meter) + times * measure(separator, meter))


def join_method(meter: Meter, separator: str, items: Any) -> None:
    joins(meter, items, separator)


def indents(meter: Meter, text: Any, width: Any = 4, *rest: Any, **options: Any) -> None:
    width = options.get("width", width)
    each = len(width) if isinstance(width, str) else _count(width)
    check_size(len(text) + (text.count("\n") + 1) * each)


def groups(meter: Meter, items: Any, size: Any = 1, *rest: Any, **options: Any) -> None:
    """batch and slice: filled up to a whole number of groups."""
    check_size(_count(options.get("linecount", options.get("slices", size))))


def rounds(meter: Meter, value: Any, precision: Any = 0, *rest: Any, **options: Any) -> None:
    if _count(options.get("precision", precision)) > _SHORT:
        raise LimitReached(f"rounds to more than {_SHORT} digits")


def sums(meter: Meter, items: Any, attribute: Any = None, start: Any = 0) -> None:
    """Adding up lists copies what was added before at every turn."""
    if not isinstance(start, (int, float)):
        meter.charge((len(items) if hasattr(items, "__len__") else 1) * measure(items, meter))


def searches(meter: Meter, text: Any, pattern: Any = None, *rest: Any, **options: Any) -> None:
    """rfind, rsplit, strip and their like are quadratic in the worst case."""
    pattern = options.get("sep", options.get("chars", pattern))
    if isinstance(pattern, str) and len(pattern) > _SHORT:
        raise LimitReached(f"looks for more than {_SHORT} characters from the end")


def percent(meter: Meter, pattern: Any, *values: Any, **named: Any) -> None:
    """`"%5d" % x` and the `format` filter: width, precision and repeated fields."""
    if not isinstance(pattern, str):
        return
    if re.search(r"%(\([^)]*\))?[^a-zA-Z%]*\*", pattern):
        raise LimitReached("takes the width of a '%' field from an argument")
    size = sum(measure(value, meter) for value in (*values, *named.values()))
    _fields(pattern, pattern.count("%"), size)


def braces(meter: Meter, pattern: str, *values: Any, **named: Any) -> None:
    """`"{:>5}".format(x)`: width, precision and repeated fields."""
    if re.search(r"\{[^{}]*:[^}]*\{", pattern):
        raise LimitReached("takes the width of a '{}' field from an argument")
    size = sum(measure(value, meter) for value in (*values, *named.values()))
    _fields(pattern, pattern.count("{"), size)


def plus(meter: Meter, left: Any, right: Any) -> None:
    if isinstance(left, int):
        check_integer(max(_bits(left), _bits(right)) + 1)
    elif hasattr(left, "__len__") and hasattr(right, "__len__"):
        check_size(len(left) + len(right))


def times(meter: Meter, left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        check_integer(_bits(left) + _bits(right))
    elif hasattr(left, "__len__") and isinstance(right, int):
        check_size(len(left) * right)
    elif hasattr(right, "__len__") and isinstance(left, int):
        check_size(len(right) * left)


def power(meter: Meter, base: Any, exponent: Any) -> None:
    if isinstance(base, int) and isinstance(exponent, int):
        check_integer(_bits(base) * abs(exponent) if abs(base) > 1 else 0)


def _fields(pattern: str, fields: int, size: int) -> None:
    widest = max((_digits(run) for run in re.findall(r"\d+", pattern)), default=0)
    check_size(len(pattern) + fields * (widest + _REPR * size))


def _digits(run: str) -> int:
    return int(run) if len(run) < 10 else 10**9


def _count(value: Any) -> int:
    return abs(value) if isinstance(value, int) else 0


def _bits(value: Any) -> int:
    return value.bit_length() if isinstance(value, int) else 0
