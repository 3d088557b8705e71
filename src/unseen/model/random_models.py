"""Tiny random models for trying things out: a study at its smallest size runs through in seconds, without a download.

They answer nothing right. Their tokenizer is a byte-level BPE over the words of the shipped rows, so that a prompt has
about as many tokens as it has with a real model.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unseen.data.places import cache, shipped_catalog
from unseen.model.quiet import quiet_transformers
from unseen.phases import Phase, Phases, untold

CREATION = 1  # counted up when what is made changes
VOCABULARY, CONTEXT, END = 2000, 4096, "<|end|>"
WIDTH, LAYERS, HEADS = 32, 2, 4
ALIASES = ("tiny-random-llama", "tiny-random-t5")


def made_folder(alias: str) -> Path | None:
    """The folder of `alias`, where it was made before."""
    folder = cache() / "models" / f"{alias}-{CREATION}"
    return folder if (folder / "model.safetensors").is_file() else None


def random_folder(alias: str, phases: Phases = untold) -> Path:
    """The folder of the random model `alias`, one of `ALIASES`, made now or before."""
    folder = cache() / "models" / f"{alias}-{CREATION}"
    if made_folder(alias) is None:
        phases(Phase("making random weights"))
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=folder.parent) as place:
            made = Path(place) / alias
            _make(alias, made)
            shutil.rmtree(folder, ignore_errors=True)
            made.replace(folder)
    return folder


def _make(alias: str, folder: Path) -> None:
    import torch
    from transformers import LlamaForCausalLM, T5ForConditionalGeneration

    tokenizer = _tokenizer()
    kind = T5ForConditionalGeneration if alias.endswith("t5") else LlamaForCausalLM
    with quiet_transformers(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        kind(_config(alias, tokenizer.get_vocab_size(), tokenizer.token_to_id(END))).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {"eos_token": END, "pad_token": END, "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(named))


def _config(alias: str, vocabulary: int, end: int) -> Any:
    from transformers import LlamaConfig, T5Config

    tokens = {"vocab_size": vocabulary, "eos_token_id": end, "pad_token_id": end}
    if alias.endswith("t5"):
        sizes = {"d_model": WIDTH, "d_ff": 2 * WIDTH, "d_kv": WIDTH // HEADS, "num_layers": LAYERS, "num_heads": HEADS}
        return T5Config(**sizes, **tokens, decoder_start_token_id=end)
    return LlamaConfig(
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS // 2,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=None,
        **tokens,
    )


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    return tokenizer


def _texts() -> Iterator[str]:
    for file in sorted((shipped_catalog() / "rows").rglob("*.jsonl")):
        yield file.read_text("utf-8")
