"""Tiny random models of real architectures, saved as users' folders are, with a tokenizer of one token a byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

WORDS = sorted(pre_tokenizers.ByteLevel.alphabet())
END = len(WORDS)
FAMILIES: dict[str, dict[str, Any]] = {
    "Llama": {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 128,
    },
    "GPT2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64},
    "T5": {"d_model": 32, "d_ff": 48, "d_kv": 8, "num_layers": 2, "num_heads": 4, "decoder_start_token_id": 0},
}
CLASSES = {"Llama": "LlamaForCausalLM", "GPT2": "GPT2LMHeadModel", "T5": "T5ForConditionalGeneration"}


def tiny_module(family: str = "Llama", seed: int = 0) -> Any:
    import torch
    import transformers

    config = getattr(transformers, f"{family}Config")(
        **FAMILIES[family], vocab_size=END + 1, eos_token_id=END, bos_token_id=END, pad_token_id=END
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = getattr(transformers, CLASSES[family])(config).eval()
        for parameter in module.parameters():
            parameter.data.mul_(3.0)
    return module


def save_tokenizer(folder: Path) -> None:
    tokenizer = Tokenizer(models.BPE({letter: number for number, letter in enumerate(WORDS)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<end>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<end>"}), encoding="utf-8")


def save_tiny(folder: Path, family: str = "Llama", seed: int = 0, **options: Any) -> Path:
    tiny_module(family, seed).save_pretrained(folder, **options)
    save_tokenizer(folder)
    return folder


def logits(module: Any) -> Any:
    import torch

    ids = torch.arange(40, 60)[None]
    inputs = {"input_ids": ids}
    if module.config.is_encoder_decoder:
        inputs["decoder_input_ids"] = ids[:, :7]
    with torch.no_grad():
        return module(**inputs).logits


def save_gguf(path: Path, seed: int = 0) -> Path:
    """A tiny Llama as a GGUF file, its matrices in 8-bit blocks, its pre-tokenizer SmolLM's."""
    from gguf import GGMLQuantizationType, GGUFWriter
    from gguf.quants import quantize

    size, heads, layers, inner = 64, 2, 2, 96
    draw = np.random.default_rng(seed)
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(128)
    writer.add_embedding_length(size)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(END + 2)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list([*WORDS, "ab", "<end>"])
    writer.add_token_types([1] * (END + 1) + [3])
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(END + 1)
    writer.add_bos_token_id(END + 1)
    shapes = {"token_embd": (END + 2, size), "output_norm": (size,)}
    for layer in range(layers):
        block = f"blk.{layer}"
        shapes |= {f"{block}.{name}": (size, size) for name in ("attn_q", "attn_k", "attn_v", "attn_output")}
        shapes |= {f"{block}.ffn_gate": (inner, size), f"{block}.ffn_up": (inner, size)}
        shapes |= {f"{block}.ffn_down": (size, inner), f"{block}.attn_norm": (size,), f"{block}.ffn_norm": (size,)}
    for name, shape in shapes.items():
        values = draw.normal(size=shape).astype(np.float32)
        if len(shape) == 1:
            writer.add_tensor(f"{name}.weight", values)
        else:
            kind = GGMLQuantizationType.Q8_0
            writer.add_tensor(f"{name}.weight", quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
