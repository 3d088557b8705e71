"""What a record says of a run: the facts of its preparation, its format and its tuning."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from unseen.encode.format import format_facts
from unseen.study.fingerprint import template_digests, versions
from unseen.study.formats import format_for
from unseen.study.prepare import Prepared, proof_of
from unseen.study.record import now
from unseen.study.sides import sides_of
from unseen.task.task import Task
from unseen.task.variants import counted_tasks

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel
    from unseen.train.loop import Tuned


def new_record(prepared: Prepared) -> dict[str, Any]:
    """What is known before any model is loaded."""
    recipe = prepared.recipe
    return {
        "name": recipe.name,
        "fingerprint": prepared.fingerprint,
        "command": " ".join(["unseen", *sys.argv[1:]]),
        "started": now(),
        "versions": versions(),
        "recipe": recipe.canonical(),
        "tasks": {
            "seen": _names(prepared.tuned_on),
            "unseen": _names(prepared.unseen),
            "missing": dict(prepared.catalog.missing_of((*recipe.seen, *recipe.unseen))),
            "other_languages": list(prepared.selected.other_languages),
        },
        "lists": {name: each.as_json() for name, each in prepared.selected.lists.items()},
        "model": {
            "name": prepared.model.name,
            "digest": prepared.model.digest,
            "revision": prepared.model.revision,
            "instruction_tuned_on": prepared.model.instruction_tuned_on,
            "conflicts": dict(prepared.conflicts),
        },
        "mixture": {"group": recipe.mixture.group},
        "asked": asked_record(prepared),
        "rows": prepared.rows.digests(),
        "templates": template_digests(prepared.asked_through),
        "hold_out": proof_of(prepared.split),
        "seen_side": proof_of(prepared.seen_split),
        "diverse_side": _diverse_side(prepared),
    }


def _diverse_side(prepared: Prepared) -> dict[str, Any] | None:
    """Of the seen tasks' rows that are asked: how many meet diverse data, in which ways, and their numbers."""
    if prepared.diverse_split is None:
        return None
    proof = prepared.diverse_split.proof
    met = {name: list(numbers) for name, numbers in proof.unclean_unseen.items()}
    return {"counts": [asdict(each) for each in proof.counts], "not_asked": met}


def asked_record(prepared: Prepared) -> dict[str, Any]:
    """How the tasks are asked: what is left of their templates' words, the names of formats, and whose exemplars are
    drawn as ever although they were to be balanced."""
    settings = prepared.recipe.evaluate
    tasks = [task for _, tasks in sides_of(prepared) for task in tasks]
    return {
        "wording": settings.wording or prepared.recipe.templates.wording,
        "formats": {task.name: _formats(task) for task in tasks} if settings.formats else {},
        "not_balanced": [task.name for task in tasks if settings.balanced and task.kind != "choose"],
    }


def _formats(task: Task) -> dict[str, Any]:
    """The names of a task's formats, and of the template that they lay out."""
    return {"template": task.templates[0].name, "names": task.way_names}


def opening_lines(prepared: Prepared) -> list[str]:
    """What a person wants to know before the long part begins."""
    lines = [
        f"{prepared.recipe.name} {prepared.fingerprint[:8]}: seen {counted_tasks(_names(prepared.tuned_on))}; "
        f"unseen {counted_tasks(_names(prepared.unseen))}; model {prepared.model.name}"
    ]
    for name, each in prepared.selected.lists.items():
        told = each.as_json()
        lines.append(f"list {name}: {told['found']} of {told['entries']} datasets are here")
    if prepared.selected.excluded:
        left = ", ".join(prepared.selected.excluded)
        lines.append(f"left out by the rules '{prepared.recipe.hold_out.rules}': {left}")
    if prepared.selected.other_languages:
        lines.append(f"left out for their languages: {len(prepared.selected.other_languages)} tasks")
    if unbalanced := asked_record(prepared)["not_balanced"]:
        lines.append(f"exemplars as drawn, since there are no answer choices to balance: {', '.join(unbalanced)}")
    if prepared.split:
        found = sum(map(len, prepared.split.proof.unclean_unseen.values()))
        shared = f"{found} unseen rows share text with the seen side" if found else "no text on both sides"
        lines.append(f"held out at level {prepared.split.level}; {shared}")
    void = [f"{task} ({', '.join(on)})" for task, on in prepared.conflicts.items() if isinstance(on, tuple)]
    if void:
        lines.append(f"void: the model was tuned on these before: {'; '.join(void)}")
    return lines + idle_settings(prepared)


def idle_settings(prepared: Prepared) -> list[str]:
    """What a recipe says of tokens and diverse data that comes to nothing, in a sentence each."""
    recipe, worded = prepared.recipe, prepared.wordings.wordings
    lines = []
    if recipe.diversity.source is not None and not recipe.diversity.ratio:
        lines.append("diversity.source is left aside, since diversity.ratio is 0")
    if worded is not None and worded.tokens:
        known = {*recipe.tokens, *(each.text for each in prepared.model.all_tokens)}
        lines += [
            f"the wordings say {token}, which is not among tokens, so it is read as any text"
            for token in worded.tokens
            if token not in known
        ]
        lines += [f"no wording says {token}, one of tokens" for token in recipe.tokens if token not in worded.tokens]
    return lines


def _names(tasks: Sequence[Task]) -> list[str]:
    return [task.name for task in tasks]


def format_record(prepared: Prepared, model: LanguageModel) -> dict[str, Any]:
    return asdict(format_facts(model.tokenizer, format_for(prepared.recipe, model)))


def parameter_count(model: LanguageModel) -> int:
    """How many parameters the model has: the size that studies of size are about. Quantised ones count as they were."""
    return int(model.module.num_parameters())


def token_record(model: LanguageModel) -> list[dict[str, Any]]:
    """The tokens that the recipe gave the model: ids, what their rows began from, and the norms of these."""
    from unseen.model.new_tokens import norms

    return norms(model)


def training_record(tuned: Tuned, prepared: Prepared) -> dict[str, Any]:
    """What tuning did, beside the lines of steps.jsonl."""
    tokens, read, nodes, padded = (
        sum(line[name] for line in tuned.steps) for name in ("tokens", "tokens_read", "nodes", "positions")
    )
    return {
        "steps": len(tuned.steps),
        "kept_step": tuned.kept_step,
        "precision": tuned.precision,
        "readout": tuned.readout,
        "processes": tuned.processes,
        "trained_parameters": tuned.trained_parameters,
        "supervised_tokens": sum(line["supervised_tokens"] for line in tuned.steps),
        "tokens": tokens,
        "nodes": nodes,
        "positions_computed": padded,
        "batches": tuned.batches,
        "attention": tuned.attention,
        "sharing_ratio": read / nodes,
        "group": prepared.recipe.mixture.group,
    }
