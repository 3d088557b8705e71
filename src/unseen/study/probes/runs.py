"""The runs that probes look into: their recipes, their start models, and the models that they tuned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.errors import DataMistake, RecipeMistake
from unseen.model.folder import ModelFolder, resolve
from unseen.progress import phased
from unseen.recipe import Recipe, override_values
from unseen.study.record import read_record
from unseen.study.recorded import recorded_place, recorded_recipe

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel


@dataclass(frozen=True, slots=True, eq=False)
class TunedRun:
    """A run that was tuned to its end; `model` is what it tuned, looked into but not loaded."""

    folder: Path
    record: Mapping[str, Any]
    recipe: Recipe
    model: ModelFolder


def tuned_run(folder: Path) -> TunedRun:
    """The run in `folder`. Raises `DataMistake` where there is none, or it has not come to its last step."""
    record = read_record(folder)
    if "training" not in record:
        what = "holds a run that was not tuned to its end"
        raise DataMistake(str(folder), what, "go on with unseen tune --resume, or name another run")
    return TunedRun(folder, record, recorded_recipe(record, folder), resolve(str(folder)))


def found_model(name: str) -> ModelFolder:
    with phased(name) as phases:
        return resolve(name, phases=phases)


def start_folder(run: TunedRun) -> ModelFolder:
    """The model that a run began from. Raises `DataMistake` where its name means another one by now."""
    found = found_model(run.recipe.model)
    if found.digest != run.record["model"]["digest"]:
        what = f"began from a model that '{run.recipe.model}' does not mean any more"
        raise DataMistake(str(run.folder), what, "bring that model back")
    return found


def start_model(recipe: Recipe, folder: ModelFolder) -> LanguageModel:
    """`folder`'s model as tuning by `recipe` would begin with it: with the recipe's tokens, on the CPU, in float32.
    Tokens that its own tuning gave it stay as they are."""
    from unseen.model.new_tokens import with_tokens

    given = {each.text for each in folder.all_tokens}
    tokens = {text: said for text, said in recipe.tokens.items() if text not in given}
    return with_tokens(loaded(folder, recipe.trust_remote_code), tokens, recipe.seed)


def loaded(folder: ModelFolder, trust_remote_code: bool = False) -> LanguageModel:
    """A model on the CPU, in float32, its adapters merged. Raises `ModelMistake` for one on a quantised base."""
    from unseen.model.adapter import merged
    from unseen.model.load import load_model

    model = load_model(folder, "float32", trust_remote_code)
    return replace(model, module=merged(model.module))


def start_facts(recipe: Recipe, folder: ModelFolder) -> dict[str, Any]:
    """What a start model follows from."""
    given = {each.text for each in folder.all_tokens}
    tokens = {text: said.model_dump(mode="json") for text, said in recipe.tokens.items() if text not in given}
    return {"name": folder.name, "digest": folder.digest, "tokens": tokens, "seed": recipe.seed if tokens else None}


def recipe_of_run(folder: Path, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe that a run was made by, with some values changed (`key.path=value`). Raises `RecipeMistake` where a
    file that it names is not found: runs are moved, and their studies' files are not."""
    record = read_record(folder)
    override_values(record["recipe"], overrides, recorded_place(record, folder))
    recipe = recorded_recipe(record, folder)
    lost = [name for name in recipe.files if not recipe.place_of(name).exists()]
    if lost:
        what = f"names files that are neither beside its recipe ({recipe.beside}) nor here: {', '.join(lost)}"
        raise RecipeMistake(str(folder), what, "go to the folder that they lie in, or name them with --set")
    return recipe
