"""Tuning on a CUDA GPU: tries, padded rows, and TRL with packing and its fused loss. Says so where there is no GPU.

    .venv/bin/python bench/gpu.py [--models smollm2-135m-instruct 1B] [--rows FILE] [--json]
    .venv/bin/python bench/gpu.py --device cpu --models tiny --step-rows 8 --matrix 512      # to see that it runs

Each system does the same optimizer steps of the same rows (short ones of many tasks, 16 of a task), with float32
weights and products in bfloat16, one after the other. TRL runs in an environment of its own, packs into `--packing`
tokens, and reads the head with its fused kernel, which scores supervised positions alone. `tokens_per_second` counts
the tokens that the rows hold, whether they were computed once or often. `share_of_peak` is the operations of what was
computed (6 for each weight and position, 4 where LoRA freezes it, the head's where something is asked; attention left
out) over what a large product of matrices reaches on this device.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from encoded_rows import model_folder, write_rows
from instruction_rows import grouped
from peer_environment import peer_python
from steps import Job, Worker, differences, one_by_one
from transformers import AutoConfig, AutoModelForCausalLM

from unseen.data.places import cache

PEER = "trl==1.16.0"


def main() -> None:
    options = _options()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("[]" if options.json else "no CUDA GPU here: nothing is measured (--device cpu tries the script itself)")
        return
    peak = matrix_peak(options.device, options.matrix)
    results = []
    with tempfile.TemporaryDirectory() as work:
        for name in options.models:
            results += _measured(name, peak, options, Path(work))
    print(json.dumps(results, indent=1) if options.json else _table(peak, results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["smollm2-135m-instruct", "1B"], help="models, or sizes")
    parser.add_argument("--rows", type=Path, help="JSON lines with prompt and completion, all of one step")
    parser.add_argument("--step-rows", type=int, default=256)
    parser.add_argument("--group", type=int, default=16, help="rows of a task that stand together")
    parser.add_argument("--method", choices=("full", "lora"), default="full")
    parser.add_argument("--batch-tokens", type=int, default=16384)
    parser.add_argument("--packing", type=int, default=16384)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--matrix", type=int, default=8192, help="size of the product that the peak is measured with")
    parser.add_argument("--peer-env", type=Path, default=cache() / "bench" / PEER)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def matrix_peak(device: str, size: int) -> float:
    """Operations a second of the fastest of ten products of square bfloat16 matrices."""
    left, right = (torch.randn(size, size, dtype=torch.bfloat16, device=device) for _ in range(2))
    fastest = float("inf")
    for _ in range(10):
        began = _now(device)
        left @ right
        fastest = min(fastest, _now(device) - began)
    return 2 * size**3 / fastest


def _now(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def _measured(name: str, peak: float, options: argparse.Namespace, work: Path) -> list[dict[str, Any]]:
    folder, file = model_folder(name, work / name), work / "rows.jsonl"
    write_rows(_pairs(options), folder, file)
    job = Job(
        str(file), str(folder), options.method, device=options.device, threads=os.cpu_count() or 1,
        steps=2 + options.repeat,
    )  # fmt: skip
    python = peer_python(options.peer_env, [PEER, "peft"])
    ours = {way: {"batches": way, "batch_tokens": options.batch_tokens} for way in ("trie", "plain")}
    systems = {
        "unseen": Worker(sys.executable, "steps_unseen.py", replace(job, setting=ours["trie"]), work),
        "unseen, plain rows": Worker(sys.executable, "steps_unseen.py", replace(job, setting=ours["plain"]), work),
        PEER: Worker(python, "steps_trl.py", replace(job, setting={"packing": options.packing}), work),
    }
    # Two steps warm up: FlexAttention is compiled in the first ones.
    taken = dict(zip(systems, one_by_one(list(systems.values()), 2, options.repeat), strict=True))
    backbone, head = _weights(folder)
    asked, each_weight = _asked(file), 6 if options.method == "full" else 4
    return [
        {
            "case": name,
            "system": system,
            "seconds": [each["seconds"] for each in steps[2:]],
            "tokens": steps[0]["tokens"],
            "nodes": steps[0]["nodes"],
            "peak_mb": steps[-1]["peak_mb"],
            "ratio": _median(taken[PEER]) / _median(steps),
            **differences(steps, taken[PEER]),
            "tokens_per_second": steps[0]["tokens"] / _median(steps),
            "share_of_peak": each_weight * (backbone * steps[0]["nodes"] + head * asked) / _median(steps) / peak,
        }
        for system, steps in taken.items()
    ]


def _pairs(options: argparse.Namespace) -> list[dict[str, str]]:
    if options.rows:
        return [json.loads(line) for line in options.rows.read_text("utf-8").splitlines() if line.strip()]
    return grouped(options.step_rows, min(options.group, options.step_rows))


def _weights(folder: Path) -> tuple[int, int]:
    """Weights that a position is multiplied with: of the layers, and of the head."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder))
    embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    layers = sum(each.numel() for each in model.parameters() if each is not embedding and each is not head)
    return layers, head.numel()


def _asked(file: Path) -> int:
    rows = [json.loads(line)["labels"] for line in file.read_text().splitlines()]
    return sum(label != -100 for labels in rows for label in labels[1:])


def _median(steps: Sequence[dict[str, Any]]) -> float:
    return statistics.median(each["seconds"] for each in steps[2:])


def _table(peak: float, results: Sequence[dict[str, Any]]) -> str:
    lines = [f"matrix peak {peak / 1e12:.2f} Tflop/s", ""]
    head = f"{'model':<24} {'system':<20} {'seconds':>8} {'tokens':>8} {'nodes':>8} {'tokens/s':>10} {'of peak':>8}"
    lines.append(f"{head} {'MB':>7} {'ratio':>6} {'difference':>10}")
    for each in results:
        numbers = f"{statistics.median(each['seconds']):>8.3f} {each['tokens']:>8,} {each['nodes']:>8,}"
        numbers += f" {each['tokens_per_second']:>10,.0f} {each['share_of_peak']:>8.1%} {each['peak_mb']:>7,}"
        numbers += f" {each['ratio']:>6.2f} {each['max_difference']:>10.1e}"
        lines.append(f"{each['case']:<24} {each['system']:<20} {numbers}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
