"""Comparing the two sides of a recipe in the background: what is compared, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from unseen.data.records import source_files
from unseen.errors import UserMistake
from unseen.phases import Phase, Phases
from unseen.recipe import Recipe
from unseen.studio.background import Errand, Errands
from unseen.studio.workspace import stamps
from unseen.study.prepare import Settled, settle
from unseen.study.selected import Selected
from unseen.study.shares import Shares, shares
from unseen.task.proof import Proof

SMALL = 4 << 20  # bytes of rows that are compared while one types, without being asked
FIRST = 1024  # draws of the mixture that are shown


@dataclass(frozen=True, slots=True)
class Asked:
    """The recipe, as text and read, and the name that it was opened by: a file, a draft or a run ("" for none)."""

    text: str
    path: str
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Compared:
    """What a recipe comes to. `refused`: rows of both sides share text, and the recipe says to refuse that."""

    settled: Settled
    proof: Proof | None
    refused: bool
    shares: Shares | None


def compare(recipe: Recipe, phases: Phases) -> Compared:
    """Settle the recipe. One that would be refused for its rows is compared all the same, so that they can be shown."""
    refuses = recipe.hold_out.overlap == "refuse"
    lenient = recipe.hold_out.model_copy(update={"overlap": "clean_subset"}) if refuses else recipe.hold_out
    settled = settle(recipe.model_copy(update={"hold_out": lenient}), phases)
    settled = replace(settled, recipe=recipe)
    proof = settled.split.proof if settled.split else None
    if proof is not None and refuses:
        proof = replace(proof, overlap="refuse")
    phases(Phase("drawing what comes first"))
    return Compared(settled, proof, refuses and bool(proof and proof.counts), shares(settled, FIRST))


def compared_in_background(errands: Errands, asked: Asked, selected: Selected, page: str) -> Errand:
    """The job that compares the sides of `asked`, as its files are now; it takes the place of earlier ones, unless
    another page than `page` follows them."""
    job = errands.start(key_of(asked.recipe, selected), asked, lambda phases: compare(asked.recipe, phases))
    errands.replace_others(job, page)
    return job


def key_of(recipe: Recipe, selected: Selected) -> str:
    """What tells one comparison from another: all that the recipe says, and the files of its rows."""
    said: dict[str, Any] = recipe.canonical()
    files = stamps(list(dict.fromkeys(row_files(selected))))
    return sha256(f"{json.dumps(said, sort_keys=True)}{files!r}".encode()).hexdigest()[:24]


def row_files(selected: Selected) -> Iterator[Path]:
    """The files of the rows of both sides, as far as they are files."""
    for task in (*selected.seen, *selected.unseen):
        for source in task.dataset.splits.values():
            if source.format != "hub":
                yield from map(Path, source_files(source))


def is_small(selected: Selected) -> bool:
    """Whether the rows are so few that comparing them takes about a second."""
    try:
        files = list(dict.fromkeys(row_files(selected)))
        return sum(file.stat().st_size for file in files) <= SMALL
    except (UserMistake, OSError):
        return False
