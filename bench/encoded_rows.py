"""Prompts and completions as token ids and labels, the same for every system, and models to run them through."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from unseen.encode.encode import encode_many
from unseen.encode.format import Format
from unseen.encode.tokenizer import load_tokenizer
from unseen.model.folder import resolve
from unseen.model.quiet import quiet_transformers
from unseen.prompt.example import Example, Segment

# A name: hidden size, layers, heads, inner size. `135M` has SmolLM2-135M's shape.
SHAPES = {
    "tiny": (64, 2, 4, 128),
    "30M": (320, 12, 5, 960),
    "135M": (576, 30, 9, 1536),
    "360M": (960, 32, 15, 2560),
    "1B": (2048, 16, 32, 8192),
}


def write_rows(pairs: Sequence[dict[str, str]], model: Path, file: Path, max_tokens: int = 1024) -> int:
    """JSON lines of `input_ids` and `labels`; how many tokens they hold in all."""
    segments = ((Segment("user", each["prompt"]), Segment("assistant", each["completion"], 1.0)) for each in pairs)
    examples = [Example("bench/rows", "given", "train", number, each) for number, each in enumerate(segments)]
    tokens = 0
    with file.open("w") as out:
        for each in encode_many(examples, load_tokenizer(model), Format("plain"), max_tokens):
            ids = each.ids.tolist()
            labels = [i if weight else -100 for i, weight in zip(ids, each.weights, strict=True)]
            out.write(json.dumps({"input_ids": ids, "labels": labels}) + "\n")
            tokens += len(ids)
    return tokens


def model_folder(name: str, folder: Path) -> Path:
    """The model of that name, or a random Llama of one of `SHAPES` with the embedded model's tokenizer, in `folder`."""
    if name not in SHAPES:
        return resolve(name).path
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = resolve("smollm2-135m-instruct").tokenizer
    hidden, layers, heads, inner = SHAPES[name]
    config = LlamaConfig(
        vocab_size=load_tokenizer(tokenizer).vocabulary,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads // 3 if heads % 3 == 0 else heads // 4,
        intermediate_size=inner,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    with quiet_transformers():
        LlamaForCausalLM(config).save_pretrained(folder)
    for part in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(tokenizer / part, folder / part)
    return folder
