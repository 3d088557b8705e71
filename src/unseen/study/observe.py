"""Arms side by side: the same tasks, rows, templates and exemplars, seed by seed, ready for an interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from unseen.evaluation.blocks import Block, rows_of
from unseen.evaluation.intervals import Floats
from unseen.evaluation.resample import paired_replicates, score_replicates
from unseen.study.answers import NO_DRAW, Answers, TaskBlock, aligned
from unseen.study.estimate import Observed
from unseen.study.rule import over_templates
from unseen.study.shared_rows import on_shared_rows, told_of_lost
from unseen.task.seeds import generator
from unseen.task.variants import base_name

SPREADS = ("iqr", "range")


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """The answers of one model of a run, taken `weight` times. `drawn` is the run's seed, which draws its rows."""

    answers: Answers
    model: str
    weight: float = 1.0
    drawn: int = 0

    def draws(self, task: str) -> dict[int, TaskBlock]:
        return self.answers.draws(self.model, task)

    def block(self, task: str, seed: int) -> TaskBlock:
        """The block of one draw of exemplars; zero-shot there is but one."""
        draws = self.draws(task)
        return draws[NO_DRAW] if NO_DRAW in draws else draws[seed]


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A statistic on one task: `values` [seeds], `replicates` [seeds, replicates], its `rows`, and how many of them a
    seed was `asked`, on average."""

    task: str
    values: Floats
    replicates: Floats
    rows: int
    asked: int


Sum = Sequence[Term]  # of one seed, or of one pair of seeds: what is added and taken away


@dataclass(frozen=True, eq=False)
class Comparable:
    """What was observed by statistic over templates, and what could not be compared (tasks, rows of them), and why."""

    by_statistic: Mapping[str, Observed]
    left_out: Mapping[str, str]
    void: tuple[str, ...]

    def of(self, statistic: str) -> Observed | None:
        return self.by_statistic.get(statistic)


def observe(sums: Sequence[Sum], statistics: Sequence[str], void: frozenset[str] = frozenset()) -> Comparable:
    """The sums (scores, or differences of them) of each seed on the tasks that all of their terms were asked.

    `statistics` are taken over a task's templates, all under the same draws of rows: those that the terms of a sum
    share, where there are any; a spread needs two or more. Terms of one sum whose runs have one seed are taken over the
    rows that all of them hold; the others are counted. Tasks in `void` are left out.
    """
    terms = [term for each in sums for term in each]
    everywhere = dict.fromkeys(task for term in terms for task in term.answers.tasks)
    left_out: dict[str, str] = {}
    columns: dict[str, list[Column]] = {}
    for task in (each for each in everywhere if each not in void):
        if why := _why_not(task, terms):
            left_out[task] = why
            continue
        found, lost = _columns(task, sums, statistics)
        if lost:
            left_out[task] = lost if found else "no row is shared"
        for name, column in found.items():
            columns.setdefault(name, []).append(column)
    observed = {name: _observed(each) for name, each in columns.items()}
    return Comparable(observed, left_out, tuple(task for task in everywhere if task in void))


def _observed(columns: Sequence[Column]) -> Observed:
    return Observed(
        tuple(each.task for each in columns),
        np.stack([each.values for each in columns], axis=1),
        np.stack([each.replicates for each in columns], axis=1),
        tuple(each.rows for each in columns),
        tuple(each.asked for each in columns),
    )


def _why_not(task: str, terms: Sequence[Term]) -> str:
    draws = [term.draws(task) for term in terms]
    if not all(draws):
        return "not asked in every arm"
    if len({term.answers.digests.get(task) for term in terms}) > 1:
        return "its rows differ between the arms"
    return "" if _common(draws) else "asked with other exemplars in each arm"


def _common(draws: Sequence[Mapping[int, TaskBlock]]) -> list[int]:
    """Seeds of the exemplar draw that all were asked under who had exemplars."""
    drawn = [set(each) for each in draws if NO_DRAW not in each]
    return sorted(drawn[0].intersection(*drawn[1:])) if drawn else [NO_DRAW]


def _columns(task: str, sums: Sequence[Sum], statistics: Sequence[str]) -> tuple[dict[str, Column], str]:
    """What each statistic gives on a task; and what was taken out, since not all of a sum's terms hold it. Nothing
    where they share none."""
    seeds = _common([term.draws(task) for each in sums for term in each])
    asked = [(place, term, seed) for place, each in enumerate(sums) for term in each for seed in seeds]
    blocks, lost = _shared([(place, term.drawn, seed) for place, term, seed in asked], _blocks(task, asked))
    if not all(block.present.any() for block in blocks):
        return {}, lost
    of = [place for place, *_ in asked]
    lost = "; ".join(each for each in (lost, _told_of_templates(of, blocks)) if each)
    replicates = _replicates(blocks, [term.weight for _, term, _ in asked], task)
    rows = len(blocks[0].present)
    each_seed = round(sum(int(block.present.any(axis=1).sum()) for block in blocks) / len(blocks))
    found = {}
    for name in statistics:
        through = (_ways_of_spread if name in SPREADS else _ways_of_score)(of, blocks)
        if through is None:
            continue
        values, moved = np.zeros(len(sums)), np.zeros((len(sums), len(replicates[0])))
        for (place, term, _), block, drawn, columns in zip(asked, blocks, replicates, through, strict=True):
            values[place] += term.weight / len(seeds) * float(over_templates(block.totals[columns], name))
            moved[place] += term.weight / len(seeds) * over_templates(drawn[:, columns], name)
        found[name] = Column(task, values, moved, rows, each_seed)
    return found, lost


def _blocks(task: str, asked: Sequence[tuple[int, Term, int]]) -> list[Block]:
    return aligned([term.block(task, seed) for _, term, seed in asked])


def _shared(of: Sequence[tuple[int, int, int]], blocks: Sequence[Block]) -> tuple[list[Block], str]:
    """The blocks, those of one sum, seed and draw of exemplars over the questions that all of them hold; and what that
    took out. Blocks of runs with other seeds hold other rows by design, and stay as they are."""
    cut = list(blocks)
    for group in dict.fromkeys(of):
        places = [place for place, each in enumerate(of) if each == group]
        if len(places) > 1:
            for place, block in zip(places, on_shared_rows([blocks[place] for place in places]), strict=True):
                cut[place] = block
    left = np.flatnonzero(np.any([block.present.any(axis=1) for block in cut], axis=0))
    return [rows_of(block, left.tolist()) for block in cut], told_of_lost(blocks, cut)


def _replicates(blocks: Sequence[Block], weights: Sequence[float], task: str) -> list[Floats]:
    """Scores [replicates, templates] of each block, all by the same draws of rows; where some are added and some taken
    away, by those made for pairs, for which the shorter list is filled up with its own blocks."""
    random = generator(0, "bootstrap", base_name(task))
    plus = [place for place, weight in enumerate(weights) if weight > 0]
    minus = [place for place, weight in enumerate(weights) if weight < 0]
    if not plus or not minus:
        return score_replicates(blocks, random)
    count = max(len(plus), len(minus))
    less, more = ([places[at % len(places)] for at in range(count)] for places in (minus, plus))
    drawn = paired_replicates([blocks[place] for place in less], [blocks[place] for place in more], random)
    order = {place: at for at, place in reversed(list(enumerate((*less, *more))))}
    return [drawn[order[place]] for place in range(len(blocks))]


def _common_templates(blocks: Sequence[Block]) -> tuple[str, ...]:
    return tuple(name for name in blocks[0].templates if all(name in each.templates for each in blocks))


def _ways_of_score(of: Sequence[int], blocks: Sequence[Block]) -> list[list[int]]:
    """The columns of each block that its score is taken over: templates that all terms of its sum (`of` numbers it)
    were asked through, so that a difference is of the same prompts; where there are none (encodings of an instruction),
    all its own. Other sums, of other seeds, may have templates of their own: formats are drawn by the seed."""
    return [
        [block.templates.index(name) for name in _common_templates(_beside(place, of, blocks)) or block.templates]
        for place, block in zip(of, blocks, strict=True)
    ]


def _told_of_templates(of: Sequence[int], blocks: Sequence[Block]) -> str:
    """How many templates a score is not taken over, since another arm was not asked through them; empty where none."""
    pairs = zip(blocks, _ways_of_score(of, blocks), strict=True)
    apart = max(len(block.templates) - len(columns) for block, columns in pairs)
    return f"{apart} of its templates, which not all arms were asked through" if apart else ""


def _ways_of_spread(of: Sequence[int], blocks: Sequence[Block]) -> list[list[int]] | None:
    """As for scores, where each sum has two templates or more, or none in common but as many; None where a spread
    could not be compared, or there is none."""
    for place in of:
        beside = _beside(place, of, blocks)
        shared, numbers = len(_common_templates(beside)), {len(block.templates) for block in beside}
        if shared == 1 or (not shared and (len(numbers) > 1 or numbers == {1})):
            return None
    return _ways_of_score(of, blocks)


def _beside(place: int, of: Sequence[int], blocks: Sequence[Block]) -> list[Block]:
    return [block for block, other in zip(blocks, of, strict=True) if other == place]
