"""The verdict of a study: each arm against what it is compared with, by the rule that the study gave beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from unseen.study.compare import (
    BASE,
    Compared,
    Measured,
    Runs,
    Seen,
    against,
    against_base,
    measured,
    own,
    read_answers,
)
from unseen.study.estimate import Estimate
from unseen.study.pooling import Table
from unseen.study.power import Pilot, needed, needed_tasks, smallest_difference
from unseen.study.results import ArmResult, StudyResults
from unseen.study.rule import Rule
from unseen.study.student import holm
from unseen.study.trend import Curve, Trend, curves_of, trend
from unseen.study.ways import Ways, ways_of

Word = Literal["better", "worse", "wider", "narrower", "no difference", "not decidable", "void"]
WORDS: Mapping[bool, tuple[Word, Word]] = {True: ("better", "worse"), False: ("wider", "narrower")}
NOTHING = Compared(None, (), {})


@dataclass(frozen=True, slots=True)
class Cost:
    """What a decision would cost: so many seeds, rows of a task and hours for the arm and what it is compared with; or,
    where no number of them is enough, so many `tasks`. None: more than is worth planning. `known` is False where one
    seed cannot say how seeds differ."""

    seeds: int | None
    rows: int | None
    tasks: int | None
    hours: float | None
    known: bool


@dataclass(frozen=True, eq=False)
class ArmVerdict:
    """One arm: its own number, its difference from `against`, p corrected over all comparisons, and the word for it.

    `word` is None for what is compared with nothing, and for what has not finished. `shows` is the smallest true
    difference that a study of this size shows in 80 of 100 cases.
    """

    name: str
    against: str | None
    seeds: tuple[int, ...]
    planned: tuple[int, ...]
    own: Measured | None
    difference: Measured | None
    corrected: float | None
    word: Word | None
    why: str
    shows: float | None
    cost: Cost | None
    void: tuple[str, ...]
    left_out: Mapping[str, str]
    ways: tuple[Ways, ...]


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a study found. `comparisons` is how many Holm's correction is over: those that were made, and those that
    wait for an arm, which else would be left out by stopping early."""

    rule: Rule
    arms: tuple[ArmVerdict, ...]
    curves: tuple[Curve, ...]
    trends: tuple[Trend, ...]
    comparisons: int
    unknown: bool

    def arm(self, name: str) -> ArmVerdict:
        return next(each for each in self.arms if each.name == name)


def analyse(results: StudyResults) -> Verdict:
    """The verdict of what has finished. Raises `ScoreMistake` where a finished arm's predictions are gone."""
    rule, answers = results.rule, read_answers(results)
    alone = {name: own(runs, rule) if runs else NOTHING for name, runs in answers.items()}
    beside = _beside(results, answers)
    found = [_arm(results, name, answers, alone, beside) for name in results.names]
    tested = [each for each in found if each.difference is not None]
    comparisons = len(tested) + sum(_waits(results, each) for each in found)
    corrected = holm([each.difference.main.p for each in tested if each.difference], comparisons)
    by_name = {
        each.name: _decided(results, each, p, comparisons, rule) for each, p in zip(tested, corrected, strict=True)
    }
    curves = curves_of(results)
    trends = (trend(curve, answers, rule) for curve in curves)
    return Verdict(
        rule,
        tuple(by_name.get(each.name, each) for each in found),
        curves,
        tuple(each for each in trends if each is not None),
        comparisons,
        any(run.unknown for runs in answers.values() for run in runs.values()),
    )


def word_for(difference: Estimate, corrected: float, rule: Rule) -> Word:
    """No difference: the whole interval lies within plus and minus the smallest difference of interest, whatever p
    says. Better or worse (of a spread: wider or narrower): p, corrected, is at most the level. Else the study cannot
    decide; nor can it where no number differs from another, which says nothing about how they vary."""
    if not difference.low < difference.high:
        return "not decidable"
    if -rule.smallest <= difference.low and difference.high <= rule.smallest:
        return "no difference"
    if corrected <= rule.level:
        more, less = WORDS[rule.of == "score"]
        return more if difference.value > 0 else less
    return "not decidable"


def _beside(results: StudyResults, answers: Mapping[str, Runs]) -> dict[str, Seen]:
    """What was observed of every arm beside the one that it is compared with."""
    pairs = {name: results.seeds_of(name)[0].against for name in results.names}
    both = {name: other for name, other in pairs.items() if other and other != BASE}
    both = {name: other for name, other in both.items() if answers[name] and answers.get(other)}
    return {name: against(answers[name], answers[other], results.rule) for name, other in both.items()}


def _arm(
    results: StudyResults,
    name: str,
    answers: Mapping[str, Runs],
    alone: Mapping[str, Compared],
    beside: Mapping[str, Seen],
) -> ArmVerdict:
    planned = results.seeds_of(name)
    compared_with = planned[0].against
    compared, why = _compared(results, name, answers, beside)
    void = tuple(dict.fromkeys((*alone[name].void, *compared.void)))
    return ArmVerdict(
        name=name,
        against=compared_with,
        seeds=tuple(answers[name]),
        planned=tuple(arm.seed for arm in planned),
        own=alone[name].measured,
        difference=compared.measured,
        corrected=None,
        word="void" if void and compared.measured is None and compared_with else None,
        why="the start model was tuned on what is tested" if void and compared.measured is None else why,
        shows=None,
        cost=None,
        void=void,
        left_out=compared.left_out if compared_with else alone[name].left_out,
        ways=ways_of(answers[name]),
    )


def _waits(results: StudyResults, arm: ArmVerdict) -> bool:
    """Whether a comparison that the study plans has not been made, since a seed of one of its arms has not finished."""
    if arm.against is None or arm.difference is not None or arm.word == "void":
        return False
    names = [name for name in (arm.name, arm.against) if name in results.names]
    return any(not run.finished for name in names for run in results.seeds_of(name))


def _compared(
    results: StudyResults, name: str, answers: Mapping[str, Runs], beside: Mapping[str, Seen]
) -> tuple[Compared, str]:
    """The comparison, or why there is none."""
    rule, other = results.rule, results.seeds_of(name)[0].against
    if other is None:
        return NOTHING, "what others are compared with"
    if not answers[name]:
        return NOTHING, "no seed has finished"
    if other == BASE:
        found = against_base(answers[name], rule)
        return found, "" if found.measured else "it was not tuned, so there is nothing to compare"
    if not answers.get(other):
        return NOTHING, f"{other} has not finished"
    found = measured(beside[name], rule, _family(results, name, other, answers, beside))
    return found, "" if found.measured else f"it shares no task with {other}"


def _family(
    results: StudyResults, name: str, other: str, answers: Mapping[str, Runs], beside: Mapping[str, Seen]
) -> list[Table]:
    """The differences of all tuned arms that are compared with `other`; none where `name` or `other` was not tuned,
    since seeds move only what is."""

    def tuned(arm: str) -> bool:
        return bool(answers[arm]) and all(run.tuned for run in answers[arm].values())

    if not tuned(name) or not tuned(other):
        return []
    names = [arm for arm in beside if results.seeds_of(arm)[0].against == other and tuned(arm)]
    return [table for arm in names if (table := beside[arm].table(results.rule.statistic))]


def _decided(results: StudyResults, arm: ArmVerdict, corrected: float, comparisons: int, rule: Rule) -> ArmVerdict:
    assert arm.difference is not None
    word = word_for(arm.difference.main, corrected, rule)
    runs = [each for name in (arm.name, arm.against) if name for each in results.finished(name)]
    pilot = priced(arm.difference.pilot, runs)
    shows = smallest_difference(pilot, pilot.seeds, comparisons, pilot.rows)
    cost = _cost(pilot, rule, comparisons) if word == "not decidable" else None
    return replace(arm, corrected=corrected, word=word, shows=shows, cost=cost)


def priced(pilot: Pilot, runs: Sequence[ArmResult]) -> Pilot:
    """The pilot with what a seed of these arms took, and of that a row of every task."""
    names = {run.name for run in runs}
    took = [(run.seconds - run.asking_seconds, run.asking_seconds) for run in runs if run.seconds]
    if not took:
        return pilot
    fixed, asking = (sum(each) / len(took) * len(names) for each in zip(*took, strict=True))
    return replace(pilot, fixed_seconds=fixed, row_seconds=asking / pilot.rows)


def _cost(pilot: Pilot, rule: Rule, comparisons: int) -> Cost:
    found = needed(pilot, rule.smallest, comparisons)
    if found is None:
        return Cost(None, None, needed_tasks(pilot, rule.smallest, comparisons), None, pilot.knows_seeds)
    seeds, rows = found
    seconds = seeds * (pilot.fixed_seconds + pilot.row_seconds * rows)
    return Cost(seeds, rows, None, seconds / 3600 if seconds else None, pilot.knows_seeds)
