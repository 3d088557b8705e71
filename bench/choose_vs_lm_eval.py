"""Seconds to choose among five options: every distinct token once, against lm-evaluation-harness.

    .venv/bin/python bench/choose_vs_lm_eval.py [--cases zero fixed drawn] [--json]
    .venv/bin/python bench/choose_vs_lm_eval.py --rows FILE --json

Cases: 200 questions without exemplars, behind five fixed ones, and behind five drawn for each (five_options.py).
`--rows` is a file of JSON lines with `prompt`, `options` and `label`, exemplars already in the prompt. White space at
the end of a prompt is scored with the options, as lm-evaluation-harness does it (see parted.py).

Both sides run in processes of their own, one after the other, in the same `--dtype`, with the same threads; a repeat is
timed from text to scores. lm-evaluation-harness gets its best batch size, which is tried on some rows of each case; one
that fails, for memory say, is left out. It lives in an environment of its own, which the first run makes (`--peer-env`,
two minutes and 1.8 GB). With `--with-plugin` it also runs with our model class.
For a quick try: `--count 10 --repeats 1 --try-rows 2 --batch-sizes 4`.

On a GPU (`--device cuda`) batch sizes up to 512 are tried, on 200 rows, all systems run once before they are timed, and
the vLLM backend with prefix caching runs too, in a further environment. None of this has run yet: no GPU was at hand.

`tokens` counts those of every prompt with every option, `nodes` the distinct ones that are read. `ratio` is the peer's
median seconds over the system's, `cpu_ratio` the same of processor time, `max_difference` the largest difference of a
score, in nats, `same_choices` of how many rows the peer chooses the same.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from encoded_rows import model_folder, read_rows
from five_options import CASES, Row
from parted import parted
from peer_environment import peer_python
from steps import Worker, fastest_setting, median_cpu, median_seconds, one_by_one
from table import table

from unseen.data.places import cache
from unseen.encode.tokenizer import load_tokenizer
from unseen.encode.trie import trie_of
from unseen.model.folder import resolve

PEER, VLLM = "lm-eval==0.4.13", "vllm==0.33.0"
WITH_MODELS = "lm-eval[hf]==0.4.13"  # alone it comes without transformers
COUNT = 200  # rows of a case
BATCH_SIZES = {"cpu": (1, 4, 16, 64), "cuda": (16, 64, 128, 256, 512)}  # tried on the peer
TRY_ROWS = {"cpu": 20, "cuda": 200}  # of five options: more than the largest batch
WARM = {"cpu": 0, "cuda": 1}  # repeats: kernels are compiled in the first
NEEDED = ("peft", "gguf", "pydantic", "pyarrow", "sentencepiece")  # what our model class needs beside it


@dataclass(frozen=True)
class Job:
    """`asked`: the rows. `setting` is the system's own: `batch_tokens` of ours; `class` and `batch` of the peer."""

    model: str
    asked: list[Row]
    device: str
    threads: int
    dtype: str = "float32"
    setting: dict[str, Any] = field(default_factory=dict)


def main() -> None:
    options = _options()
    python = peer_python(options.peer_env, [WITH_MODELS, *(NEEDED if options.with_plugin else ())])
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as work:
        model = str(model_folder(options.model, Path(work) / "model"))
        for name, rows in _cases(options).items():
            job = Job(model, rows, options.device, options.threads, options.dtype)
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
    parser.add_argument("--batch-sizes", type=int, nargs="+", help="tried on the peer: 1 to 64, on a GPU 16 to 512")
    parser.add_argument("--try-rows", type=int, help="rows that they are tried on: 20, on a GPU 200")
    parser.add_argument("--batch-tokens", type=int, default=4096, help="our budget, as in a recipe")
    parser.add_argument("--with-plugin", action="store_true", help="also the peer with our model class")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="of all systems")
    parser.add_argument("--peer-env", type=Path, default=cache() / "bench" / PEER)
    parser.add_argument("--vllm-env", type=Path, default=cache() / "bench" / VLLM)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _cases(options: argparse.Namespace) -> dict[str, list[Row]]:
    if options.rows:
        return {options.rows.stem: read_rows(options.rows, "prompt", "options", "label")[: options.count]}
    return {CASES[name][0]: CASES[name][1](options.count or COUNT) for name in options.cases}


def _compare(name: str, job: Job, python: Path, options: argparse.Namespace, work: Path) -> list[dict[str, Any]]:
    """A line for each system: its repeats, and how far its scores are from the peer's."""
    theirs = replace(job, setting=_best_setting(job, python, options, work))
    systems: dict[str, Worker] = {}
    shared = {"batch_tokens": options.batch_tokens}
    systems["unseen"] = Worker(sys.executable, "choose_unseen.py", replace(job, setting=shared), work)
    systems[PEER] = Worker(python, "choose_lm_eval.py", theirs, work)
    if options.with_plugin:
        plugged = replace(job, setting={"class": "unseen", **shared})
        systems[f"{PEER} with unseen"] = Worker(python, "choose_lm_eval.py", plugged, work)
    if options.device == "cuda":
        plugged = replace(job, setting={"class": "vllm"})
        systems[f"{PEER} with {VLLM}"] = Worker(_vllm_python(options.vllm_env), "choose_lm_eval.py", plugged, work)
    else:
        print(f"{name}: no GPU is used, so the peer's vLLM backend is left out", file=sys.stderr)
    warm = WARM[options.device]
    done = one_by_one(list(systems.values()), warm, options.repeats)
    taken = {system: repeats[warm:] for system, repeats in zip(systems, done, strict=True)}
    tokens, nodes = _counts(job)
    return [
        {
            "case": name,
            "system": system,
            "seconds": [each["seconds"] for each in repeats],
            "cpu_seconds": [each["cpu_seconds"] for each in repeats],
            "tokens": tokens,
            "nodes": nodes,
            "peak_mb": repeats[-1]["peak_mb"],
            "ratio": median_seconds(taken[PEER]) / median_seconds(repeats),
            "cpu_ratio": median_cpu(taken[PEER]) / median_cpu(repeats),
            "max_difference": _difference(repeats, taken[PEER]),
            "same_choices": _same_choices(repeats, taken[PEER]),
            "rows": len(job.asked),
            "right": _right(job.asked, repeats),
            "batch_size": theirs.setting["batch"],
            "dtype": job.dtype,
        }
        for system, repeats in taken.items()
    ]


def _best_setting(job: Job, python: Path, options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """The peer's own class with the fastest batch size on the first rows."""
    sizes = options.batch_sizes or BATCH_SIZES[options.device]
    some = replace(job, asked=job.asked[: options.try_rows or TRY_ROWS[options.device]])
    jobs = [replace(some, setting={"class": "hf", "batch": size}) for size in sizes]
    print(f"{PEER}, {len(some.asked)} rows:", file=sys.stderr)
    return fastest_setting([Worker(python, "choose_lm_eval.py", each, work) for each in jobs], WARM[options.device])


def _vllm_python(folder: Path) -> Path:
    """An environment with the peer and vLLM, which brings the torch that it was built for."""
    python = folder / "bin" / "python"
    if not (folder / "ready").is_file():
        print(f"{Path(sys.argv[0]).name}: installing {PEER} and {VLLM} into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, WITH_MODELS, VLLM], check=True)
        (folder / "ready").touch()
    return python


def _counts(job: Job) -> tuple[int, int]:
    """Tokens of every prompt with every option, and distinct ones that must be read to score the options."""
    tokenizer = load_tokenizer(resolve(job.model).tokenizer)
    sequences, weights = [], []
    for row in job.asked:
        prompt, options = parted(row)
        before = len(tokenizer.split([prompt])[0].ids)
        for whole in tokenizer.split([prompt + option for option in options]):
            sequences.append(np.array(whole.ids, dtype=np.int32))
            weights.append((np.arange(len(whole.ids)) >= before).astype(np.float32))
    return sum(map(len, sequences)), len(trie_of(sequences, weights))


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
