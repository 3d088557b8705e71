"""Tiny random models and a tokenizer of bytes, so that the laws of asking are tested in seconds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from chat_server import Server

END = 256
SIZE = {"vocab_size": 260, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
SMALL = {**SIZE, "intermediate_size": 48, "num_key_value_heads": 2, "max_position_embeddings": 256}
FAMILIES: dict[str, dict[str, Any]] = {
    "Llama": SMALL,
    "Gemma2": {**SMALL, "head_dim": 8, "sliding_window": 6, "layer_types": ["sliding_attention", "full_attention"]},
    "Mistral": {**SMALL, "sliding_window": 5},
    "Qwen3": {**SMALL, "head_dim": 8},
    "GPT2": {"vocab_size": 260, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256},
    "GPTNeoX": {**SIZE, "intermediate_size": 48, "max_position_embeddings": 256},
    "Bloom": {"vocab_size": 260, "hidden_size": 32, "n_layer": 2, "n_head": 4},
}


def tiny(family: str = "Llama", seed: int = 0) -> Any:
    """A random model of a real architecture, in evaluation mode; weights large enough that options differ."""
    import torch
    import transformers

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    config = getattr(transformers, f"{family}Config")(**FAMILIES[family], eos_token_id=END, bos_token_id=END)
    architecture = f"{family}LMHeadModel" if family == "GPT2" else f"{family}ForCausalLM"
    module = getattr(transformers, architecture)(config).eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(4.0) if parameter.dim() > 1 else None
    return module


@pytest.fixture(scope="session")
def tiny_model() -> Callable[..., Any]:
    return tiny


@pytest.fixture(scope="session")
def families() -> list[str]:
    return list(FAMILIES)


@pytest.fixture(scope="session")
def byte_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One token a byte, and `<end>`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    from unseen.encode.tokenizer import load_tokenizer

    folder: Path = tmp_path_factory.mktemp("bytes")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: number for number, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<end>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<end>", "bos_token": "<end>"}))
    return load_tokenizer(folder)


@pytest.fixture
def language_model(byte_tokenizer: Any) -> Callable[..., Any]:
    """What `HfBackend` asks of a loaded model."""

    def model(module: Any = None, context: int = 256) -> Any:
        return SimpleNamespace(
            module=module or tiny(), tokenizer=byte_tokenizer, kind="decoder", context=context, name="tiny"
        )

    return model


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()
