"""Tables on the terminal, or the same as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
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
    return sys.stdout.isatty()


def print_scores(folder: Path, as_json: bool) -> None:
    """The scores of a run: means over the tasks of each side, then each task's median over templates."""
    scores: list[Record] = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    if as_json:
        print(json.dumps(scores, ensure_ascii=False, indent=1))
        return
    shown = [row for row in scores if row["template"] is None]
    print_table([_score_line(row) for row in shown], as_json=False)
    print("\nscore: 0..100, median over templates; [low, high]: 95 % interval; detectable: smallest difference that so")
    print("few rows show with 80 % power. A line without task is the mean over the tasks of its side.")


def _score_line(row: Record) -> Record:
    limits = "" if row["low"] is None else f"[{row['low']:.1f}, {row['high']:.1f}]"
    kept = {name: row[name] for name in ("side", "task", "model", "shots", "metric")}
    return kept | {
        "score": f"{row['score']:.1f}",
        "95 %": limits,
        "rows": row["count"],
        "detectable": "" if row["detectable"] is None else f"{row['detectable']:.1f}",
    }


def print_score_table(table: Mapping[str, Any], as_json: bool) -> None:
    """What `unseen score` found: the whole, then each group."""
    if as_json:
        print(json.dumps(table, ensure_ascii=False, indent=1))
        return
    rows = [{"group": "all", "score": table["score"], "count": table["count"]}]
    rows += [{"group": name, **group} for name, group in table["groups"].items()]
    print(table["metric"])
    print_table(rows, as_json=False)
