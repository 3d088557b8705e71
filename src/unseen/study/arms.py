"""From a study to its arms: every setting with every seed, each a whole recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from unseen.errors import RecipeMistake, UserMistake, nearest, raise_all
from unseen.recipe import Recipe
from unseen.section import check_model
from unseen.study.grids import JOINED
from unseen.study.selected import selected_tasks
from unseen.study.settings import Setting, Work
from unseen.study.study_file import EachBase, Study
from unseen.task.catalog import load_catalog

BASE = "base"  # what an arm is compared with that is compared with its own untuned model


@dataclass(frozen=True, slots=True)
class Arm:
    """One setting of a study with one seed. `about`: facts for axes and tables, such as `{"tasks": 4}`.

    `against` names the arm that it is compared with, of the same seed; `base` is its own untuned model, None says that
    it is compared with nothing. `work`: it is tuned, or its model is only asked.
    """

    name: str
    seed: int
    recipe: Recipe
    about: Mapping[str, Any]
    against: str | None
    work: Work

    @property
    def folder(self) -> str:
        """Its run folder, relative to that of the study."""
        return f"arms/{self.name}/seed-{self.seed}"


def expand(study: Study) -> tuple[Arm, ...]:
    """The arms of a study, in the order of its file, the seeds of each together; the same ones every time.

    Tasks are looked up in the catalogs that the recipe values name. Raises `RecipeMistake` or `TaskMistake` (or
    `Mistakes`) for arms that cannot be, for two of one name, for a baseline that is no arm, and where `matched` asks
    for what the recipes do not say.
    """
    catalog = cache(load_catalog)
    mistakes: list[UserMistake] = []
    by_seed: dict[int, list[Setting]] = {seed: [] for seed in study.said.seeds}
    for seed, settings in by_seed.items():
        for entry in study.entries:
            settings += entry.settings(study.base, seed, catalog)
    names = [setting.name for setting in by_seed[study.said.seeds[0]]]
    mistakes += [
        RecipeMistake(str(study.path), f"has two arms called '{name}'", "rename one of them")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    raise_all(mistakes)
    compared = {name: _against(study, name, names, mistakes) for name in names}
    raise_all(mistakes)
    arms = []
    for place, name in enumerate(names):
        for seed, settings in by_seed.items():
            setting = settings[place]
            try:
                recipe = _recipe(study, setting, seed)
            except UserMistake as mistake:
                mistakes.append(mistake)
                continue
            own_base = setting.work == "ask" and compared[name] == BASE
            against = None if own_base else compared[name]
            arms.append(Arm(name, seed, recipe, setting.about, against, setting.work))
    raise_all(mistakes)
    _check_bases(study, arms)
    _check_matching(study, arms)
    return tuple(arms)


def choose(arms: Sequence[Arm], names: Sequence[str]) -> tuple[Arm, ...]:
    """The arms called so, every one where no name is given. Raises `RecipeMistake` with the nearest names."""
    known = {arm.name for arm in arms}
    raise_all(
        [RecipeMistake("--arms", f"there is no arm '{n}'", nearest(n, known, "arms")) for n in names if n not in known]
    )
    return tuple(arm for arm in arms if not names or arm.name in names)


def _recipe(study: Study, setting: Setting, seed: int) -> Recipe:
    called = f"{study.name}.{setting.name.replace(JOINED, '.')}"
    values = {**setting.values, "name": called, "seed": seed}
    recipe = check_model(Recipe, values, f"{study.path}, arm '{setting.name}'", RecipeMistake)
    return recipe.lying_in(study.path.parent)


def _against(study: Study, name: str, names: Sequence[str], mistakes: list[UserMistake]) -> str | None:
    """What the arm is compared with: the baseline, or in a product the arm that differs in the baseline's factor."""
    baseline = study.said.baseline
    if isinstance(baseline, EachBase):
        return BASE
    if baseline in names:
        return None if name == baseline else baseline
    parts = name.split(JOINED)
    others = [JOINED.join((*parts[:at], baseline, *parts[at + 1 :])) for at in range(len(parts))]
    if name in others:
        return None
    found = [other for other in others if len(parts) > 1 and other in names]
    if not found:
        factors = {part for each in names for part in each.split(JOINED)}
        what = f"baseline '{baseline}' is no arm that '{name}' could be compared with"
        mistakes.append(RecipeMistake(str(study.path), what, nearest(baseline, {*names, *factors}, "arms")))
        return None
    return found[0]


def _check_bases(study: Study, arms: Sequence[Arm]) -> None:
    """An arm that is compared with its own untuned model must ask it."""
    for arm in arms:
        needs = arm.against == BASE or (study.said.measure.model == "difference" and arm.work == "tune")
        if needs and not arm.recipe.evaluate.base:
            what = "is compared with its untuned model, which evaluate.base: false does not ask"
            raise RecipeMistake(f"{study.path}, arm '{arm.name}'", what, "leave evaluate.base out")


def _check_matching(study: Study, arms: Sequence[Arm]) -> None:
    """What `matched` compares must be what the recipes fix."""
    tuned = [arm for arm in arms if arm.work == "tune"]
    where = str(study.path)
    idle = dict.fromkeys(arm.name for arm in tuned if not arm.recipe.seen)
    raise_all([RecipeMistake(f"{where}, arm '{name}'", "has nothing to tune on", "name seen tasks") for name in idle])
    if study.said.matched == "steps":
        steps = {arm.recipe.train.steps for arm in tuned}
        if len(steps) > 1 or None in steps:
            said = ", ".join(sorted(str(each) for each in steps))
            what = f"matched: steps needs one number of train.steps for all arms (it is {said})"
            raise RecipeMistake(where, what, "set base.train.steps, or match supervised_tokens or exposures")
        counted = [arm.name for arm in tuned if arm.recipe.train.examples is not None]
        if counted:
            what = f"matched: steps goes by train.steps, which train.examples overrides in arm '{counted[0]}'"
            raise RecipeMistake(where, what, "leave train.examples out, or match supervised_tokens or exposures")
    if study.said.matched == "exposures":
        uneven = [arm.name for arm in tuned if arm.recipe.mixture.rate != "equal"]
        if uneven:
            what = f"matched: exposures needs mixture.rate: equal, and arm '{uneven[0]}' has another"
            raise RecipeMistake(where, what, "set base.mixture.rate: equal")


def check_tasks(study: Study, arms: Sequence[Arm]) -> None:
    """Raise `RecipeMistake` where no arm has its tasks here, as a full size may want data that a user has not."""
    missing: UserMistake | None = None
    for arm in arms:
        try:
            selected_tasks(arm.recipe, load_catalog(arm.recipe.catalogs))
            return
        except UserMistake as mistake:
            missing = missing or mistake
    if missing is not None:
        sizes = " or ".join(f"--size {name}" for name in study.said.sizes if name != study.size)
        what = f"no arm of size {study.size} can run: {missing.lines[0]}"
        raise RecipeMistake(str(study.path), what, f"or choose {sizes}" if sizes else "")
