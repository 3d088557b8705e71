"""Tuning on a CUDA GPU: tries, padded rows, and TRL with packing and its fused loss. Says so where there is no GPU.

    .venv/bin/python bench/gpu.py [--models smollm2-135m-instruct 1B] [--rows FILE] [--json]
    .venv/bin/python bench/gpu.py --device cpu --models tiny --step-rows 8 --matrix 512      # to see that it runs

Each system does the same optimizer steps of the same rows (short ones of many tasks, `--group` of a task drawn
together), with float32 weights and products in bfloat16, one after the other. TRL runs in an environment of its own,
packs into `--packing` tokens, and reads the head with its fused kernel, which scores supervised positions alone. On a
GPU it gets the faster of two attentions, each tried for a step: flash attention, where somebody has installed it into
that environment (`--peer-env`; this script does not), and torch's.

`tokens_per_second` counts the tokens that the rows hold, whether they were computed once or often. `share_of_peak` is
the operations of what was computed (6 for each weight and position, 4 where LoRA freezes it, the head's where something
is asked; attention left out) over what a large product of matrices reaches on this device. `group` is null with
`--rows`. So far this script has run on a CPU with a tiny model only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from encoded_rows import model_folder, read_rows, write_rows
from instruction_rows import grouped
from peer_environment import peer_python
from steps import Job, Worker, fastest_setting, measured, median_seconds, one_by_one
from table import table
from transformers import AutoConfig, AutoModelForCausalLM

from unseen.data.places import cache

PEER = "trl==1.16.0"
ATTENTIONS = ("flash_attention_2", "sdpa")  # tried for TRL on CUDA
WARM = 2  # steps: FlexAttention is compiled in the first ones
SHOWN = ("group", "tokens_per_second", "share_of_peak", "first_difference", "setting")


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
    shown = f"matrix peak {peak / 1e12:.2f} Tflop/s\n\n{table(results, *SHOWN)}"
    print(json.dumps(results, indent=1) if options.json else shown)


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
    threads, steps = os.cpu_count() or 1, WARM + options.repeat
    job = Job(str(file), str(folder), options.method, device=options.device, threads=threads, steps=steps)
    python = peer_python(options.peer_env, [PEER, "peft"])
    ours = {way: {"batches": way, "batch_tokens": options.batch_tokens} for way in ("trie", "plain")}
    systems = {
        "unseen": Worker(sys.executable, "steps_unseen.py", replace(job, setting=ours["trie"]), work),
        "unseen, plain rows": Worker(sys.executable, "steps_unseen.py", replace(job, setting=ours["plain"]), work),
        PEER: Worker(python, "steps_trl.py", _packing(job, python, options, work), work),
    }
    taken = dict(zip(systems, one_by_one(list(systems.values()), WARM, options.repeat), strict=True))
    backbone, head = _weights(folder)
    asked, each_weight = _asked(file), 6 if options.method == "full" else 4
    group = None if options.rows else min(options.group, options.step_rows)
    results = []
    for system, done in taken.items():
        seconds = median_seconds(done[WARM:])
        operations = each_weight * (backbone * done[0]["nodes"] + head * asked)
        results.append(
            {
                **measured(name, system, done, WARM, group, taken[PEER]),
                "tokens_per_second": round(done[0]["tokens"] / seconds),
                "share_of_peak": operations / seconds / peak,
                "setting": systems[system].job.setting,
            }
        )
    return results


def _packing(job: Job, python: Path, options: argparse.Namespace, work: Path) -> Job:
    """TRL's job; on CUDA with the faster of the attentions that it runs with."""
    packed = {"packing": options.packing}
    if options.device != "cuda":
        return replace(job, setting=packed)
    jobs = [replace(job, setting={**packed, "attention": attention}) for attention in ATTENTIONS]
    workers = [Worker(python, "steps_trl.py", each, work) for each in jobs]
    return replace(job, setting=fastest_setting(workers, WARM))


def _pairs(options: argparse.Namespace) -> list[dict[str, str]]:
    if options.rows:
        return read_rows(options.rows, "prompt", "completion")
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


if __name__ == "__main__":
    main()
