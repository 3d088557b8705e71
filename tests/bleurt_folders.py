"""A tiny random BLEURT: RemBERT with one label, and a SentencePiece model of a few pieces."""

from __future__ import annotations

from pathlib import Path

PIECES = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "▁",
    "▁the",
    "▁ship",
    "▁house",
    "s",
    "e",
    "a",
    "h",
    "t",
    "o",
    "u",
]
SPECIAL = {"[UNK]": 2, "[PAD]": 3, "[CLS]": 3, "[SEP]": 3, "[MASK]": 3}  # types of pieces; 1 is a normal one


def spm_bytes() -> bytes:
    """A SentencePiece model, written by the schema that transformers carries."""
    from transformers.utils import sentencepiece_model_pb2_new as schema

    model = schema.ModelProto()
    for number, text in enumerate(PIECES):
        model.pieces.add(piece=text, score=-float(number), type=SPECIAL.get(text, 1))
    model.trainer_spec.model_type = 1
    model.normalizer_spec.name = "identity"
    return bytes(model.SerializeToString())


def save_bleurt(folder: Path) -> Path:
    """`folder` with a random RemBERT with one label, as transformers saves it, and its tokenizer.json."""
    import torch
    from transformers import RemBertConfig, RemBertForSequenceClassification

    from unseen.model.sentencepiece_file import unigram_tokenizer

    torch.manual_seed(0)
    config = RemBertConfig(
        vocab_size=len(PIECES),
        input_embedding_size=8,
        output_embedding_size=8,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        initializer_range=0.5,
        num_labels=1,
    )
    RemBertForSequenceClassification(config).save_pretrained(folder)
    (folder / "spm.model").write_bytes(spm_bytes())
    unigram_tokenizer(folder / "spm.model").save(str(folder / "tokenizer.json"))
    (folder / "spm.model").unlink()
    return folder
