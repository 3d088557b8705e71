"""Whether a study's rule is the one that its fingerprint is of, and whether its arms follow from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from unseen.errors import one_line
from unseen.recipe import Recipe, named_alike
from unseen.study.arms import expand
from unseen.study.fingerprint import versions
from unseen.study.study_file import fingerprint_of, study_of
from unseen.study.study_folder import DECIDING, SAID, STUDY, planned_arm
from unseen.study.verify.outcome import DAMAGED, NOTHING, Check, Difference, judged, same, tried

Record = Mapping[str, Any]
Planned = dict[str, dict[str, Any]]
"""Arms as study.json lists them, by name and seed."""
FOLDERS_ONLY = {"folder", "recipe"}  # what the arms of a page do not say


def check_study(study: Record, arms: Sequence[Record]) -> tuple[Planned, list[Check]]:
    """The arms that the rule of `study` makes, none where they cannot be made here; and the checks of rule and arms."""
    if not isinstance(study.get(DECIDING), Mapping):
        return {}, [Check("rule", "not kept", "the study is older than the keeping of what its fingerprint is of")]
    rule = tried("rule", partial(_check_rule, study))
    try:
        planned = _planned(study)
    except DAMAGED as error:
        return {}, [rule, Check("planned arms", "skipped", f"cannot be made again here ({one_line(str(error))})")]
    return planned, [rule, tried("planned arms", partial(_check_planned, study, planned, arms))]


def called(arm: Record) -> str:
    """An arm with its seed, as its folder is called."""
    return f"{arm['name']}/seed-{arm['seed']}"


def _check_rule(study: Record) -> Check:
    told = f"{study['fingerprint'][:8]} is that of question, arms, base, seeds, matching, measure and decision"
    return judged("rule", told, _unlike_rule(study, study[DECIDING]))


def _unlike_rule(study: Record, deciding: Record) -> Iterator[Difference]:
    made = fingerprint_of(deciding)
    if made != study["fingerprint"]:
        yield Difference("the values that the study was fingerprinted by", study["fingerprint"], made)
    for name in SAID:
        yield from same(deciding.get(name), study.get(name), name)


def _planned(study: Record) -> Planned:
    arms = expand(study_of(study[DECIDING], Path(STUDY), study["size"]))
    return {called(arm): arm for arm in json.loads(json.dumps([planned_arm(each) for each in arms]))}


def _check_planned(study: Record, planned: Planned, arms: Sequence[Record]) -> Check:
    told = f"{len(planned)} arms and seeds, what each is compared with and its recipe, made again of the rule"
    ours, theirs = versions()["unseen"], study["versions"]["unseen"]
    told += f"; of unseen {theirs}, and this is {ours}" if ours != theirs else ""
    return judged("planned arms", told, _unlike_planned(planned, arms))


def _unlike_planned(planned: Planned, arms: Sequence[Record]) -> Iterator[Difference]:
    names = [called(arm) for arm in arms]
    if names != list(planned):
        yield Difference("arms", ", ".join(planned), ", ".join(names))
    for arm in arms:
        made = planned.get(called(arm), {})
        for name in sorted(made.keys() - (FOLDERS_ONLY - arm.keys())):
            recipe = name == "recipe"
            listed = named_alike(filled(arm[name]), made[name]) if recipe else arm.get(name, NOTHING)
            yield from same(made[name], listed, f"{called(arm)}: {name}")


def filled(recipe: Record) -> Record:
    """A recipe with every value that it leaves to this version's defaults; as it stands where this has no such keys."""
    try:
        return Recipe.model_validate(recipe).canonical()
    except ValueError:
        return recipe
