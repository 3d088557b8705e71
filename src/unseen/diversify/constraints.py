"""Wordings that state the constraints on an answer, in front of the input: controlled generation by instructions.

InstructCTG (Zhou et al. 2023, arXiv 2304.14293) puts the constraints that a text meets into words, and tunes on them
before the input. Here a file names the constraints and the ways to say each; order, ways, lead and layout are drawn.
The instruction stands where it stood, and what is asked in evaluation is what every other arm is asked. Such wordings
say the words that others keep secret: this baseline is told the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from unseen.data.places import shipped_catalog
from unseen.diversify.checks import Rules, Sieve
from unseen.diversify.grammar_wordings import TRAIN
from unseen.diversify.passing import passing
from unseen.diversify.similarity import between_sides
from unseen.diversify.wording import Features, Made, Wording, WordingSet
from unseen.errors import WordingMistake
from unseen.section import Section, check_model
from unseen.task.seeds import generator
from unseen.yamlfile import read_yaml_mapping

FILE = "wordings/constraints.yaml"
Ways = Annotated[tuple[str, ...], Field(min_length=1)]
LAYOUTS: Mapping[str, tuple[str, str]] = {"one line": (" ", ""), "lines": ("\n", ""), "dashes": ("\n", "- ")}


class ConstraintsFile(Section):
    """What a file of constraints may say: of each its kind, and the ways to put it."""

    manual: ClassVar[str] = "docs/wordings.md"
    constraints: dict[str, Ways] = Field(min_length=1)


class LeadsFile(Section):
    """What the grammar's file may say."""

    language: str
    leads: dict[str, Ways]


@dataclass(frozen=True, slots=True)
class Constraints:
    """The ways to say each constraint, by its kind."""

    ways: Mapping[str, tuple[str, ...]]
    where: str


def read_constraints(path: Path) -> Constraints:
    """The constraints of a YAML file. Raises every mistake in its shape at once."""
    said = check_model(ConstraintsFile, read_yaml_mapping(path, WordingMistake), str(path), WordingMistake)
    return Constraints(said.constraints, str(path))


@cache
def _leads() -> Mapping[str, tuple[str, ...]]:
    path = shipped_catalog() / FILE
    return check_model(LeadsFile, read_yaml_mapping(path, WordingMistake), str(path), WordingMistake).leads


def constraint_wordings(constraints: Constraints, asked: WordingSet, train: int = TRAIN, seed: int = 0) -> WordingSet:
    """`asked` with `train` wordings that state the constraints before the input in place of its own train wordings;
    test and special wordings stay, so that models tuned on either set are asked the same.

    Larger numbers extend smaller ones. What was dropped is counted in `made`. Raises `WordingMistake` where there are
    fewer.
    """
    shared = (asked.instruction, *asked.shared)
    sieve = Sieve(Rules(asked.instruction, asked.tokens, (), shared))
    found = list(islice(passing(partial(_wording, constraints, asked, seed), sieve), train))
    if len(found) < train:
        counts = ", ".join(f"{why} {dropped}" for why, dropped in sorted(sieve.dropped.items()))
        what = f"has {len(found)} distinct wordings, not {train} (dropped: {counts})"
        raise WordingMistake(constraints.where, what, f"add ways to say it, or ask for {len(found)} with --train")
    kept = (replace(wording, name=f"train_{place:03}") for place, (_, wording) in enumerate(found))
    tried = found[-1][0] if found else 0
    wordings = (*kept, *asked.of_side("test"))
    made = Made("grammar", seed, tried, dict(sorted(sieve.dropped.items())), between_sides(wordings))
    return replace(asked, wordings=wordings, secrets=(), shared=shared, made=made)


def _wording(constraints: Constraints, asked: WordingSet, seed: int, number: int) -> Wording:
    draw = generator(seed, "constraints", number)
    kinds = draw.permutation(sorted(constraints.ways)).tolist()
    said = [_one(constraints.ways[kind], draw) for kind in kinds]
    lead = _one(sorted(_leads()), draw)
    layout = _one(sorted(LAYOUTS), draw)
    joint, mark = LAYOUTS[layout]
    before = joint.join(each for each in (_one(_leads()[lead], draw), *(mark + each for each in said)) if each)
    features = Features(
        act="constraints",
        typography="plain" if layout == "one line" else layout,
        frames=(f"lead/{lead}", *(f"constraint/{kind}" for kind in kinds)),
    )
    return Wording("", before, asked.instruction, "train", features)


def _one(texts: tuple[str, ...] | list[str], draw: np.random.Generator) -> str:
    return texts[int(draw.integers(len(texts)))]
