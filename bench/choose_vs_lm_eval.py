"""Seconds to choose among five options: every distinct token once, against lm-evaluation-harness.

    .venv/bin/python bench/choose_vs_lm_eval.py [--cases zero fixed drawn] [--json]
    .venv/bin/python bench/choose_vs_lm_eval.py --rows FILE --json

Cases: 200 questions without exemplars, behind five fixed ones, and behind five drawn for each (five_options.py).
`--rows` is a file of JSON lines with `prompt`, `options` and `label`, exemplars already in the prompt.

Both sides run in processes of their own, one after the other, in float32, with the same threads; a repeat is timed from
text to scores. lm-evaluation-harness gets its best batch size, which is tried on some rows of each case. It lives in an
environment of its own, which the first run makes (`--peer-env`, two minutes and 1.8 GB). With `--with-plugin` it also
runs with our model class. On a GPU its vLLM backend with prefix caching runs too, in a further environment.
For a quick try: `--count 10 --repeats 1 --try-rows 2 --batch-sizes 4`.

`tokens` counts those of every prompt with every option, `nodes` the distinct ones that are read. `ratio` is the
peer's median seconds over the system's, `max_difference` the largest difference of a score, in nats, `same_choices`
of how many rows the peer chooses the same.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from encoded_rows import model_folder
from five_options import CASES, Row
from peer_environment import peer_python
from steps import Worker, one_by_one
from table import table

from unseen.data.places import cache
from unseen.encode.tokenizer import load_tokenizer
from unseen.encode.trie import trie_of
from unseen.model.folder import resolve

PEER, VLLM = "lm-eval==0.4.13", "vllm==0.33.0"
COUNT = 200  # rows of a case
NEEDED = ("peft", "gguf", "pydantic", "pyarrow", "sentencepiece")  # what our model class needs beside it


@dataclass(frozen=True)
class Job:
    """`asked`: the rows. `setting` is the system's own: `batch_tokens` of ours; `class` and `batch` of the peer."""

    model: str
    asked: list[Row]
    device: str
    threads: int
    setting: dict[str, Any] = field(default_factory=dict)


def main() -> None:
    options = _options()
    python = peer_python(options.peer_env, [PEER, *(NEEDED if options.with_plugin else ())])
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as work:
        model = str(model_folder(options.model, Path(work) / "model"))
        for name, rows in _cases(options).items():
            job = Job(model, rows, options.device, options.threads)
            results += _compare(name, job, python, options, Path(work))
            print(table(results[-1:]), file=sys.stderr)
    print(json.dumps(results, indent=1) if options.json else table(results, "same_choices", "rows"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--rows", type=Path, help="JSON lines with prompt, options and label")
    parser.add_argument("--count", type=int, help="at most so many rows: 200 of each case, all of a file when absent")
    parser.add_argument("--repeats", type=int, default=3, help="timed repeats of each side")
    parser.add_argument("--model", default="smollm2-135m-instruct", help="a model, or a size of encoded_rows.py")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 4, 16, 64], help="tried on the peer")
    parser.add_argument("--try-rows", type=int, default=20, help="rows that batch sizes are tried on")
    parser.add_argument("--batch-tokens", type=int, default=4096, help="our budget, as in a recipe")
    parser.add_argument("--with-plugin", action="store_true", help="also the peer with our model class")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--peer-env", type=Path, default=cache() / "bench" / PEER)
    parser.add_argument("--vllm-env", type=Path, default=cache() / "bench" / VLLM)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _cases(options: argparse.Namespace) -> dict[str, list[Row]]:
    if options.rows:
        lines = options.rows.read_text("utf-8").splitlines()
        return {options.rows.stem: [json.loads(line) for line in lines if line.strip()][: options.count]}
    return {CASES[name][0]: CASES[name][1](options.count or COUNT) for name in options.cases}


def _compare(name: str, job: Job, python: Path, options: argparse.Namespace, work: Path) -> list[dict[str, Any]]:
    """A line for each system: its repeats, and how far its scores are from the peer's."""
    batch = _best_batch(job, python, options, work)
    systems: dict[str, Worker] = {}
    shared = {"batch_tokens": options.batch_tokens}
    systems["unseen"] = Worker(sys.executable, "choose_unseen.py", replace(job, setting=shared), work)
    theirs = replace(job, setting={"class": "hf", "batch": batch})
    systems[PEER] = Worker(python, "choose_lm_eval.py", theirs, work)
    if options.with_plugin:
        plugged = replace(job, setting={"class": "unseen", **shared})
        systems[f"{PEER} with unseen"] = Worker(python, "choose_lm_eval.py", plugged, work)
    if options.device == "cuda":
        plugged = replace(job, setting={"class": "vllm"})
        systems[f"{PEER} with {VLLM}"] = Worker(_vllm_python(options.vllm_env), "choose_lm_eval.py", plugged, work)
    else:
        print(f"{name}: no GPU is used, so the peer's vLLM backend is left out", file=sys.stderr)
    taken = dict(zip(systems, one_by_one(list(systems.values()), 0, options.repeats), strict=True))
    tokens, nodes = _counts(job)
    return [
        {
            "case": name,
            "system": system,
            "seconds": [each["seconds"] for each in repeats],
            "tokens": tokens,
            "nodes": nodes,
            "peak_mb": repeats[-1]["peak_mb"],
            "ratio": _median(taken[PEER]) / _median(repeats),
            "max_difference": _difference(repeats, taken[PEER]),
            "same_choices": _same_choices(repeats, taken[PEER]),
            "rows": len(job.asked),
            "right": _right(job.asked, repeats),
            "batch_size": batch,
        }
        for system, repeats in taken.items()
    ]


def _best_batch(job: Job, python: Path, options: argparse.Namespace, work: Path) -> int:
    """The peer's fastest batch size on the first rows, each tried in a process of its own."""
    found = []
    for batch in options.batch_sizes:
        some = replace(job, asked=job.asked[: options.try_rows], setting={"class": "hf", "batch": batch})
        [[tried]] = one_by_one([Worker(python, "choose_lm_eval.py", some, work)], 0, 1)
        found.append((tried["seconds"], batch))
        print(f"{PEER}, batch size {batch}: {tried['seconds']:.2f} s for {len(some.asked)} rows", file=sys.stderr)
    return min(found)[1]


def _vllm_python(folder: Path) -> Path:
    """An environment with the peer and vLLM, which brings the torch that it was built for."""
    python = folder / "bin" / "python"
    if not (folder / "ready").is_file():
        print(f"{Path(sys.argv[0]).name}: installing {PEER} and {VLLM} into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, PEER, VLLM], check=True)
        (folder / "ready").touch()
    return python


def _counts(job: Job) -> tuple[int, int]:
    """Tokens of every prompt with every option, and distinct ones that must be read to score the options."""
    tokenizer = load_tokenizer(resolve(job.model).tokenizer)
    sequences, weights = [], []
    for row in job.asked:
        before = len(tokenizer.split([row["prompt"].rstrip()])[0].ids)
        separator = "" if row["prompt"][-1:].isspace() else " "
        for whole in tokenizer.split([row["prompt"] + separator + option for option in row["options"]]):
            sequences.append(np.array(whole.ids, dtype=np.int32))
            weights.append((np.arange(len(whole.ids)) >= before).astype(np.float32))
    return sum(map(len, sequences)), len(trie_of(sequences, weights))


def _median(repeats: Sequence[dict[str, Any]]) -> float:
    return statistics.median(each["seconds"] for each in repeats)


def _difference(ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]]) -> float:
    pairs = zip(ours, theirs, strict=True)
    return max(float(np.abs(_flat(one) - _flat(other)).max()) for one, other in pairs)


def _flat(repeat: dict[str, Any]) -> Any:
    return np.array([score for scores in repeat["scores"] for score in scores])


def _chosen(repeat: dict[str, Any]) -> list[int]:
    return [int(np.argmax(scores)) for scores in repeat["scores"]]


def _same_choices(ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]]) -> int:
    """In the repeat in which the fewest are the same."""
    pairs = zip(ours, theirs, strict=True)
    return min(sum(a == b for a, b in zip(_chosen(one), _chosen(other), strict=True)) for one, other in pairs)


def _right(rows: Sequence[Row], repeats: Sequence[dict[str, Any]]) -> int:
    return sum(choice == row["label"] for choice, row in zip(_chosen(repeats[0]), rows, strict=True))


if __name__ == "__main__":
    main()
