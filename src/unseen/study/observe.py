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
from unseen.study.shared_rows import on_shared_rows
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

    `statistics` are taken over a task's templates, all under the same draws of rows: a spread over the templates that
    all terms share, which must be two or more. Terms of one sum whose runs have one seed are taken over the rows that
    all of them hold; the others are counted. Tasks in `void` are left out.
    """
    terms = [term for each in sums for term in each]
    everywhere = dict.fromkeys(task for term in terms for task in term.answers.tasks)
    left_out: dict[str, str] = {}
    columns: dict[str, list[Column]] = {}
    for task in (each for each in everywhere if each not in void):
        if why := _why_not(task, terms):
            left_out[task] = why
            continue
        found, away = _columns(task, sums, statistics)
        if away:
            left_out[task] = f"{away} of its rows, which not all arms were asked" if found else "no row is shared"
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


def _columns(task: str, sums: Sequence[Sum], statistics: Sequence[str]) -> tuple[dict[str, Column], int]:
    """What each statistic gives on a task; and how many rows were taken out, since not all of a sum's terms hold them.
    Nothing where they share none."""
    seeds = _common([term.draws(task) for each in sums for term in each])
    asked = [(place, term, seed) for place, each in enumerate(sums) for term in each for seed in seeds]
    blocks, away = _shared([(place, term.drawn, seed) for place, term, seed in asked], _blocks(task, asked))
    if not all(block.present.any() for block in blocks):
        return {}, away
    replicates = _replicates(blocks, [term.weight for _, term, _ in asked], task)
    shared = _shared_templates(blocks)
    rows = len(blocks[0].present)
    each_seed = round(sum(int(block.present.any(axis=1).sum()) for block in blocks) / len(blocks))
    found = {}
    for name in statistics:
        if name in SPREADS and shared is None:
            continue
        values, moved = np.zeros(len(sums)), np.zeros((len(sums), len(replicates[0])))
        for (place, term, _), block, drawn in zip(asked, blocks, replicates, strict=True):
            columns = [block.templates.index(each) for each in shared] if name in SPREADS and shared else slice(None)
            values[place] += term.weight / len(seeds) * float(over_templates(block.totals[columns], name))
            moved[place] += term.weight / len(seeds) * over_templates(drawn[:, columns], name)
        found[name] = Column(task, values, moved, rows, each_seed)
    return found, away


def _blocks(task: str, asked: Sequence[tuple[int, Term, int]]) -> list[Block]:
    return aligned([term.block(task, seed) for _, term, seed in asked])


def _shared(of: Sequence[tuple[int, int, int]], blocks: Sequence[Block]) -> tuple[list[Block], int]:
    """The blocks, those of one sum, seed and draw of exemplars over the rows that all of them hold; and how many rows
    that took out. Blocks of runs with other seeds hold other rows by design, and stay as they are."""
    cut = list(blocks)
    away = np.zeros(len(blocks[0].present), dtype=bool)
    for group in dict.fromkeys(of):
        places = [place for place, each in enumerate(of) if each == group]
        if len(places) > 1:
            kept, gone = on_shared_rows([blocks[place] for place in places])
            away |= gone
            for place, block in zip(places, kept, strict=True):
                cut[place] = block
    left = np.flatnonzero(np.any([block.present.any(axis=1) for block in cut], axis=0))
    return [rows_of(block, left.tolist()) for block in cut], int(away.sum())


def _replicates(blocks: Sequence[Block], weights: Sequence[float], task: str) -> list[Floats]:
    """Scores [replicates, templates] of each block, all by the same draws of rows; where some are added and some taken
    away, by those made for pairs, for which the shorter list is filled up with its own blocks."""
    random = generator(0, "bootstrap", base_name(task))
    plus = [place for place, weight in enumerate(weights) if weight > 0]
    minus = [place for place, weight in enumerate(weights) if weight < 0]
    if not plus or not minus:
        return [_filled(each) for each in score_replicates(blocks, random)]
    count = max(len(plus), len(minus))
    less, more = ([places[at % len(places)] for at in range(count)] for places in (minus, plus))
    drawn = paired_replicates([blocks[place] for place in less], [blocks[place] for place in more], random)
    order = {place: at for at, place in reversed(list(enumerate((*less, *more))))}
    return [_filled(drawn[order[place]]) for place in range(len(blocks))]


def _filled(scores: Floats) -> Floats:
    """Scores [replicates, templates], in which a draw that holds no row of a template has the score of another draw."""
    found = scores.copy()
    for column in found.T:
        absent = np.isnan(column)
        if absent.any() and not absent.all():
            column[absent] = np.resize(column[~absent], absent.sum())
    return found


def _shared_templates(blocks: Sequence[Block]) -> tuple[str, ...] | None:
    """Templates that all blocks have; or each block's own where they have none in common but as many; None where a
    spread over them could not be compared, or there is none."""
    shared = tuple(name for name in blocks[0].templates if all(name in each.templates for each in blocks))
    if len(shared) > 1:
        return shared
    numbers = {len(each.templates) for each in blocks}
    return () if not shared and len(numbers) == 1 and numbers != {1} else None
