"""The filters and tests that a template may use, each with its bound.

Jinja's own, less those that make markup, reach for attributes, or search quadratically; PromptSource's `choice`
and `most_frequent`. `choice` and `random` draw from the row's own generator (`RowState.random`), so that a row
renders the same whenever and wherever it is rendered.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, cast

from jinja2 import filters as jinja
from jinja2 import pass_context
from jinja2.runtime import Context
from jinja2.tests import TESTS as JINJA_TESTS

from unseen.prompt import bounds
from unseen.prompt.limits import TURN, Meter, counted, measure, weigh

Filter = Callable[..., Any]  # (context, value, *arguments, **options)


class RowState:
    """What the sources of one template share while they render one row: the meter and the row's own generator.

    Both are made when first asked for: either takes as long as much of a plain rendering.
    """

    __slots__ = ("_meter", "_random", "_seed", "value")

    def __init__(self, seed: tuple[str, ...] = ()) -> None:
        self._seed = seed
        self._meter: Meter | None = None
        self._random: Random | None = None
        self.value: Any = None  # what a source of one value gave

    @property
    def meter(self) -> Meter:
        if self._meter is None:
            self._meter = Meter()
        return self._meter

    @property
    def random(self) -> Random:
        if self._random is None:
            self._random = Random("|".join(self._seed))
        return self._random


class RowContext(Context):
    """Jinja's context of one rendering, with the row's state and the mark of the expression just written."""

    state: RowState
    meter: Meter
    mark: int = -1


def choice(context: RowContext, items: Any) -> Any:
    """PromptSource's `choice`, with the row's generator in place of the global one."""
    return context.state.random.choice(items)


def random(context: RowContext, items: Any) -> Any:
    """Jinja's `random`, with the row's generator; nothing of nothing."""
    if not items:
        return context.environment.undefined("there is no random item of nothing")
    return context.state.random.choice(items)


def most_frequent(context: RowContext, items: Any) -> list[Any] | None:
    """PromptSource's `most_frequent`: every item that occurs as often as the most frequent one, in order."""
    if not items:
        return None
    counts = Counter(items).most_common()
    return [item for item, count in counts if count == counts[0][1]]


def guarded(function: Filter, bound: bounds.Bound | None = None, lazy: bool = False) -> Filter:
    """A filter of `context, value, ...` that charges what it is given and what it makes.

    A lazy filter takes an iterator turn by turn; any other gets it whole, because its bound needs the length.
    """

    @pass_context
    def run(context: Context, value: Any, *arguments: Any, **options: Any) -> Any:
        assert isinstance(context, RowContext)
        meter = context.meter
        meter.charge(TURN)
        if isinstance(value, Iterator):
            value = counted(value, meter) if lazy else list(counted(value, meter))
        else:
            measure(value, meter)
        for each in arguments:
            measure(each, meter)
        if bound is not None:
            bound(meter, value, *arguments, **options)
        made = function(context, value, *arguments, **options)
        weigh(made, meter)
        return made

    return run


def plain(function: Callable[..., Any]) -> Filter:
    return lambda context, *arguments, **options: function(*arguments, **options)


def with_environment(function: Callable[..., Any]) -> Filter:
    return lambda context, *arguments, **options: function(context.environment, *arguments, **options)


def with_evaluation(function: Callable[..., Any]) -> Filter:
    return lambda context, *arguments, **options: function(context.eval_ctx, *arguments, **options)


def _tojson(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, sort_keys=True)


def _absolute(value: Any) -> Any:
    return abs(value)


def _reverse(value: Any) -> Any:
    return value[::-1] if isinstance(value, str) else reversed(value)


def _length(value: Any) -> int:
    return len(value)


FILTERS: dict[str, Filter] = {
    "abs": guarded(plain(_absolute)),
    "batch": guarded(plain(jinja.do_batch), bounds.groups),
    "capitalize": guarded(plain(jinja.do_capitalize)),
    "center": guarded(plain(jinja.do_center), bounds.pads),
    "choice": guarded(choice),
    "count": guarded(plain(_length)),
    "d": guarded(plain(jinja.do_default)),
    "default": guarded(plain(jinja.do_default)),
    "dictsort": guarded(plain(jinja.do_dictsort)),
    "first": guarded(with_environment(jinja.sync_do_first), lazy=True),
    "float": guarded(plain(jinja.do_float)),
    "format": guarded(plain(jinja.do_format), bounds.percent),
    "groupby": guarded(with_environment(jinja.sync_do_groupby)),
    "indent": guarded(plain(jinja.do_indent), bounds.indents),
    "int": guarded(plain(jinja.do_int)),
    "items": guarded(plain(jinja.do_items)),
    "join": guarded(with_evaluation(jinja.sync_do_join), bounds.joins),
    "last": guarded(with_environment(jinja.do_last)),
    "length": guarded(plain(_length)),
    "list": guarded(plain(list)),
    "lower": guarded(plain(jinja.do_lower)),
    "map": guarded(jinja.sync_do_map, lazy=True),
    "max": guarded(with_environment(jinja.do_max)),
    "min": guarded(with_environment(jinja.do_min)),
    "most_frequent": guarded(most_frequent),
    "random": guarded(random),
    "reject": guarded(jinja.sync_do_reject, lazy=True),
    "rejectattr": guarded(jinja.sync_do_rejectattr, lazy=True),
    "replace": guarded(with_evaluation(jinja.do_replace), bounds.replaces),
    "reverse": guarded(plain(_reverse)),
    "round": guarded(plain(jinja.do_round), bounds.rounds),
    "select": guarded(jinja.sync_do_select, lazy=True),
    "selectattr": guarded(jinja.sync_do_selectattr, lazy=True),
    "slice": guarded(plain(jinja.sync_do_slice), bounds.groups),
    "sort": guarded(with_environment(jinja.do_sort)),
    "string": guarded(plain(str)),
    "sum": guarded(with_environment(jinja.sync_do_sum), bounds.sums),
    "title": guarded(plain(jinja.do_title)),
    "tojson": guarded(plain(_tojson)),
    "trim": guarded(plain(jinja.do_trim), bounds.searches),
    "truncate": guarded(with_environment(jinja.do_truncate)),
    "unique": guarded(with_environment(jinja.sync_do_unique)),
    "upper": guarded(plain(jinja.do_upper)),
    "wordcount": guarded(plain(jinja.do_wordcount)),
}

_NOT_TESTS = ("filter", "test", "callable", "escaped")
TESTS: dict[str, Filter] = {
    name: guarded(plain(cast(Callable[..., Any], function)))
    for name, function in JINJA_TESTS.items()
    if name not in _NOT_TESTS
}
