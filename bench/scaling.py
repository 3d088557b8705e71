"""What an optimizer step costs as a trie: against rows per task, rows per step and model size, beside its nodes.

    .venv/bin/python bench/scaling.py [--over task step size] [--plain] [--json]

Rows are short ones of many tasks (see instruction_rows.py): `--step-rows` of them with 1, 4, 16 and 64 of a task drawn
together; 16 to 1,024 of them with one of a task drawn at a time; and 64 of them, 16 of a task, through random Llamas
of three sizes. `--plain` also runs each step as padded rows: `ratio` is its seconds over the trie's, and
`max_difference` the relative difference of the loss. For a quick try: `--model tiny --step-rows 8 --most 16 --sizes
tiny`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from encoded_rows import model_folder, write_rows
from instruction_rows import grouped
from steps import Job, Worker, differences, one_by_one
from table import table

Point = tuple[str, str, int, int]  # case, model, rows of a step, and how many of them are of one task


def main() -> None:
    options = _options()
    results = []
    with tempfile.TemporaryDirectory() as work:
        for case, model, rows, group in _points(options):
            results += _measured(case, model, rows, group, options, Path(work))
            print(f"{case}: done", file=sys.stderr)
    print(json.dumps(results, indent=1) if options.json else table(results, "group"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--over", nargs="+", choices=("task", "step", "size"), default=["task", "step", "size"])
    parser.add_argument("--model", default="smollm2-135m-instruct", help="a model, or a size of encoded_rows.py")
    parser.add_argument("--sizes", nargs="+", default=["30M", "135M", "360M"])
    parser.add_argument("--step-rows", type=int, default=64)
    parser.add_argument("--most", type=int, default=1024, help="rows of the largest step")
    parser.add_argument("--method", choices=("full", "lora"), default="full")
    parser.add_argument("--precision", choices=("bfloat16", "float32"), default="bfloat16")
    parser.add_argument("--batch-tokens", type=int, default=4096)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--plain", action="store_true", help="padded rows too")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _points(options: argparse.Namespace) -> Iterator[Point]:
    rows = options.step_rows
    for group in (1, 4, 16, 64) if "task" in options.over else ():
        if group <= rows:
            yield f"{group} of a task, {rows} a step", options.model, rows, group
    for count in (16, 64, 256, 1024) if "step" in options.over else ():
        if count <= options.most:
            yield f"{count} a step, 1 of a task", options.model, count, 1
    for size in options.sizes if "size" in options.over else ():
        yield f"{size}, 16 of a task, {rows} a step", size, rows, min(16, rows)


def _measured(
    case: str, model: str, rows: int, group: int, options: argparse.Namespace, work: Path
) -> list[dict[str, Any]]:
    folder, file = model_folder(model, work / f"model-{model}"), work / "rows.jsonl"
    write_rows(grouped(rows, group), folder, file)
    job = Job(str(file), str(folder), options.method, options.precision, threads=options.threads)
    ways = ["trie", "plain"] if options.plain else ["trie"]
    settings = [{"batches": way, "batch_tokens": options.batch_tokens} for way in ways]
    workers = [Worker(sys.executable, "steps_unseen.py", replace(job, setting=setting), work) for setting in settings]
    taken = one_by_one(workers, 1, options.repeat)
    medians = [statistics.median(each["seconds"] for each in steps[1:]) for steps in taken]
    return [
        {
            "case": case,
            "system": "unseen" if way == "trie" else "unseen, plain rows",
            "seconds": [each["seconds"] for each in steps[1:]],
            "tokens": steps[0]["tokens"],
            "nodes": steps[0]["nodes"],
            "group": group,
            "peak_mb": steps[-1]["peak_mb"],
            "ratio": medians[-1] / seconds if options.plain else None,
            **differences(steps, taken[-1]),
        }
        for way, steps, seconds in zip(ways, taken, medians, strict=True)
    ]


if __name__ == "__main__":
    main()
