"""TRL's side of bench/prepare.py, run by the Python of an environment that holds TRL: prints one JSON object.

    python bench/prepare_trl.py ROWS.jsonl MODEL_FOLDER FORMAT ROWS_PER_STEP MAX_TOKENS PROCESSES

The preparation is what `SFTTrainer` does to its rows when it is made, and its data loader afterwards. The trainer is
given a model of one tiny layer, and the time of a trainer over 64 rows is taken off, so that only rows are counted.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from typing import Any

import datasets
import torch
import transformers
from datasets import Dataset
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer  # type: ignore[import-not-found]


def main(rows_file: str, folder: str, format: str, rows_per_step: str, max_tokens: str, processes: str) -> None:
    datasets.disable_caching()
    datasets.disable_progress_bars()
    transformers.utils.logging.set_verbosity_error()
    with open(rows_file, encoding="utf-8") as file:  # noqa: PTH123
        rows = [_row(json.loads(line), format) for line in file]
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    settings: dict[str, Any] = {"per_device_train_batch_size": int(rows_per_step), "max_length": int(max_tokens)}
    settings |= {"dataset_num_proc": int(processes) if int(processes) > 1 else None}
    few = _seconds(rows[:64], tokenizer, settings)
    all_rows = _seconds(rows, tokenizer, settings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    spent = {name: all_rows[name] - few[name] for name in ("seconds", "cpu")}
    print(json.dumps({**spent, "tokens": all_rows["tokens"], "peak_mb": peak}))


def _row(row: dict[str, str], format: str) -> dict[str, Any]:
    if format == "plain":
        return {"prompt": row["prompt"] + "\n", "completion": row["completion"]}
    return {
        "prompt": [{"role": "user", "content": row["prompt"]}],
        "completion": [{"role": "assistant", "content": row["completion"]}],
    }


def _seconds(rows: list[dict[str, Any]], tokenizer: Any, settings: dict[str, Any]) -> dict[str, float]:
    """Seconds from rows in memory to the last padded batch, and the tokens of those batches."""
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1
    )
    model = LlamaForCausalLM(config)
    dataset = Dataset.from_list(rows)
    with tempfile.TemporaryDirectory() as out:
        options = SFTConfig(output_dir=out, use_cpu=True, bf16=False, report_to="none", disable_tqdm=True, **settings)
        started, cpu = time.perf_counter(), _cpu()
        trainer = SFTTrainer(model, args=options, train_dataset=dataset, processing_class=tokenizer)
        tokens = 0
        for batch in trainer.get_train_dataloader():
            tokens += int((batch["attention_mask"] if "attention_mask" in batch else torch.ones(1)).sum())
        return {"seconds": time.perf_counter() - started, "cpu": _cpu() - cpu, "tokens": tokens}


def _cpu() -> float:
    """Processor seconds of this process and of its workers that have ended."""
    return sum(
        each.ru_utime + each.ru_stime
        for each in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
