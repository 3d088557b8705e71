"""Asking a model the tasks of a prepared recipe: both sides, into predictions and scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from unseen.ask.backend import Backend, ask
from unseen.ask.cache import AnswerCache
from unseen.ask.hf import HfBackend
from unseen.ask.question import Answer, Question
from unseen.data.places import cache
from unseen.encode.format import Format, format_of
from unseen.evaluation.evaluate import Asking, evaluate
from unseen.evaluation.prediction import Prediction, Side
from unseen.evaluation.rows import Counts
from unseen.progress import Advance, bar, say
from unseen.study.prepare import Prepared
from unseen.task.task import Task
from unseen.train.ranks import ALONE, Ranks

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What one model answered, and how many questions each reason left out, by (side, task, reason). `reading` is
    `trie`, or `plain` and why."""

    predictions: tuple[Prediction, ...]
    left_out: dict[str, int]
    reading: str


def sides_of(prepared: Prepared) -> list[tuple[Side, Sequence[Task]]]:
    """The tasks that are asked, by side; the seen side where the recipe wants it and has rows for it."""
    seen = prepared.seen if prepared.recipe.evaluate.seen else ()
    return [("unseen", prepared.unseen), ("seen", seen)]


def ask_model(prepared: Prepared, model: LanguageModel, name: str, ranks: Ranks = ALONE) -> Asked:
    """Ask `model`, called `name` in the predictions, everything that the recipe wants.

    An untuned base model is asked GPT-3-style plain prompts too. Answers are kept by the model's content, so asking
    again, or going on after a kill, costs nothing for what was answered. Several ranks share the questions, and each
    gets all answers.
    """
    counts: dict[Side, Counts] = {"seen": Counter(), "unseen": Counter()}
    backend = _backend(prepared, model)
    if backend.reading != "trie":
        say(f"the {name} model is asked row by row ({backend.reading})")
    opened = ranks.in_turn(lambda: AnswerCache(cache() / "answers.sqlite"))  # so that one makes it
    with opened as answers, bar(f"asking {name}") as advance:
        asking = replace(_asking(prepared, backend, name, answers, advance), ask=partial(ask_together, ranks))
        predictions = tuple(
            prediction
            for side, tasks in sides_of(prepared)
            for prediction in evaluate(_on_side(asking, prepared, side), tasks, side, counts[side])
        )
    left_out = {
        f"{side}: {task}: {reason}": number
        for side, each in counts.items()
        for (task, reason), number in sorted(each.items())
        if number
    }
    return Asked(predictions, left_out, backend.reading)


def ask_together(
    ranks: Ranks, backend: Backend, questions: Sequence[Question], cache: AnswerCache | None, progress: Advance
) -> list[Answer]:
    """As `ask`, each rank a share: every so-manieth question, so that all have as much of every template, and the same
    share when a run goes on."""
    shares = ranks.gathered(ask(backend, questions[ranks.rank :: ranks.count], cache, progress))
    return [shares[place % ranks.count][place // ranks.count] for place in range(len(questions))]


def _backend(prepared: Prepared, model: LanguageModel) -> HfBackend:
    recipe = prepared.recipe
    format = format_of(recipe.format, model.tokenizer, recipe.system)
    return HfBackend(model, format, recipe.train.batch_tokens, recipe.train.max_tokens)


def _asking(prepared: Prepared, backend: HfBackend, name: str, answers: AnswerCache, advance: Advance) -> Asking:
    recipe = prepared.recipe
    limits = recipe.train.batch_tokens, recipe.train.max_tokens
    plain = HfBackend(backend.model, Format("plain"), *limits, "open", backend.way) if name == "base" else None
    return Asking(
        backend=backend,
        settings=settings_of(prepared),
        rows_of=prepared.rows,
        model=name,
        seed=recipe.seed,
        plain=plain,
        cache=answers,
        progress=lambda task: advance,
    )


def _on_side(asking: Asking, prepared: Prepared, side: Side) -> Asking:
    """On the seen side only new rows are asked; what the unseen side may hold is the hold-out's to say."""
    return replace(asking, allowed=prepared.is_new) if side == "seen" else asking


def settings_of(prepared: Prepared) -> Any:
    """The evaluation's settings; templates per task are the tuning's where the recipe says nothing else."""
    settings = prepared.recipe.evaluate
    return settings.model_copy(update={"templates": settings.templates or prepared.recipe.templates.per_task})
