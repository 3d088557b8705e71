"""TRL's side of the benchmarks of tuning, run by a Python that has TRL: SFTTrainer's own steps. See steps.py.

Its seconds run from the first forward pass of a step to after the optimizer; collating is left out. Rows come to it
sorted by length, so that padding is least. `setting`: `batch` rows a micro-batch, or `packing` into so many tokens;
`attention` is transformers' name of one, its own choice where absent; `tries` gives it the collator and the loss of
ours, with `batch` rows a batch. On a GPU nothing of this has run yet.
"""

from __future__ import annotations

import tempfile
from typing import Any

import datasets
import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, TrainerCallback
from trl import SFTConfig, SFTTrainer, pack_dataset  # type: ignore[import-not-found]
from worker import Stopwatch, answer, answers, job, lora, rows, wait_for_step


class Turns(TrainerCallback):  # type: ignore[misc]
    """Lets a step begin when it is asked for, and answers with its time and loss."""

    def __init__(self, device: str, counts: dict[str, int]) -> None:
        self.out, self.device, self.counts = answers(), device, counts
        self.watch, self.spent = Stopwatch(device), dict[str, float]()

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if not wait_for_step():
            raise SystemExit
        self.watch = Stopwatch(self.device)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.spent = self.watch.read()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
        if "loss" in logs:
            answer(self.out, self.device, loss=float(logs["loss"]), **self.spent, **self.counts)


def main(job: dict[str, Any]) -> None:
    datasets.disable_progress_bars()
    datasets.disable_caching()
    torch.set_num_threads(job["threads"])
    setting, found = job["setting"], sorted(rows(job), key=lambda row: len(row["input_ids"]))
    tokenizer = PreTrainedTokenizerFast.from_pretrained(job["model"])
    attention = {"attn_implementation": setting.get("attention")}
    model = AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32, **attention)
    model = lora(model, job["rank"]) if job["method"] == "lora" else model
    dataset = Dataset.from_list(found)
    batches, options = _batches(dataset, setting)
    tokens = sum(len(row["input_ids"]) for row in found)
    trainer_class, collator = _with_tries(model) if setting.get("tries") else (SFTTrainer, None)
    nodes = int(collator(found)["input_ids"].numel()) if collator else tokens
    turns = Turns(job["device"], {"tokens": tokens, "nodes": nodes})
    with tempfile.TemporaryDirectory() as folder:
        config = SFTConfig(
            output_dir=folder,
            use_cpu=job["device"] == "cpu",
            bf16=job["precision"] == "bfloat16",
            gradient_checkpointing=False,
            gradient_accumulation_steps=batches,
            max_steps=job["steps"],
            optim="adamw_torch_fused",
            learning_rate=job["learning_rate"],
            lr_scheduler_type="constant",
            weight_decay=0.0,
            max_grad_norm=1.0,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            train_sampling_strategy="sequential",
            **options,
        )
        trainer = trainer_class(
            model,
            config,
            train_dataset=dataset,
            processing_class=tokenizer,
            data_collator=collator,
            callbacks=[turns],
        )
        trainer.train()


def _batches(dataset: Dataset, setting: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Micro-batches a step, and the settings that make them."""
    if "packing" in setting:
        longest = max(map(len, dataset["input_ids"]))
        length = max(setting["packing"], longest)
        packs = len(pack_dataset(dataset, length, "bfd"))
        return packs, {"packing": True, "max_length": length, "per_device_train_batch_size": 1}
    size = min(setting["batch"], len(dataset))
    return -(-len(dataset) // size), {"max_length": None, "per_device_train_batch_size": size}


def _with_tries(model: Any) -> tuple[Any, Any]:
    from unseen.train.trl import TrieCollator, TrieLoss

    return type("Trainer", (TrieLoss, SFTTrainer), {}), TrieCollator(model)


if __name__ == "__main__":
    main(job())
