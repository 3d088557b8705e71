"""How far texts lie apart in an embedding model: a folder in the layout of sentence-transformers, mean pooling."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from unseen.errors import ModelMistake, one_line
from unseen.model.quiet import quiet_transformers

ROWS = 32
MOST_TOKENS = 512


def embedding_spread(folder: Path, texts: Sequence[str]) -> float:
    """Mean cosine distance, 0..2, of all pairs of two or more `texts`.

    The encoder is that of `folder`, or of its `0_Transformer`; a text is the mean of its tokens' last states, whatever
    pooling the folder names. Raises `ModelMistake` where there is no such encoder.
    """
    vectors = torch.nn.functional.normalize(embeddings(folder, texts).double(), dim=-1)
    count = len(vectors)
    alike = float(vectors.sum(0).square().sum()) - count  # the sum of cosines over ordered pairs of different texts
    return 1.0 - alike / (count * (count - 1))


def embeddings(folder: Path, texts: Sequence[str]) -> torch.Tensor:
    """float32 [texts, width]; texts are cut at `MOST_TOKENS` tokens, or what the model takes."""
    from transformers import AutoModel, AutoTokenizer

    inner = folder / "0_Transformer"
    place = inner if inner.is_dir() else folder
    try:
        with quiet_transformers():
            tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=True)
            model = AutoModel.from_pretrained(place, local_files_only=True).eval()
    except (OSError, ValueError, KeyError) as error:
        raise ModelMistake(
            str(folder), f"is no embedding model ({one_line(str(error))[:200]})", "name another"
        ) from None
    limit = min(MOST_TOKENS, getattr(model.config, "max_position_embeddings", MOST_TOKENS))
    parts = [_pooled(model, tokenizer, texts[start : start + ROWS], limit) for start in range(0, len(texts), ROWS)]
    return torch.cat(parts)


def _pooled(model: Any, tokenizer: Any, texts: Sequence[str], limit: int) -> torch.Tensor:
    inputs = tokenizer(list(texts), padding=True, truncation=True, max_length=limit, return_tensors="pt")
    with torch.inference_mode():
        states = model(**inputs).last_hidden_state
    mask = inputs["attention_mask"][..., None].to(states.dtype)
    pooled: torch.Tensor = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
    return pooled
