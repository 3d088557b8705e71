"""Model descriptions: what is known about a model that its files do not say.

A description is a YAML file in the `models` folder of a catalog. It says what the model was instruction-tuned on,
which is printed beside every score on tasks that are claimed to be unseen.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from unseen.data.places import shipped_catalog, user_catalog
from unseen.errors import ModelMistake
from unseen.section import check_model
from unseen.yamlfile import read_yaml_mapping

TunedOn = Literal["none", "unknown"] | tuple[str, ...]


class ModelDescription(BaseModel):
    """`name` is the alias; `hub` the hub ids that it stands for, the first of which the alias fetches.

    `instruction_tuned_on` names published datasets (as `origin` does in a dataset's description), or says `none` for
    a model that was only pre-trained, or `unknown`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    hub: tuple[str, ...] = ()
    instruction_tuned_on: TunedOn
    licence: str = ""
    note: str = ""


def descriptions() -> dict[str, ModelDescription]:
    """Every description of the shipped catalog and of the user's, by name; the user's take precedence.

    Raises `ModelMistake` naming the file that cannot be read.
    """
    files = [
        *sorted((shipped_catalog() / "models").glob("*.yaml")),
        *sorted((user_catalog() / "models").glob("*.yaml")),
    ]
    found = (_description(path, path.stat().st_mtime_ns) for path in files)
    return {each.name: each for each in found}


def described(name: str) -> ModelDescription | None:
    """The description of an alias or of a hub id (its revision aside)."""
    plain_name = name.partition("@")[0]
    known = descriptions()
    return known.get(plain_name) or next((each for each in known.values() if plain_name in each.hub), None)


@lru_cache(maxsize=256)
def _description(path: Path, changed: int) -> ModelDescription:
    return check_model(ModelDescription, read_yaml_mapping(path, ModelMistake), str(path), ModelMistake)
