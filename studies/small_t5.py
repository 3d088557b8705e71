"""A small T5 for studies on encoder-decoders: random, or trained from its beginning on the texts of the catalogs.

    .venv/bin/python studies/small_t5.py OUT --tokenizer FOLDER [--size 8M] [--tokens 0] [--without nli]

Leaves OUT/small-t5, or with `--tokens 0` a random OUT/small-t5-random, which `unseen tune` can train on rendered tasks
(studies/recipes/t5_from_its_beginning.yaml). `UNSEEN_MODELS=OUT` lets recipes and studies name them. FOLDER holds a
tokenizer: that of a T5, or OUT/tokenizer as small_models.py leaves it, which gets sentinels and an end token.

The objective is T5's (Raffel et al. 2020): spans of 3 tokens on average, 15 % of all tokens, each replaced by a
sentinel, are told in order. The texts are those of small_models.py: rows without templates and label columns.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from small_models import TOLD_EVERY, rate_of, shuffled, texts_of
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from unseen.train.machine import has_bfloat16

# width, layers of each stack, heads; names are the parameters without the embedding, roughly
SIZES = {"4M": (256, 4, 4), "8M": (320, 5, 5), "30M": (512, 8, 8)}
SENTINELS, WINDOW, BATCH = 32, 256, 32
NOISE, SPAN = 0.15, 3


def main() -> None:
    options = _options()
    tokenizer = _tokenizer(options.tokenizer)
    torch.manual_seed(options.seed)
    model = T5ForConditionalGeneration(_config(options.size, tokenizer))
    if options.tokens:
        _train(model, tokenizer, options)
    folder = options.out / ("small-t5" if options.tokens else "small-t5-random")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "unseen.json").write_text(json.dumps({"instruction_tuned_on": "none"}))
    print(f"{folder}: {model.num_parameters():,} parameters, {model.shared.weight.numel():,} of them the embedding")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder with a tokenizer.json")
    parser.add_argument("--size", choices=SIZES, default="8M")
    parser.add_argument("--tokens", type=int, default=0, help="tokens that it reads; 0 leaves it random")
    parser.add_argument("--catalogs", nargs="+", default=["shipped", "data"])
    parser.add_argument("--without", nargs="+", default=["nli"], help="clusters whose rows are not read")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer in `folder`, with sentinels, and with the end token behind every text, as T5's."""
    kept = {name: value for name, value in _named(folder).items() if isinstance(value, str)}
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), **kept)
    tokenizer.add_special_tokens({"additional_special_tokens": [f"<extra_id_{n}>" for n in range(SENTINELS)]})
    end = (tokenizer.eos_token, tokenizer.eos_token_id)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single=["$A", end[0]], special_tokens=[end])
    return tokenizer


def _named(folder: Path) -> dict[str, Any]:
    about = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    return {name: about.get(name) for name in ("eos_token", "pad_token", "unk_token")}


def _config(size: str, tokenizer: PreTrainedTokenizerFast) -> T5Config:
    width, layers, heads = SIZES[size]
    return T5Config(
        vocab_size=len(tokenizer), d_model=width, d_ff=2 * width, d_kv=width // heads, num_layers=layers,
        num_heads=heads, feed_forward_proj="gated-gelu", dropout_rate=0.0, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id, decoder_start_token_id=tokenizer.pad_token_id,
    )  # fmt: skip


def _train(model: T5ForConditionalGeneration, tokenizer: PreTrainedTokenizerFast, options: argparse.Namespace) -> None:
    texts = sorted(set(texts_of(options.catalogs, set(options.without))), key=shuffled)
    ids = np.concatenate([np.array(each, dtype=np.int32) for each in tokenizer(texts)["input_ids"]])
    steps = options.tokens // (WINDOW * BATCH)
    print(f"{len(texts):,} texts, {len(ids):,} tokens; {steps:,} steps", flush=True)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    sentinels = tokenizer.convert_tokens_to_ids([f"<extra_id_{n}>" for n in range(SENTINELS)])
    began, losses = time.perf_counter(), []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate_of(step, steps)
        draw = np.random.default_rng([options.seed, step])
        starts = draw.integers(len(ids) - WINDOW, size=BATCH)
        pairs = [corrupted(ids[start : start + WINDOW], sentinels, tokenizer.eos_token_id, draw) for start in starts]
        losses.append(_step(model, optimizer, pairs))
        if (step + 1) % TOLD_EVERY == 0:
            rate = (step + 1) * WINDOW * BATCH / (time.perf_counter() - began)
            print(
                f"step {step + 1} of {steps}, loss {np.mean(losses[-TOLD_EVERY:]):.3f}, {rate:,.0f} tokens/s",
                flush=True,
            )


def corrupted(
    ids: NDArray[np.int32], sentinels: list[int], end: int, draw: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Source and target of a window: its spans' tokens replaced by a sentinel each, and told behind it."""
    count = max(1, round(len(ids) * NOISE / SPAN))
    # Of as many gaps as tokens are left over, so many begin a span: spans of SPAN tokens never touch.
    gaps = np.sort(draw.choice(len(ids) - count * SPAN, size=count, replace=False))
    source: list[int] = []
    target: list[int] = []
    done = 0
    for number, start in enumerate((gaps + np.arange(count) * SPAN).tolist()):
        source += [*ids[done:start].tolist(), sentinels[number]]
        target += [sentinels[number], *ids[start : start + SPAN].tolist()]
        done = start + SPAN
    return [*source, *ids[done:].tolist(), end], [*target, end]


def _step(model: T5ForConditionalGeneration, optimizer: torch.optim.Optimizer, pairs: Any) -> float:
    sources, targets = (torch.tensor(list(each)) for each in zip(*pairs, strict=True))  # all of one length
    with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16(torch.device("cpu"))):
        logits = model(input_ids=sources, labels=targets).logits
    loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return float(loss.detach())


if __name__ == "__main__":
    main()
