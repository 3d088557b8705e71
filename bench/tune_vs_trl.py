"""Seconds of an optimizer step: tries against TRL's SFTTrainer, the same rows, weights and AdamW.

    .venv/bin/python bench/tune_vs_trl.py [--cases a b c] [--precision bfloat16 float32] [--json]
    .venv/bin/python bench/tune_vs_trl.py --rows FILE --json

Cases: (a) 16 rows of one task, shaped as Natural Instructions' are; (b) 1,024 short ones of many tasks in one step at
random, timed once; (c) 32 rows that share nothing. `--rows` is a file of JSON lines with `prompt` and `completion`,
all of one step, which are used as they are: nothing is put between the two, and nothing is cut. The rows of (a) and (b)
are real ones where `$UNSEEN_DATA` has them (see instruction_rows.py).

Both sides run in processes of their own, one after the other, with float32 weights; `precision` is that of matrix
products (autocast). TRL gets its best setting: the settings in `SETTINGS` are tried on the first rows of each case,
gradient checkpointing is off, and rows come to it sorted by length. TRL lives in an environment of its own, which the
first run makes (`--peer-env`, a minute and 1.7 GB). For a quick try: `--model tiny --limit 8 --repeat 1`.

`ratio` is TRL's median seconds over ours, `cpu_ratio` the same of processor time; `max_difference` the largest relative
difference of the loss over the timed steps, `first_difference` that of the first step, the one at the same weights (see
steps.py); `nodes` counts what is computed once; `group` is how many rows of a task were drawn together, null for
`--rows`, where nobody knows.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import instruction_rows
from encoded_rows import model_folder, read_rows, write_rows
from peer_environment import peer_python
from steps import Job, Worker, fastest_setting, measured, one_by_one
from table import table

from unseen.data.places import cache

PEER = "trl==1.16.0"
CASES = {"a": ("16 rows of a task", 16), "b": ("1,024 rows of many tasks", 1024), "c": ("32 rows apart", 32)}
GROUPS = {"a": 16, "b": 1, "c": 1}  # rows of a task drawn together
SETTINGS = ({"batch": 1}, {"batch": 4}, {"batch": 8}, {"batch": 16}, {"packing": 1024}, {"packing": 2048})
SHOWN = ("first_difference", "precision", "group", "setting")


def main() -> None:
    options = _options()
    python = peer_python(options.peer_env, [PEER, "peft"])
    results = []
    with tempfile.TemporaryDirectory() as work:
        model = model_folder(options.model, Path(work) / "model")
        for name in ["rows"] if options.rows else options.cases:
            pairs = _pairs(name, options)
            for precision in options.precision[: 1 if name == "b" else None]:
                job = Job("", str(model), options.method, precision, threads=options.threads)
                results += _compare(name, pairs, job, python, options, Path(work))
    print(json.dumps(results, indent=1) if options.json else table(results, *SHOWN))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--rows", type=Path, help="JSON lines with prompt and completion, all of one step")
    parser.add_argument("--limit", type=int, help="at most so many rows a step")
    parser.add_argument("--model", default="smollm2-135m-instruct", help="a model, or a size: tiny, 30M, 135M, 360M")
    parser.add_argument("--method", choices=("full", "lora"), default="full")
    parser.add_argument(
        "--precision",
        nargs="+",
        choices=("bfloat16", "float32"),
        default=["bfloat16", "float32"],
        help="case b takes the first alone",
    )
    parser.add_argument("--repeat", type=int, default=3, help="timed steps of each side; case b has one")
    parser.add_argument("--batch-tokens", type=int, default=4096, help="our micro-batch, as in a recipe")
    parser.add_argument("--try-rows", type=int, default=16, help="rows that TRL's settings are tried on")
    parser.add_argument(
        "--setting", type=json.loads, help='TRL\'s setting, not tried: {"batch": 8} or {"packing": 1024}'
    )
    parser.add_argument("--with-tries", action="store_true", help="also TRL with our collator and loss")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--peer-env", type=Path, default=cache() / "bench" / PEER)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _pairs(name: str, options: argparse.Namespace) -> list[dict[str, str]]:
    if name == "rows":
        return read_rows(options.rows, "prompt", "completion")[: options.limit]
    make = {"a": instruction_rows.together, "b": instruction_rows.of_many_tasks, "c": instruction_rows.apart}[name]
    return make(min(CASES[name][1], options.limit or CASES[name][1]))


def _compare(
    name: str, pairs: Sequence[dict[str, str]], job: Job, python: Path, options: argparse.Namespace, work: Path
) -> list[dict[str, Any]]:
    """One line a system: their timed steps, and how far their losses are apart."""
    file = work / f"{name}.jsonl"
    write_rows(pairs, Path(job.model), file)
    warm, repeats = (0, 1) if name == "b" else (1, options.repeat)
    job = replace(job, rows=str(file), steps=warm + repeats)
    chosen = options.setting or _best_setting(job, python, options, work)
    ours = replace(job, setting={"batches": "trie", "batch_tokens": options.batch_tokens})
    systems: dict[str, tuple[str | Path, str, Job]] = {
        "unseen": (sys.executable, "steps_unseen.py", ours),
        PEER: (python, "steps_trl.py", replace(job, setting=chosen)),
    }
    if options.with_tries:
        # One batch of tries: whatever is shared in a step is shared.
        shared = replace(job, setting={"batch": len(pairs), "tries": True})
        systems[f"{PEER} with tries"] = (python, "steps_trl.py", shared)
    workers = [Worker(*each, work) for each in systems.values()]
    taken = dict(zip(systems, one_by_one(workers, warm, repeats), strict=True))
    case = f"{name}: {CASES[name][0]}" if name in CASES else name
    group = min(GROUPS[name], len(pairs)) if name in GROUPS else None
    return [
        {
            **measured(case, system, steps, warm, group, taken[PEER]),
            "precision": job.precision,
            "method": job.method,
            "setting": systems[system][2].setting,
        }
        for system, steps in taken.items()
    ]


def _best_setting(job: Job, python: Path, options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """The fastest of `SETTINGS` for a step of the first rows."""
    lines = Path(job.rows).read_text().splitlines(keepends=True)[: options.try_rows]
    file = Path(job.rows).with_suffix(".some")
    file.write_text("".join(lines))
    usable = [each for each in SETTINGS if each.get("batch", 1) <= len(lines)]
    jobs = [replace(job, rows=str(file), steps=2, setting=setting) for setting in usable]
    print(f"{PEER}, {job.precision}, a step of {len(lines)} rows:", file=sys.stderr)
    return fastest_setting([Worker(python, "steps_trl.py", each, work) for each in jobs], 1)


if __name__ == "__main__":
    main()
