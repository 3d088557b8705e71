"""A study's folder as values: what was asked, and how far each arm and seed has come, finished or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unseen.errors import DataMistake
from unseen.study.answers import Answers, answers_of
from unseen.study.record import read_record
from unseen.study.rule import Rule, rule_of
from unseen.study.study_folder import STUDY, ArmFiles, read_said, refreshed, with_rule

Record = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class ArmResult:
    """One arm with one seed. `record` is its record.json, empty before it began; `error` is told where it failed.

    `against` names the arm that it is compared with (`base`: its own untuned model; None: nothing), `about` what is
    varied, `matched` what it was matched by and to. `held` are answers that do not lie in its folder; `spent` are the
    seconds of all its attempts, starting up included.
    """

    name: str
    seed: int
    state: str
    record: Record
    folder: Path
    about: Record
    against: str | None
    work: str
    matched: Record
    error: str | None
    held: Answers | None = None
    spent: float = 0.0

    @property
    def finished(self) -> bool:
        return self.state == "finished"

    @property
    def seconds(self) -> float:
        """What its parts took, together."""
        return sum(float(each) for each in self.record.get("seconds", {}).values())

    @property
    def asking_seconds(self) -> float:
        return sum(float(each) for name, each in self.record.get("seconds", {}).items() if name.startswith("asking"))

    def answers(self, rule: Rule) -> Answers:
        """Those that it holds (of a page, see bundle.py), or its predictions; `ScoreMistake` where they are gone."""
        shots = self.record["recipe"]["evaluate"]["shots"][0] if rule.shots == "own" else rule.shots
        return self.held or answers_of(self.folder, self.record, rule.side, rule.metric, shots)


@dataclass(frozen=True, eq=False)
class StudyResults:
    """`study` is study.json without its arms."""

    folder: Path
    study: Record
    arms: tuple[ArmResult, ...]

    @property
    def rule(self) -> Rule:
        return rule_of(self.study)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(arm.name for arm in self.arms))

    def seeds_of(self, name: str) -> tuple[ArmResult, ...]:
        return tuple(arm for arm in self.arms if arm.name == name)

    def finished(self, name: str) -> tuple[ArmResult, ...]:
        """An arm's finished seeds."""
        return tuple(arm for arm in self.seeds_of(name) if arm.finished)


def read_results(folder: Path) -> StudyResults:
    """Read a study's folder, however far it has come; `DataMistake` where it is none, or its rule was changed."""
    study = with_rule(refreshed(folder), folder / STUDY)
    arms = tuple(_arm(folder, each) for each in study["arms"])
    return StudyResults(folder, {name: value for name, value in study.items() if name != "arms"}, arms)


def _arm(folder: Path, said: Record) -> ArmResult:
    run, state, error = folder / said["folder"], said["state"], said.get("error")
    record: Record = {}
    try:
        record = read_record(run)
    except DataMistake as mistake:
        if state == "finished":
            state, error = "failed", str(mistake)
    return ArmResult(
        name=said["name"],
        seed=said["seed"],
        state=state,
        record=record,
        folder=run,
        about=said.get("about") or {},
        against=said.get("against"),
        work=said.get("work", "tune"),
        matched=said.get("matched") or {},
        error=error,
        spent=float(read_said(ArmFiles(run)).get("spent") or 0.0),
    )
