"""The identity of a run: what changes its result is in, where and how fast it was computed is not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from unseen.prompt.hints import Hinted
from unseen.recipe import NOT_IN_FINGERPRINT, Recipe
from unseen.task.task import Task

PACKAGES = ("torch", "transformers", "tokenizers", "accelerate", "peft", "numpy", "pyarrow", "jinja2")


def fingerprint(recipe: Recipe, tasks: Sequence[Task], row_digests: Mapping[str, str], model_digest: str) -> str:
    """SHA-256 (hex) of the recipe's deciding values, the templates, the rows' contents, the model and our version.

    `row_digests` maps `task/split` to the digest of those rows' contents.
    """
    values = recipe.canonical()
    return identity_digest(values, template_digests(tasks), row_digests, model_digest, versions()["unseen"])


def identity_digest(
    recipe: Mapping[str, Any], templates: Mapping[str, str], rows: Mapping[str, str], model: str, unseen: str
) -> str:
    """The same of what a record holds: recipe values, digests of templates, rows and model, version of `unseen`."""
    identity = {
        "unseen": unseen,
        "recipe": deciding_values(recipe),
        "templates": dict(templates),
        "rows": dict(rows),
        "model": model,
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def template_digests(tasks: Sequence[Task]) -> dict[str, str]:
    """SHA-256 of all ways to ask each task, wherever their files lie, and of the hints behind them; of a task that
    comes twice, of all its ways."""
    ways: dict[str, list[dict[str, Any]]] = {}
    for task in tasks:
        known = ways.setdefault(task.name, [])
        known += [way for each in task.templates + task.plain if (way := asdict(each) | {"where": ""}) not in known]
        hints = dict.fromkeys(each.digest for each in task.rewordings if isinstance(each, Hinted))
        known += [{"hints": digest} for digest in hints]
    return {name: _digest(known) for name, known in ways.items()}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def deciding_values(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's values without those that change only where, how fast or how watched it runs, and without what is
    said of new tokens, of diverse data, of its stages, of noise and of hints where there are none: such a recipe is
    what it was before recipes knew them.
    """
    values = deepcopy(dict(recipe))
    worded = values.get("diversity", {}).get("wordings") is not None
    hinted = values["evaluate"].get("hints") is not None
    for key in NOT_IN_FINGERPRINT:
        place = values
        *parents, last = key.split(".")
        for parent in parents:
            place = place.get(parent) or {}
        place.pop(last, None)
    if not values.get("tokens"):
        values.pop("tokens", None)
        values["train"].pop("new_rows", None)
    if not values.get("diversity", {}).get("ratio"):
        values.pop("diversity", None)
    elif values["diversity"].get("schedule") != "stages":
        values["diversity"].pop("fraction", None)
    if not values["train"].get("embedding_noise"):
        values["train"].pop("embedding_noise", None)
    if not worded:
        values["evaluate"].pop("wordings", None)
    if not hinted:
        values["evaluate"].pop("hints", None)
    return values


def versions() -> dict[str, str]:
    """Versions of `unseen` and of the packages that compute its numbers."""
    found = {"unseen": _version("unseen")}
    return found | {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
