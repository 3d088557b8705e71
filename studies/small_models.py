"""Small decoders trained from their beginning, as base models for studies over model size (flan_scale).

    .venv/bin/python studies/small_models.py OUT [--sizes 2M 8M 25M] [--tokens 20000000] [--without nli]

Each is a Llama with the same vocabulary, which is trained here too (byte-level BPE), on the same texts in the same
order: every text column of the rows in the chosen catalogs, without the clusters named by `--without`, so that a study
that holds these out asks for what no weight has met. No template and no label column is shown. Afterwards
`UNSEEN_MODELS=OUT` lets recipes and studies name them (`model: small-8M`). Killed, it goes on from its last checkpoint.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from unseen import load_catalog, open_rows
from unseen.train.machine import has_bfloat16

# width, layers, heads; names are the parameters without the embedding, roughly
SIZES = {"2M": (192, 4, 3), "8M": (320, 6, 5), "25M": (512, 8, 8), "60M": (704, 10, 11)}
VOCABULARY, WINDOW, BATCH = 8192, 256, 32
END = "<|end|>"
LEARNING_RATE, WARM, CHECKPOINT_EVERY, TOLD_EVERY = 1e-3, 100, 200, 50


def main() -> None:
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    texts = sorted(set(texts_of(options.catalogs, set(options.without))), key=shuffled)
    print(f"{len(texts):,} texts, {sum(map(len, texts)) / 1e6:.1f} million characters", flush=True)
    tokenizer = _tokenizer(texts, options.out / "tokenizer")
    ids = _ids(texts, tokenizer)
    print(f"{len(ids):,} tokens; each model reads {options.tokens:,}", flush=True)
    for size in options.sizes:
        _train(size, ids, tokenizer, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["2M", "8M", "25M"])
    parser.add_argument("--tokens", type=int, default=20_000_000, help="tokens that each model reads")
    parser.add_argument("--catalogs", nargs="+", default=["shipped", "data"])
    parser.add_argument("--without", nargs="+", default=["nli"], help="clusters whose rows are not read")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def texts_of(catalogs: list[str], without: set[str]) -> Iterator[str]:
    """Every text of a line or more in the rows; a row's texts stand together."""
    for dataset in load_catalog(catalogs).datasets:
        if dataset.cluster not in without:
            for split in dataset.splits:
                for row in open_rows(dataset, split):
                    label = dataset.labels.column if dataset.labels else ""
                    text = "\n".join(_leaves({name: value for name, value in row.values.items() if name != label}))
                    if len(text) > 20:
                        yield text


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each)


def shuffled(text: str) -> bytes:
    """An order that depends on the texts alone."""
    return hashlib.sha256(text.encode()).digest()


def _tokenizer(texts: list[str], folder: Path) -> PreTrainedTokenizerFast:
    if (folder / "tokenizer.json").is_file():
        return PreTrainedTokenizerFast.from_pretrained(folder)
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=[END], initial_alphabet=alphabet)
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token=END, pad_token=END)
    tokenizer.save_pretrained(folder)
    return tokenizer


def _ids(texts: list[str], tokenizer: PreTrainedTokenizerFast) -> NDArray[np.uint16]:
    """All texts as one stream, each followed by the end token."""
    end = tokenizer.eos_token_id
    parts = [np.array([*ids, end], dtype=np.uint16) for ids in tokenizer(texts)["input_ids"]]
    return np.concatenate(parts)


def _train(size: str, ids: NDArray[np.uint16], tokenizer: PreTrainedTokenizerFast, options: argparse.Namespace) -> None:
    folder, state = options.out / f"small-{size}", options.out / f"small-{size}.pt"
    if (folder / "model.safetensors").is_file():
        print(f"{size}: there already", flush=True)
        return
    torch.manual_seed(options.seed)
    model = LlamaForCausalLM(_config(size, tokenizer))
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    steps, done = options.tokens // (WINDOW * BATCH), 0
    if state.is_file():
        kept = torch.load(state, weights_only=True)
        model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        done = kept["done"]
    began, losses = time.perf_counter(), []
    for step in range(done, steps):
        for group in optimizer.param_groups:
            group["lr"] = rate_of(step, steps)
        losses.append(_step(model, optimizer, _batch(ids, step, options.seed)))
        if (step + 1) % TOLD_EVERY == 0:
            rate = (step + 1 - done) * WINDOW * BATCH / (time.perf_counter() - began)
            loss = np.mean(losses[-TOLD_EVERY:])
            print(f"{size}: step {step + 1} of {steps}, loss {loss:.3f}, {rate:,.0f} tokens/s", flush=True)
        if (step + 1) % CHECKPOINT_EVERY == 0:
            _keep({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "done": step + 1}, state)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "unseen.json").write_text(json.dumps({"instruction_tuned_on": "none"}))
    state.unlink(missing_ok=True)


def _config(size: str, tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    width, layers, heads = SIZES[size]
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def rate_of(step: int, steps: int) -> float:
    """Linear warm-up over a tenth of the steps, `WARM` at most, then a cosine to a tenth."""
    warm = min(WARM, steps // 10)
    if step < warm:
        return LEARNING_RATE * (step + 1) / warm
    share = (step - warm) / max(1, steps - warm)
    return LEARNING_RATE * (0.1 + 0.45 * (1 + float(np.cos(np.pi * share))))


def _batch(ids: NDArray[np.uint16], step: int, seed: int) -> torch.Tensor:
    """Windows at random places, which depend on seed and step alone: every size reads the same."""
    places = np.random.default_rng([seed, step]).integers(len(ids) - WINDOW - 1, size=BATCH)
    return torch.from_numpy(np.stack([ids[place : place + WINDOW + 1] for place in places]).astype(np.int64))


def _step(model: LlamaForCausalLM, optimizer: torch.optim.Optimizer, batch: torch.Tensor) -> float:
    with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16(torch.device("cpu"))):
        logits = model(batch[:, :-1]).logits
    loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), batch[:, 1:].flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return float(loss.detach())


def _keep(state: dict[str, Any], path: Path) -> None:
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


if __name__ == "__main__":
    main()
