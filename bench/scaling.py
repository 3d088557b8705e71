"""What an optimizer step costs as a trie: against rows per task, rows per step and model size, beside its nodes.

    .venv/bin/python bench/scaling.py [--over task step size] [--no-plain] [--json]
    .venv/bin/python bench/scaling.py --rows FILE [--over step size] [--json]

Rows are short ones of many tasks (see instruction_rows.py): `--step-rows` of them with 1, 4, 16 and 64 of a task drawn
together; 16 to 1,024 of them with one of a task drawn at a time; and `--step-rows` of them, 16 of a task, through
random Llamas of three sizes. `--rows` is a file of JSON lines with `prompt` and `completion`: its first 16 to 1,024
rows (all, where it has fewer), and its first `--step-rows` through the three sizes. It does not say which rows are of
one task, so `group` is null and nothing runs over rows per task.

Each step also runs as padded rows: `ratio` is their seconds over the trie's (`cpu_ratio` of processor time),
`max_difference` the largest relative difference of the loss over the timed steps. `--no-plain` leaves them out, and
both are null then. For a quick try: `--model tiny --step-rows 8 --most 16 --sizes tiny`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from encoded_rows import model_folder, read_rows, write_rows
from instruction_rows import grouped
from steps import Job, Worker, measured, one_by_one
from table import table

GROUPS, COUNTS = (1, 4, 16, 64), (16, 64, 256, 1024)
SYSTEMS = {"trie": "unseen", "plain": "unseen, plain rows"}
WARM = 1  # steps


@dataclass(frozen=True)
class Point:
    """The rows of a step through a model; `group` of them are of one task, None where nobody knows."""

    case: str
    model: str
    rows: Sequence[dict[str, str]]
    group: int | None


def main() -> None:
    options = _options()
    results = []
    with tempfile.TemporaryDirectory() as work:
        for point in _given(options) if options.rows else _made(options):
            results += _measured(point, options, Path(work))
            print(f"{point.case}: done", file=sys.stderr)
    print(json.dumps(results, indent=1) if options.json else table(results, "first_difference", "group"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--over", nargs="+", choices=("task", "step", "size"), help="all that the rows allow")
    parser.add_argument("--rows", type=Path, help="JSON lines with prompt and completion")
    parser.add_argument("--model", default="smollm2-135m-instruct", help="a model, or a size of encoded_rows.py")
    parser.add_argument("--sizes", nargs="+", default=["30M", "135M", "360M"])
    parser.add_argument("--step-rows", type=int, default=64)
    parser.add_argument("--most", type=int, default=1024, help="rows of the largest step")
    parser.add_argument("--method", choices=("full", "lora"), default="full")
    parser.add_argument("--precision", choices=("bfloat16", "float32"), default="bfloat16")
    parser.add_argument("--batch-tokens", type=int, default=4096)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--no-plain", action="store_true", help="tries alone, compared with nothing")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.rows and "task" in (options.over or ()):
        parser.error("a file of rows does not say which are of one task: --over step size")
    options.over = options.over or ["task", "step", "size"]
    return options


def _made(options: argparse.Namespace) -> Iterator[Point]:
    rows = options.step_rows
    for group in GROUPS if "task" in options.over else ():
        if group <= rows:
            yield Point(f"{group} of a task, {rows} a step", options.model, grouped(rows, group), group)
    for count in COUNTS if "step" in options.over else ():
        if count <= options.most:
            yield Point(f"{count} a step, 1 of a task", options.model, grouped(count, 1), 1)
    group = min(16, rows)
    for size in options.sizes if "size" in options.over else ():
        yield Point(f"{size}, {group} of a task, {rows} a step", size, grouped(rows, group), group)


def _given(options: argparse.Namespace) -> Iterator[Point]:
    rows = read_rows(options.rows, "prompt", "completion")
    counts = {min(count, len(rows)) for count in COUNTS if count <= options.most}
    for count in sorted(counts) if "step" in options.over else ():
        yield Point(f"{count} a step", options.model, rows[:count], None)
    some = rows[: options.step_rows]
    for size in options.sizes if "size" in options.over else ():
        yield Point(f"{size}, {len(some)} a step", size, some, None)


def _measured(point: Point, options: argparse.Namespace, work: Path) -> list[dict[str, Any]]:
    """A line for the step as tries and, where it is compared, one for it as padded rows."""
    folder, file = model_folder(point.model, work / f"model-{point.model}"), work / "rows.jsonl"
    write_rows(point.rows, folder, file)
    job = Job(str(file), str(folder), options.method, options.precision, threads=options.threads)
    ways = ["trie"] if options.no_plain else ["trie", "plain"]
    settings = [{"batches": way, "batch_tokens": options.batch_tokens} for way in ways]
    workers = [Worker(sys.executable, "steps_unseen.py", replace(job, setting=setting), work) for setting in settings]
    taken = dict(zip(ways, one_by_one(workers, WARM, options.repeat), strict=True))
    plain = taken.get("plain")
    return [measured(point.case, SYSTEMS[way], steps, WARM, point.group, plain) for way, steps in taken.items()]


if __name__ == "__main__":
    main()
