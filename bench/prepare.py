"""Rows tokenised and batched per second, against TRL's SFTTrainer preparation; and our memory as rows grow.

    .venv/bin/python bench/prepare.py [--rows FILE] [--count 10000] [--memory 10000 100000 1000000] [--json]

Both sides get the same prompts and completions and the same model's tokenizer, and are timed from rows in memory to the
last padded batch, over one epoch of 32 rows a step. Processor time is told beside it, since it depends less on what
else the machine does. TRL lives in an environment of its own, which the first run makes
(`--peer-env`, a minute and 1.7 GB). `--rows` is a file of JSON lines with `prompt` and `completion`; without it the
rows are the shipped tasks, rendered.

The memory runs render, encode and store as a stream, each in a process of its own: their peak should not grow.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from peer_environment import peer_python

from unseen.data.places import cache
from unseen.data.rows import open_rows
from unseen.encode.batch import pad, plan_batches
from unseen.encode.encode import encode_many
from unseen.encode.format import Format, Kind
from unseen.encode.store import EncodedStore
from unseen.encode.tokenizer import Tokenizer, load_tokenizer
from unseen.model.folder import resolve
from unseen.prompt.example import Example, Segment
from unseen.task.catalog import load_catalog
from unseen.task.render import render

STEP, BATCH_TOKENS, MAX_TOKENS = 32, 4096, 1024
PEER = "trl==1.16.0"
HERE = Path(__file__).parent
FORMATS: tuple[Kind, ...] = ("chat", "plain")
Pair = dict[str, str]


def main() -> None:
    options = _options()
    if options.memory_of:
        print(json.dumps(_stream(options.memory_of, options.rows, options.model)))
        return
    results: dict[str, Any] = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "speed": [], "memory": []}
    if options.count:
        results["speed"] = _speeds(options)
    for count in options.memory:
        results["memory"].append(_in_own_process(count, options))
    print(json.dumps(results, indent=2) if options.json else _table(results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, help="JSON lines with prompt and completion")
    parser.add_argument("--count", type=int, default=10_000, help="rows to time; 0 for none")
    parser.add_argument("--memory", type=int, nargs="*", default=[], help="numbers of rows whose peak memory is taken")
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--peer-env", type=Path, default=cache() / "bench" / PEER)
    parser.add_argument("--processes", type=int, nargs="*", default=[1, os.cpu_count() or 1], help="TRL's workers")
    parser.add_argument("--repeat", type=int, default=3, help="times that each side is timed; the fastest counts")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def shipped_pairs() -> list[Pair]:
    """Every shipped task's train rows through every template, as prompt and completion, in a fixed shuffled order."""
    tasks = load_catalog(["shipped"]).tasks.values()
    chosen = [task for task in tasks if not task.name.endswith(":generate")]
    examples = (each for task in chosen for each in render(task, open_rows(task.dataset, "train")))
    pairs = [{"prompt": each.prompt, "completion": each.completion} for each in examples]
    random.Random(0).shuffle(pairs)
    return pairs


def _pairs(file: Path | None, count: int) -> Iterator[Pair]:
    """`count` rows; where the source holds fewer it is gone through again, each row made unlike by its number."""
    found = shipped_pairs() if file is None else [json.loads(line) for line in file.open(encoding="utf-8")]
    for number, pair in enumerate(islice(cycle(found), count)):
        again = f"{number // len(found)}. " if number >= len(found) else ""
        yield {"prompt": again + pair["prompt"], "completion": pair["completion"]}


def _example(number: int, pair: Pair) -> Example:
    segments = (Segment("user", pair["prompt"]), Segment("assistant", pair["completion"], 1.0))
    return Example("bench/rows", "given", "train", number, segments)


def _speeds(options: argparse.Namespace) -> list[dict[str, Any]]:
    pairs = list(_pairs(options.rows, options.count))
    folder = resolve(options.model).path
    tokenizer = load_tokenizer(folder)
    python = peer_python(options.peer_env, [PEER])
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as work:
        rows_file = Path(work) / "rows.jsonl"
        rows_file.write_text("".join(json.dumps(pair) + "\n" for pair in pairs), encoding="utf-8")
        for format in FORMATS:
            kind = Format(format)
            ours = _fastest(options.repeat, partial(_ours, pairs, tokenizer, kind, Path(work)))
            found.append({"who": "unseen", "format": format, "processes": 1, **ours})
            for processes in dict.fromkeys(options.processes):
                theirs = _fastest(options.repeat, partial(_theirs, python, rows_file, folder, format, processes))
                found.append({"who": PEER, "format": format, "processes": processes, **theirs})
    for each in found:
        each["rows_per_second"] = round(len(pairs) / each["seconds"], 1)
        each["cpu_microseconds_per_row"] = round(each["cpu"] / len(pairs) * 1e6, 1)
    return found


def _fastest(times: int, run: Callable[[], dict[str, float]]) -> dict[str, float]:
    return min((run() for _ in range(times)), key=lambda result: result["seconds"])


def _ours(pairs: Iterable[Pair], tokenizer: Tokenizer, format: Format, work: Path) -> dict[str, float]:
    """Seconds from rows in memory to the last padded batch, through the store on disk as a run does it."""
    started, cpu = time.perf_counter(), time.process_time()
    examples = (_example(number, pair) for number, pair in enumerate(pairs))
    store = EncodedStore.write(work / "store", encode_many(examples, tokenizer, format, MAX_TOKENS))
    tokens = 0
    for start in range(0, len(store), STEP):
        step = store[start : start + STEP]
        for batch in plan_batches([len(each.ids) for each in step], BATCH_TOKENS):
            tokens += int(pad([step[index] for index in batch]).mask.sum())
    return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu, "tokens": tokens}


def _theirs(python: Path, rows_file: Path, folder: Path, format: str, processes: int) -> dict[str, float]:
    arguments = [str(rows_file), str(folder), format, str(STEP), str(MAX_TOKENS), str(processes)]
    quiet = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    command = [str(python), str(HERE / "prepare_trl.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=quiet, check=False)
    if done.returncode:
        sys.exit(f"bench/prepare.py: TRL's side failed:\n{done.stderr[-3000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _in_own_process(count: int, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--memory-of", str(count), "--model", options.model]
    command += ["--rows", str(options.rows)] if options.rows else []
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _stream(count: int, rows: Path | None, model: str) -> dict[str, Any]:
    """Encode and store `count` rows as a stream, and say what the process held at most."""
    tokenizer = load_tokenizer(resolve(model).path)
    examples = (_example(number, pair) for number, pair in enumerate(_pairs(rows, count)))
    with tempfile.TemporaryDirectory(dir=cache()) as work:
        started = time.perf_counter()
        store = EncodedStore.write(Path(work) / "store", encode_many(examples, tokenizer, Format("chat"), MAX_TOKENS))
        seconds = time.perf_counter() - started
        tokens = int(store.lengths.sum())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"rows": count, "tokens": tokens, "seconds": round(seconds, 1), "peak_mb": peak}


def _table(results: dict[str, Any]) -> str:
    lines = [results["machine"]]
    if results["speed"]:
        lines += ["", f"{'who':<12} {'format':<7} {'processes':>9} {'rows/s':>9} {'cpu us/row':>11} {'tokens':>11}"]
    for each in results["speed"]:
        numbers = f"{each['processes']:>9} {each['rows_per_second']:>9.0f} {each['cpu_microseconds_per_row']:>11.0f}"
        numbers += f" {each['tokens']:>11,}"
        lines.append(f"{each['who']:<12} {each['format']:<7} {numbers}")
    if results["memory"]:
        lines += ["", f"{'rows':>10} {'tokens':>13} {'seconds':>8} {'peak MB':>8}"]
    lines += [f"{m['rows']:>10,} {m['tokens']:>13,} {m['seconds']:>8} {m['peak_mb']:>8}" for m in results["memory"]]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
