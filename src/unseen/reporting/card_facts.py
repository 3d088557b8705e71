"""What a model card's front matter says, in the hub's words (its "model card metadata" and `model-index`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unseen.data.dataset import Dataset
from unseen.errors import UserMistake
from unseen.evaluation.task_scores import ScoreRow
from unseen.model.description import described
from unseen.model.hub import HUB_ID
from unseen.reporting.findings import ends, is_void, medians
from unseen.reporting.numbers import counted, limits, metric_name, shots_name
from unseen.reporting.run_data import RunData
from unseen.task.catalog import load_catalog
from unseen.task.variants import base_name

# Licences that the hub names as SPDX does, in lower case.
LICENCES = ("Apache-2.0", "MIT", "BSD-3-Clause", "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0")
METRIC_IDS = {"rouge_l": "rouge"}  # where the hub's id of a metric is another than ours


@dataclass(frozen=True, slots=True)
class Sources:
    """What the catalogs say of the datasets that were tuned on. `unknown` are tasks that no catalog here describes."""

    languages: tuple[str, ...]
    hub_ids: tuple[str, ...]
    licences: Mapping[str, str]
    unknown: tuple[str, ...]


def sources(run: RunData) -> Sources:
    """Languages, hub ids and licences of the seen tasks, as far as this machine's catalogs describe them."""
    known = _described(run.record.recipe.get("catalogs", ()))
    names = tuple(dict.fromkeys(map(base_name, run.record.tasks.seen)))
    found = {name: known[name] for name in names if name in known}
    paths = [source.path for each in found.values() for source in each.splits.values() if source.format == "hub"]
    return Sources(
        tuple(dict.fromkeys(language for each in found.values() for language in each.language)),
        tuple(dict.fromkeys(path.partition("@")[0] for path in paths if HUB_ID.fullmatch(path))),
        {name: each.licence for name, each in found.items()},
        tuple(name for name in names if name not in found),
    )


def _described(catalogs: Sequence[str]) -> dict[str, Dataset]:
    """Datasets by task; none where a catalog has moved since, which is no reason to have no card."""
    try:
        return {each.task: each for each in load_catalog(catalogs).datasets}
    except (UserMistake, OSError):
        return {}


def hub_id_of(name: str) -> str | None:
    """The hub's id of a model that a recipe names; None for a folder of this machine."""
    known = described(name)
    if known and known.hub:
        plain = name.partition("@")[0]
        return plain if plain in known.hub else known.hub[0]
    return name.partition("@")[0] if HUB_ID.fullmatch(name) and name.count("/") == 1 else None


def front_matter(run: RunData, about: Mapping[str, Any], found: Sources) -> dict[str, Any]:
    """The card's metadata; what is not known is left out, as the hub wants it."""
    name, adapter = run.record.model.name, about.get("method") != "full"
    base, known = hub_id_of(name), described(name)
    values = {
        "library_name": "peft" if adapter else "transformers",
        "base_model": base,
        "base_model_relation": ("adapter" if adapter else "finetune") if base else None,
        "pipeline_tag": "text-generation",
        "license": licence_id(known.licence) if known else None,
        "language": list(found.languages),
        "datasets": list(found.hub_ids),
        "tags": ["unseen", "instruction-tuning", *(["lora"] if about.get("method") == "lora" else [])],
        "model-index": model_index(run),
    }
    return {key: value for key, value in values.items() if value}


def licence_id(licence: str) -> str | None:
    """The hub's id of a licence; None where it has none, so that nothing wrong is said."""
    return licence.lower() if licence in LICENCES else None


def model_index(run: RunData) -> list[dict[str, Any]]:
    """The tuned model's scores on unseen tasks that are not void, one result a task and number of shots."""
    rows = [r for r in medians(run.scores) if (r.model, r.side) == ("tuned", "unseen")]
    kept: dict[tuple[str, int], list[ScoreRow]] = {}
    for row in rows:
        if not is_void(run, row.task, row.side):
            kept.setdefault((str(row.task), row.shots), []).append(row)
    results = [_result(run, task, shots, found) for (task, shots), found in kept.items()]
    return [{"name": f"{run.record.name}-{run.record.fingerprint[:8]}", "results": results}] if results else []


def _result(run: RunData, task: str, shots: int, rows: Sequence[ScoreRow]) -> dict[str, Any]:
    cluster, _, name = base_name(task).partition("/")
    splits = sorted({each.split for each in run.predictions if each.task == task and each.side == "unseen"})
    return {
        "task": {"type": "text-generation", "name": f"{cluster}, {shots_name(shots)}, not tuned on here"},
        "dataset": {"type": name, "name": task, **({"split": splits[0]} if len(splits) == 1 else {})},
        "metrics": list(map(_metric, rows)),
    }


def _metric(row: ScoreRow) -> dict[str, Any]:
    told = f"{metric_name(row.metric)}, 0 to 100, median over templates"
    return {
        "type": METRIC_IDS.get(row.metric, row.metric),
        "value": round(row.score, 1),
        "name": f"{told}, 95 % {limits(ends(row))}, {counted(row.count, 'row')}",
    }


def licences(found: Sources) -> Iterator[str]:
    """A line for each dataset that was tuned on."""
    for name, licence in found.licences.items():
        yield f"{name}: {licence or 'its description names no licence'}"
    for name in found.unknown:
        yield f"{name}: no catalog here describes it, so its licence and language are not told"
