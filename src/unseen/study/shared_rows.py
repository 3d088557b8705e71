"""Blocks of answers cut down to the questions that all of them hold, so that a difference is of the same questions.

Arms under one seed are asked the same rows, but for those that one of them leaves out: a question that is too long with
a longer instruction, a rendering that is empty without some words, a row that is unclean beside other seen tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from unseen.evaluation.blocks import Block

Mask = NDArray[np.bool_]


def on_shared_rows(blocks: Sequence[Block]) -> list[Block]:
    """The blocks, which are over one list of rows, where all of them were asked: rows that all hold, and of a template
    that all have, the rows that it was asked of in each. Other templates keep what they have of those rows."""
    common = [name for name in blocks[0].templates if all(name in block.templates for block in blocks)]
    places = [[block.templates.index(name) for name in common] for block in blocks]
    kept = [block.present.copy() for block in blocks]
    while True:  # a cell that is taken out may be the last of its row, which then goes in all blocks
        before = sum(int(each.sum()) for each in kept)
        whole = np.logical_and.reduce([each[:, at] for each, at in zip(kept, places, strict=True)])
        for each, at in zip(kept, places, strict=True):
            each[:, at] = whole
        rows = np.logical_and.reduce([each.any(axis=1) for each in kept])
        kept = [each & rows[:, None] for each in kept]
        if sum(int(each.sum()) for each in kept) == before:
            break
    pairs = zip(blocks, kept, strict=True)
    return [replace(block, statistics=block.statistics * own[..., None], present=own) for block, own in pairs]


def told_of_lost(before: Sequence[Block], after: Sequence[Block]) -> str:
    """What was taken out, counted; empty where nothing was."""
    pairs = [(old.present, new.present) for old, new in zip(before, after, strict=True)]
    gone = [old & ~new for old, new in pairs]
    lost: Mask = np.logical_or.reduce([old.any(axis=1) & ~new.any(axis=1) for old, new in pairs])
    questions = max(int(each[~lost].sum()) for each in gone)
    said = [f"{int(lost.sum())} of its rows"] if lost.any() else []
    noun = "question" if questions == 1 else "questions"
    said += [f"{questions} {noun} of {'other' if said else 'its'} rows"] if questions else []
    return f"{' and '.join(said)}, which not all arms were asked" if said else ""
