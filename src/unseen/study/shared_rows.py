"""Blocks of answers cut down to the rows that all of them hold, so that a difference is of the same questions.

Arms under one seed are asked the same rows, but for those that one of them leaves out: a question that is too long with
a longer instruction, a rendering that is empty without some words, a row that is unclean beside other seen tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from unseen.evaluation.blocks import Block

Mask = NDArray[np.bool_]


def on_shared_rows(blocks: Sequence[Block]) -> tuple[list[Block], Mask]:
    """The blocks, which are over the same list of rows, where all of them were asked: the rows that all hold, and of a
    template that all have, the rows that it was asked of in each. And which rows only some of them hold [rows]."""
    held = np.stack([block.present.any(axis=1) for block in blocks])
    shared: Mask = np.asarray(held.all(axis=0))
    partly: Mask = np.asarray(held.any(axis=0)) & ~shared
    common = [name for name in blocks[0].templates if all(name in block.templates for block in blocks)]
    columns = {
        name: np.logical_and.reduce([block.present[:, block.templates.index(name)] for block in blocks])
        for name in common
    }
    return [_kept(block, shared, columns) for block in blocks], partly


def _kept(block: Block, rows: Mask, columns: Mapping[str, Mask]) -> Block:
    present = block.present & rows[:, None]
    for place, name in enumerate(block.templates):
        if name in columns:
            present[:, place] &= columns[name]
    return replace(block, statistics=block.statistics * present[..., None], present=present)
