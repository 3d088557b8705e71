"""Texts as points: their embeddings, or counts of hashed words, on the two directions in which they differ most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from unseen.task.words import words_of

SLOTS = 512  # of the hashed counts
EMBEDDINGS = "embeddings.npy"

Floats = NDArray[np.float64]


def placed(vectors: Floats) -> Floats:
    """[texts, 2], each direction from 0 to 1: the first two principal components. Texts that are all alike lie in the
    middle."""
    centred = vectors - vectors.mean(axis=0, keepdims=True)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    found = np.full((len(vectors), 2), 0.5)
    for axis in range(min(2, len(sizes))):
        along = centred @ directions[axis]
        low, high = along.min(), along.max()
        if high - low > 1e-9:
            found[:, axis] = (along - low) / (high - low)
    return found


def hashed(texts: Sequence[str]) -> Floats:
    """[texts, SLOTS]: words and pairs of words, hashed, their counts dampened by a root and scaled to length 1; the
    same for the same text, whatever the others are."""
    found = np.zeros((len(texts), SLOTS))
    for place, text in enumerate(texts):
        words = words_of(text)
        for gram, count in Counter([*words, *(" ".join(pair) for pair in pairwise(words))]).items():
            found[place, crc32(gram.encode()) % SLOTS] += count**0.5
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    lengths[lengths == 0] = 1.0
    scaled: Floats = found / lengths
    return scaled


def embeddings_of(folder: Path, texts: int) -> tuple[Floats | None, str]:
    """The folder's embeddings, one row a text, and what is to be said of them; None where there are none that fit."""
    path = folder / EMBEDDINGS
    if not path.is_file():
        return None, ""
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        return None, f"{EMBEDDINGS} cannot be read ({error})."
    if found.ndim != 2 or len(found) != texts or found.dtype.kind != "f":
        return None, f"{EMBEDDINGS} holds numbers of shape {found.shape}, not a row for each of {texts} texts."
    vectors = np.asarray(found, dtype=np.float64)
    return (vectors, "") if np.isfinite(vectors).all() else (None, f"{EMBEDDINGS} holds values that are not finite.")
