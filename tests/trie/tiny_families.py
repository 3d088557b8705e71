"""Tiny random models of the families that read tries."""

from __future__ import annotations

from typing import Any

import torch
import transformers

VOCABULARY = 64
WIDTH = {"hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 2, "intermediate_size": 48}
LLAMA = {**WIDTH, "num_key_value_heads": 2, "max_position_embeddings": 128}
SLIDING = {"sliding_window": 6}
BOTH = {**SLIDING, "layer_types": ["sliding_attention", "full_attention"], "head_dim": 8}
EXPERTS = {"num_experts_per_tok": 2, "num_local_experts": 4}
GPT2_DROPOUT = {"attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0}
FAMILIES: dict[str, dict[str, Any]] = {
    "Llama": LLAMA,
    "Qwen2": LLAMA,
    "Qwen3": {**LLAMA, "head_dim": 8},
    "Phi3": LLAMA,
    "Olmo2": LLAMA,
    "GPT2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128, **GPT2_DROPOUT},
    "GPTNeoX": {**WIDTH, "max_position_embeddings": 128},
    "OPT": {**WIDTH, "ffn_dim": 48, "max_position_embeddings": 128, "word_embed_proj_dim": 32},
    "Falcon": {**WIDTH, "alibi": False},
    "SmolLM3": {**LLAMA, "no_rope_layers": [1, 0]},
    "Mixtral": {**LLAMA, **EXPERTS},
    "Granite": {**LLAMA, "attention_multiplier": 0.3},
    "Mistral": {**LLAMA, **SLIDING},
    "Gemma3Text": {**LLAMA, **BOTH},
    "Cohere2": {**LLAMA, **BOTH},
    "Olmo3": {**LLAMA, **SLIDING, "layer_types": ["sliding_attention", "full_attention"]},
    "Gemma2": {**LLAMA, **BOTH},
    "GptOss": {**LLAMA, **BOTH, **EXPERTS},
}
CLASSES = {"GPT2": "GPT2LMHeadModel", "Gemma3Text": "Gemma3ForCausalLM"}


def tiny_family(name: str, **changes: Any) -> Any:
    """A float32 model of two layers in evaluation mode; matrices are drawn so large that attention is uneven."""
    settings = {**FAMILIES.get(name, {}), "vocab_size": VOCABULARY, **changes}
    tokens = {"pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0}
    config = getattr(transformers, f"{name}Config")(**settings, **tokens)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = getattr(transformers, CLASSES.get(name, f"{name}ForCausalLM"))(config).eval()
        for parameter in module.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=parameter.shape[-1] ** -0.5)
    return module
