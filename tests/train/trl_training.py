"""Run by a Python that has TRL: trains the same tiny model in SFTTrainer, prints a JSON object of its logs."""

from __future__ import annotations

import json
import tempfile
from typing import Any

import datasets
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

from unseen.train.trl import TrieCollator, TrieLoss

ROWS = [
    {"prompt": f"Say what comes next. Number {n // 4}, word {n % 4}:", "completion": f" {n % 3}"} for n in range(16)
]


class Trainer(TrieLoss, SFTTrainer):
    pass


def byte_tokenizer() -> Any:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: number for number, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>")


def train(kind: Any, tokenizer: Any, shared: bool) -> list[dict[str, Any]]:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    model = LlamaForCausalLM(config)
    with tempfile.TemporaryDirectory() as out:
        args = SFTConfig(
            output_dir=out,
            use_cpu=True,
            bf16=False,
            report_to="none",
            disable_tqdm=True,
            per_device_train_batch_size=4,
            gradient_accumulation_steps=2,
            max_steps=4,
            logging_steps=1,
            save_strategy="no",
            learning_rate=1e-2,
        )
        more = {"data_collator": TrieCollator(model)} if shared else {}
        rows = datasets.Dataset.from_list(ROWS)
        trainer = kind(model, args=args, train_dataset=rows, processing_class=tokenizer, **more)
        trainer.train()
    return [line for line in trainer.state.log_history if "loss" in line]


if __name__ == "__main__":
    datasets.disable_progress_bars()
    given = byte_tokenizer()
    logs = {
        "trl": train(SFTTrainer, given, shared=False),
        "collator": train(SFTTrainer, given, shared=True),
        "collator and loss": train(Trainer, given, shared=True),
    }
    print(json.dumps(logs))
