"""Folders of tiny random encoder-decoders with tokenizers of their families' kinds, as a user has them."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

WORDS = ["yes", "no", "maybe", "good", "bad", "mixed", "the", "film", "note", "statement"]
T5 = {"d_model": 32, "d_ff": 48, "d_kv": 8, "num_layers": 2, "num_heads": 4}
BART = {
    "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
    "decoder_attention_heads": 4, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "max_position_embeddings": 512,
    "forced_eos_token_id": None,
}  # fmt: skip
SIZES: dict[str, dict[str, Any]] = {
    "t5": T5,
    "flan": {**T5, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},  # T5 1.1 and Flan-T5
    "mt5": {**T5, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
    "umt5": T5,
    "bart": BART,
    "pegasus": BART,
    "mbart": BART,
    "switch": {**T5, "num_experts": 4, "num_sparse_encoder_layers": 1, "num_sparse_decoder_layers": 1},
}
CLASSES = {
    "t5": "T5", "flan": "T5", "mt5": "MT5", "umt5": "UMT5", "bart": "Bart", "pegasus": "Pegasus", "mbart": "MBart",
    "switch": "SwitchTransformers",
}  # fmt: skip
BYTES = ("bart",)  # families whose tokenizer is one of bytes; the others' is one of pieces
PADDING = 11  # rows of the embedding that no token has, as T5's has 28


def save_encoder_decoder(folder: Path, family: str, seed: int = 0) -> Path:
    """A random model of `family` with its tokenizer, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = save_tokenizer(folder, family)
    random_model(family, vocabulary + PADDING, seed).save_pretrained(folder)
    return folder


def random_model(family: str, vocabulary: int, seed: int = 0) -> Any:
    """In evaluation mode; its weights are so large that options differ and attention is not nearly even."""
    import torch
    import transformers

    tokens = {"vocab_size": vocabulary, "pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}
    if family in BYTES:
        tokens = {**tokens, "bos_token_id": 2, "pad_token_id": 0, "decoder_start_token_id": 1}
    name = CLASSES[family]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = getattr(transformers, f"{name}Config")(**SIZES[family], **tokens)
        module = getattr(transformers, f"{name}ForConditionalGeneration")(config).eval()
        with torch.no_grad():
            for each in module.parameters():
                if each.dim() > 1:
                    each.normal_(0.0, 1.5 * each.shape[-1] ** -0.5)
    return module


def save_tokenizer(folder: Path, family: str) -> int:
    """The tokenizer's files; how many ids it has."""
    tokenizer = byte_tokenizer() if family in BYTES else piece_tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    if family in BYTES:
        named = {"eos_token": "</s>", "pad_token": "<pad>", "bos_token": "<s>", "cls_token": "<s>", "sep_token": "</s>"}
    about = {**named, "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(about), encoding="utf-8")
    return int(tokenizer.get_vocab_size())


def piece_tokenizer() -> Tokenizer:
    """T5's kind: pieces with their spaces, a text ends with `</s>`, line breaks are spaces."""
    letters = [(letter, -6.0) for letter in string.ascii_letters + string.digits + string.punctuation]
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), ("▁", -4.0), *letters]
    words = [(f"▁{word}", -5.0) for word in WORDS]
    tokenizer = Tokenizer(models.Unigram([*pieces, *words], unk_id=2, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]
    )
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>", "<extra_id_0>"])
    end = ("</s>", tokenizer.token_to_id("</s>"))
    tokenizer.post_processor = processors.TemplateProcessing(single=["$A", "</s>"], special_tokens=[end])
    return tokenizer


def byte_tokenizer() -> Tokenizer:
    """BART's kind: bytes, a text stands between `<s>` and `</s>`."""
    names = ["<pad>", "</s>", "<s>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({name: number for number, name in enumerate(names)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<pad>", "</s>", "<s>"])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 2), add_prefix_space=False)
    return tokenizer
