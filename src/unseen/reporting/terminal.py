"""Tables on the terminal, or the same as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from unseen.reporting.numbers import MODELS

Record = Mapping[str, Any]
MANY = 500  # records
WHOLE = 24  # characters of a cell that stay on one line, though a narrow terminal then breaks the line


def print_table(records: Sequence[Record], as_json: bool) -> None:
    """One line a record; the keys of the first are the columns. With `as_json` the records themselves."""
    if as_json:
        print(json.dumps(list(records), ensure_ascii=False, indent=1))
        return
    if not records:
        print("nothing")
        return
    if len(records) > MANY:
        print("\n".join(_lines(records)))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    console = Console(width=None if _on_terminal() else 160)
    cells = {name: [_shown(record.get(name)) for record in records] for name in records[0]}
    widths = {name: min(max(map(len, (name, *column))), WHOLE) for name, column in cells.items()}
    for name, width in widths.items():
        right = all(isinstance(record.get(name), int | float) for record in records)
        table.add_column(name.replace("_", " "), justify="right" if right else "left", overflow="fold", min_width=width)
    for line in zip(*cells.values(), strict=True):
        table.add_row(*map(Text, line))
    console.width = max(console.width, sum(widths.values()) + 2 * (len(widths) - 1))
    console.print(table)


def _lines(records: Sequence[Record]) -> Iterator[str]:
    """A long table as plain lines, however long: rich takes half a millisecond to fit and fold each."""
    cells = [[name.replace("_", " ") for name in records[0]]]
    cells += [[_shown(record.get(name)) for name in records[0]] for record in records]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


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
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    model = record["model"]
    medians = [row for row in scores if row["template"] is None and row["task"] is not None]
    lines = [_side_line(each) for each in record["summary"]["across"]]
    fewer = _fewer_shown(record["summary"]["exemplars"])
    lines += [{**_score_line(row, model["conflicts"]), **fewer(row)} for row in medians]
    if not any(line["new tasks"] for line in lines):
        lines = [{name: value for name, value in line.items() if name != "new tasks"} for line in lines]
    print_table(lines, as_json=False)
    print(f"\n{model['name']} was instruction-tuned on: {_shown(model['instruction_tuned_on'])}")
    print(
        "score: 0..100, median over templates, or its mean over the tasks of a side; new rows, new tasks: what the 95 %"
    )
    print("interval speaks of; detectable: the smallest difference that so few rows show with 80 % power.")


def _fewer_shown(exemplars: Sequence[Record]) -> Callable[[Record], Record]:
    """What stands under shots where not all exemplars fitted: their number, and the mean of those that did."""
    place = ("task", "side", "model", "shots")
    means = {tuple(each[name] for name in place): each["mean"] for each in exemplars if each["whole"] < each["prompts"]}

    def shots(row: Record) -> Record:
        mean = means.get(tuple(row[name] for name in place))
        return {} if mean is None else {"shots": f"{row['shots']} ({mean:.1f} fit)"}

    return shots


def _side_line(across: Record) -> Record:
    """The mean over the tasks of a side: one statement about new rows of these tasks, one about new tasks."""
    kept = {"side": across["side"], "task": f"all {len(across['tasks'])}"}
    rows, tasks = across["new_rows"], across["new_tasks"]
    return kept | {
        **_asked(across),
        "score": f"{rows['score']:.1f}",
        "new rows": _limits(rows),
        "new tasks": _limits(tasks) if tasks else "",
        "rows": across["count"],
        "detectable": f"{rows['detectable']:.1f}" if rows["detectable"] is not None else "",
    }


def _asked(row: Record) -> dict[str, Any]:
    """Who was asked, in the words of the report, with how many shots, and judged by what."""
    return {"model": MODELS.get(row["model"], row["model"]), **{name: row[name] for name in ("shots", "metric")}}


def _limits(interval: Record) -> str:
    return "" if interval["low"] is None else f"[{interval['low']:.1f}, {interval['high']:.1f}]"


def _score_line(row: Record, conflicts: Mapping[str, Any]) -> Record:
    """`conflicts` tells which tasks the start model was tuned on: their unseen scores say nothing and are void."""
    void = row["side"] != "seen" and isinstance(conflicts.get(row["task"] or ""), list)
    kept = {name: row[name] for name in ("side", "task")} | _asked(row)
    return kept | {
        "score": "void" if void else f"{row['score']:.1f}",
        "new rows": "" if void else _limits(row),
        "new tasks": "",
        "rows": row["count"],
        "detectable": "" if row["detectable"] is None else f"{row['detectable']:.1f}",
    }


def print_score_table(table: Mapping[str, Any], as_json: bool) -> None:
    """What `unseen score` found: the whole, then each group."""
    if as_json:
        print(json.dumps(table, ensure_ascii=False, indent=1))
        return
    print(table["metric"])
    lines = [_group_line(name, group) for name, group in [("all", table), *table["groups"].items()]]
    print_table(lines, as_json=False)
    print("\nscore: 0..100; new rows: its 95 % interval over new rows like these; detectable: the smallest difference")
    print("from other predictions, for as many other rows, that shows with 80 % power.")


def _group_line(name: str, group: Record) -> Record:
    detectable = "" if group["detectable"] is None else f"{group['detectable']:.1f}"
    said = {"group": name, "score": f"{group['score']:.1f}", "new rows": _limits(group)}
    return {**said, "rows": group["count"], "detectable": detectable}
