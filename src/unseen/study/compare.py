"""Each arm of a study by itself, and beside what it is compared with: same tasks, rows, templates, exemplars, seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from unseen.evaluation.intervals import Floats
from unseen.study.answers import Answers
from unseen.study.estimate import Bounds, Estimate, Observed, Over, claim, estimate, over_tasks, part
from unseen.study.observe import SPREADS, Comparable, Sum, Term, observe
from unseen.study.pooling import Table
from unseen.study.power import Pilot, pilot_of
from unseen.study.results import StudyResults
from unseen.study.rule import Rule
from unseen.task.seeds import generator

BASE = "base"  # what an arm is compared with that is compared with its own untuned model
Runs = Mapping[int, Answers]  # by seed


@dataclass(frozen=True, slots=True)
class SeedValue:
    """The measure of one seed, or the difference of a pair of seeds: (first arm's, second arm's)."""

    seeds: tuple[int, int]
    value: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One arm's number, or the difference of two: the measure itself, the spreads over templates, each task, each
    cluster, each (pair of) seeds. `unused_seeds` had no partner. `pilot` says how the numbers vary."""

    main: Estimate
    spreads: Mapping[str, Estimate]
    tasks: Mapping[str, Estimate]
    clusters: Mapping[str, Estimate]
    by_seed: tuple[SeedValue, ...]
    table: Table
    unused_seeds: int
    pilot: Pilot


@dataclass(frozen=True, eq=False)
class Seen:
    """What was observed of an arm, or of two of them by pairs of `seeds`, before it is measured. `over` is what a claim
    can be about, None where nothing was observed; `unused` seeds had no partner."""

    found: Comparable
    over: Over | None
    seeds: Sequence[tuple[int, int]]
    bounds: Bounds
    unused: int = 0

    def table(self, statistic: str) -> Table | None:
        """The numbers of the seeds that stand beside themselves."""
        observed = self.found.of(statistic)
        if observed is None:
            return None
        own = [place for place, (one, other) in enumerate(self.seeds) if one == other]
        return Table(
            tuple(self.seeds[place][0] for place in own),
            observed.tasks,
            tuple(tuple(observed.values[place].tolist()) for place in own),
        )


@dataclass(frozen=True, eq=False)
class Compared:
    """What came of comparing: a measurement, or none, with the tasks that are void and why others were left out."""

    measured: Measured | None
    void: tuple[str, ...]
    left_out: Mapping[str, str]


def read_answers(results: StudyResults) -> dict[str, dict[int, Answers]]:
    """The answers of every finished arm, by name and seed."""
    rule, found = results.rule, {}
    for name in results.names:
        found[name] = {arm.seed: arm.answers(rule) for arm in results.finished(name)}
    return found


def own(runs: Runs, rule: Rule) -> Compared:
    """An arm's own number: its last model's score, or what tuning changed in it."""
    if rule.model == "difference" and not all(run.tuned for run in runs.values()):
        return Compared(None, (), {})
    sums = [_sum(run, rule, seed) for seed, run in runs.items()]
    return measured(_seen(sums, rule, [(seed, seed) for seed in runs]), rule)


def against_base(runs: Runs, rule: Rule) -> Compared:
    """What tuning changed, seed by seed."""
    tuned = {seed: run for seed, run in runs.items() if run.tuned}
    sums = [(Term(run, "tuned"), Term(run, "base", -1.0)) for run in tuned.values()]
    return measured(_seen(sums, rule, [(seed, seed) for seed in tuned], len(runs) - len(tuned)), rule)


def against(runs: Runs, others: Runs, rule: Rule) -> Seen:
    """One arm less another, to be measured. An arm that was not tuned is the same whatever the seed: it stands beside
    every seed of the other, where it ran under fewer."""
    pairs = _pairs(runs, others)
    sums = [(*_sum(runs[one], rule, one), *_taken_away(_sum(others[other], rule, other))) for one, other in pairs]
    used = len({one for one, _ in pairs}) + len({other for _, other in pairs})
    return _seen(sums, rule, pairs, len(runs) + len(others) - used)


def pair_seeds(first: Sequence[int], second: Sequence[int]) -> list[tuple[int, int]]:
    """Seeds of two arms in pairs: equal ones first; then what is left in order, as independent draws may be paired in
    any way. What has no partner is not used."""
    both = [seed for seed in first if seed in second]
    rest = zip([s for s in first if s not in both], [s for s in second if s not in both], strict=False)
    return [*((seed, seed) for seed in both), *rest]


def _pairs(runs: Runs, others: Runs) -> list[tuple[int, int]]:
    asked, theirs = (not any(run.tuned for run in each.values()) for each in (runs, others))
    if theirs and not asked and len(others) < len(runs):
        return [(seed, seed if seed in others else next(iter(others))) for seed in runs]
    if asked and not theirs and len(runs) < len(others):
        return [(seed if seed in runs else next(iter(runs)), seed) for seed in others]
    return pair_seeds(list(runs), list(others))


def _sum(run: Answers, rule: Rule, seed: int) -> Sum:
    if rule.model == "difference":
        return (Term(run, "tuned", drawn=seed), Term(run, "base", -1.0, drawn=seed))
    return (Term(run, run.last, drawn=seed),)


def _taken_away(terms: Sum) -> Sum:
    return tuple(replace(each, weight=-each.weight) for each in terms)


def void_tasks(runs: Sequence[Answers]) -> frozenset[str]:
    """Tasks on which nothing is unseen: the start model was tuned on them, or, where clusters are held out, on another
    task of their cluster."""
    void = {task for run in runs for task in run.void}
    clusters = {task.partition("/")[0] for run in runs if run.level == "cluster" for task in run.void}
    return frozenset(void | {t for run in runs for t in run.tasks if t.partition("/")[0] in clusters})


def measure(sums: Sequence[Sum], rule: Rule, statistics: Sequence[str]) -> tuple[Comparable, Over | None]:
    """What was observed, and what a claim from it can be about."""
    runs = [term.answers for each in sums for term in each]
    found = observe(sums, statistics, void_tasks(runs))
    main = found.of(rule.statistic)
    if main is None:
        return found, None
    level = next((run.level for run in runs if run.level), None)
    return found, claim(main, level, rule.over)


def _seen(sums: Sequence[Sum], rule: Rule, seeds: Sequence[tuple[int, int]], unused: int = 0) -> Seen:
    found, over = measure(sums, rule, list(dict.fromkeys((rule.statistic, *SPREADS))))
    taken_away = any(term.weight < 0 for terms in sums for term in terms)
    return Seen(found, over, seeds, (-100.0, 100.0) if taken_away else (0.0, 100.0), unused)


def measured(seen: Seen, rule: Rule, family: Sequence[Table] = ()) -> Compared:
    """With its intervals. `family` are the differences of all tuned arms, this one too, from the tuned one that they
    are compared with."""
    found, over, bounds = seen.found, seen.over, seen.bounds
    observed = found.of(rule.statistic)
    if observed is None or over is None:
        return Compared(None, found.void, found.left_out)
    others = _tables(family, seen.seeds, observed)
    spreads = {name: _estimate(each, claim(each, None, over), bounds) for name in SPREADS if (each := found.of(name))}
    tasks = {
        task: _estimate(part(observed, [at]), "rows", bounds, [each[:, [at]] for each in others])
        for at, task in enumerate(observed.tasks)
    }
    main = _estimate(observed, over, bounds, others)
    by_seed = tuple(map(SeedValue, seen.seeds, over_tasks(observed)))
    table = Table(tuple(one for one, _ in seen.seeds), observed.tasks, tuple(map(tuple, observed.values.tolist())))
    pilot = pilot_of(observed, over, rule.level, others)
    clusters = _by_cluster(observed, bounds, others)
    return Compared(
        Measured(main, spreads, tasks, clusters, by_seed, table, seen.unused, pilot), found.void, found.left_out
    )


def _tables(family: Sequence[Table], seeds: Sequence[tuple[int, int]], observed: Observed) -> list[Floats]:
    """The part [seeds, tasks] of every arm's difference that has these seeds and tasks, and that of the arm they are
    compared with from itself; none where seeds of two arms differ. What is left of arms and seeds without what each
    has by itself is the same of differences from one arm as of scores, and differences are over shared rows."""
    if not family or any(one != other for one, other in seeds):
        return []
    found = (each.part([seed for seed, _ in seeds], observed.tasks) for each in family)
    return [np.zeros_like(observed.values), *(each for each in found if each is not None)]


def _by_cluster(observed: Observed, bounds: Bounds, others: Sequence[Floats]) -> dict[str, Estimate]:
    """Each cluster by itself, for new tasks of it where there are enough to tell."""
    places: dict[str, list[int]] = {}
    for place, cluster in enumerate(observed.clusters):
        places.setdefault(cluster, []).append(place)
    if len(places) < 2:
        return {}
    found = {}
    for cluster, at in places.items():
        own = part(observed, at)
        found[cluster] = _estimate(own, claim(own, None), bounds, [each[:, at] for each in others])
    return found


def _estimate(observed: Observed, over: Over, bounds: Bounds, others: Sequence[Floats] = ()) -> Estimate:
    return estimate(observed, over, generator(0, "study", *observed.tasks), bounds, others)
