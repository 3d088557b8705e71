"""Tables on the terminal, or the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]


def print_table(records: Sequence[Record], as_json: bool) -> None:
    """One line a record; the keys of the first are the columns. With `as_json` the records themselves."""
    if as_json:
        print(json.dumps(list(records), ensure_ascii=False, indent=1))
        return
    if not records:
        print("nothing")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in records[0]:
        right = all(isinstance(record.get(name), int | float) for record in records)
        table.add_column(name.replace("_", " "), justify="right" if right else "left", overflow="fold")
    for record in records:
        table.add_row(*(Text(_shown(record.get(name))) for name in records[0]))
    Console(width=None if _on_terminal() else 160).print(table)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.1f}" if abs(value) >= 1 else f"{value:.3g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def _on_terminal() -> bool:
    import sys

    return sys.stdout.isatty()
