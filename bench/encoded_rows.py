"""Prompts and completions as token ids and labels, the same for every system, and models to run them through."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unseen.encode.encode import encode_many
from unseen.encode.format import Format
from unseen.encode.tokenizer import load_tokenizer
from unseen.errors import DataMistake
from unseen.model.folder import resolve
from unseen.model.quiet import quiet_transformers
from unseen.prompt.example import Example, Segment

WHOLE = 1 << 30  # tokens: no row of a benchmark is cut or left out for its length

# A name: hidden size, layers, heads, inner size. `135M` has SmolLM2-135M's shape.
SHAPES = {
    "tiny": (64, 2, 4, 128),
    "30M": (320, 12, 5, 960),
    "135M": (576, 30, 9, 1536),
    "360M": (960, 32, 15, 2560),
    "1B": (2048, 16, 32, 8192),
}


def read_rows(file: Path, *names: str) -> list[dict[str, Any]]:
    """The rows of a file of JSON lines, empty lines left out. Ends the program naming the line that lacks a name,
    and where there is no row."""
    rows = []
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                rows.append(json.loads(line))
                if absent := [name for name in names if name not in rows[-1]]:
                    sys.exit(f"{file}, line {number}: has no {' and no '.join(absent)}")
    if not rows:
        sys.exit(f"{file}: has no rows")
    return rows


def write_rows(pairs: Sequence[dict[str, str]], model: Path, file: Path) -> None:
    """JSON lines of `input_ids` and `labels`: prompt and completion as they are, with nothing between them, then the
    end token. Rows are written whole, however long. Ends the program naming the row that nothing is learned from."""
    examples = (_example(number, pair) for number, pair in enumerate(pairs))
    encoded = encode_many(examples, load_tokenizer(model), Format("plain"), WHOLE)
    try:
        with file.open("w") as out:
            for each in encoded:
                ids = each.ids.tolist()
                labels = [i if weight else -100 for i, weight in zip(ids, each.weights, strict=True)]
                out.write(json.dumps({"input_ids": ids, "labels": labels}) + "\n")
    except DataMistake as mistake:
        sys.exit(str(mistake))


def _example(number: int, pair: dict[str, str]) -> Example:
    segments = (Segment("user", pair["prompt"]), Segment("assistant", pair["completion"], 1.0))
    return Example("bench/rows", "given", "train", number, segments, separator="")


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
