"""The table that a benchmark prints without `--json`: a line for each system of each case."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]


def table(results: Sequence[Row], *more: str) -> str:
    """Seconds are medians; `sharing` is tokens over nodes; `more` are further keys to show."""
    rows = [[_cells(each)[name] for name in HEAD] + [_shown(each[name]) for name in more] for each in results]
    lines = [[*HEAD, *more], *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    return "\n".join("  ".join(_aligned(line, widths)) for line in lines)


HEAD = (
    "case",
    "system",
    "seconds",
    "cpu s",
    "tokens",
    "nodes",
    "sharing",
    "ms/node",
    "MB",
    "times",
    "cpu times",
    "difference",
)
WORDS = 2  # the first columns are words, the others numbers


def _cells(each: Row) -> dict[str, str]:
    seconds = statistics.median(each["seconds"])
    return {
        "case": each["case"],
        "system": each["system"],
        "seconds": f"{seconds:.2f}",
        "cpu s": f"{statistics.median(each['cpu_seconds']):.2f}",
        "tokens": f"{each['tokens']:,}",
        "nodes": f"{each['nodes']:,}",
        "sharing": f"{each['tokens'] / each['nodes']:.2f}",
        "ms/node": f"{1000 * seconds / each['nodes']:.3f}",
        "MB": f"{each['peak_mb']:,}",
        "times": "" if each["ratio"] is None else f"{each['ratio']:.2f}",
        "cpu times": "" if each["cpu_ratio"] is None else f"{each['cpu_ratio']:.2f}",
        "difference": "" if each["max_difference"] is None else f"{each['max_difference']:.1e}",
    }


def _shown(value: Any) -> str:
    """Nothing where nothing is known; a number in few digits."""
    if value is None:
        return ""
    return f"{value:.2g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _aligned(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    cells = zip(line, widths, strict=True)
    return [cell.ljust(width) if place < WORDS else cell.rjust(width) for place, (cell, width) in enumerate(cells)]
