"""Asking a model the tasks of a prepared recipe: both sides, into predictions and scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from unseen.ask.backend import Backend, ask
from unseen.ask.cache import AnswerCache
from unseen.ask.hf import HfBackend
from unseen.ask.question import Answer, Question
from unseen.data.places import cache
from unseen.evaluation.evaluate import Asking, evaluate
from unseen.evaluation.prediction import Prediction, Side
from unseen.evaluation.rows import Counts
from unseen.phases import Advance, Phase, Phases
from unseen.progress import phased, say
from unseen.recipe import MANY
from unseen.study.formats import format_for, plain_format
from unseen.study.prepare import Prepared
from unseen.study.recipe_wordings import most_templates
from unseen.study.sides import sides_of
from unseen.train.ranks import ALONE, Ranks

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What one model answered, and how many questions each reason left out, by (side, task, reason). `reading` is
    `trie`, or `plain` and why, or `shared sources` of an encoder-decoder."""

    predictions: tuple[Prediction, ...]
    left_out: dict[str, int]
    reading: str


def ask_model(prepared: Prepared, model: LanguageModel, name: str, ranks: Ranks = ALONE) -> Asked:
    """Ask `model`, called `name` in the predictions, everything that the recipe wants.

    An untuned base model is asked GPT-3-style plain prompts too. Answers are kept by the model's content, so asking
    again, or going on after a kill, costs nothing for what was answered. Several ranks share the questions, and each
    gets all answers.
    """
    backend = backend_of(prepared, model)
    if backend.reading.startswith("plain"):
        say(f"the {name} model is asked row by row ({backend.reading})")
    opened = ranks.in_turn(lambda: AnswerCache(cache() / "answers.sqlite"))  # so that one makes it
    with opened as answers, phased() as phases:
        asking = asking_of(prepared, backend, name)
        told = in_rounds(phases, f"asking {name}", rounds(prepared, asking))
        asking = replace(asking, ask=partial(ask_together, ranks), cache=answers, progress=told)
        return Asked(*ask_all(prepared, asking), backend.reading)


def rounds(prepared: Prepared, asking: Asking) -> int:
    """How many times a model is asked a task: each once, and once more with plain prompts where `asking` has them."""
    plainly = asking.plain is not None and asking.settings.plain_base
    tasks = [task for _, tasks in sides_of(prepared) for task in tasks if not task.turned]
    return len(tasks) + sum(plainly and bool(task.plain) for task in tasks)


def in_rounds(phases: Phases, what: str, total: int) -> Callable[[str], Advance]:
    """Enters a phase for each round, which is named by its task: questions are counted anew in each."""
    numbers = count(1)
    return lambda label: phases(Phase(f"{what}, {label} ({next(numbers)} of {total}):", "questions"))


def ask_all(prepared: Prepared, asking: Asking) -> tuple[tuple[Prediction, ...], dict[str, int]]:
    """Every question of both sides, as `asking` puts them; and how many of them were left out, by reason."""
    counts: dict[Side, Counts] = {"seen": Counter(), "unseen": Counter()}
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
    return predictions, left_out


def most_left_out(asked: Sequence[Asked]) -> dict[str, int]:
    """How many questions each reason left out; models are asked the same rows, so the larger count is that of any."""
    left_out = Counter[str]()
    for part in asked:
        left_out |= Counter(part.left_out)
    return dict(left_out)


def ask_together(
    ranks: Ranks, backend: Backend, questions: Sequence[Question], cache: AnswerCache | None, progress: Advance
) -> list[Answer]:
    """As `ask`, each rank a share: every so-manieth question, so that all have as much of every template, and the same
    share when a run goes on."""
    shares = ranks.gathered(ask(backend, questions[ranks.rank :: ranks.count], cache, progress))
    return [shares[place % ranks.count][place // ranks.count] for place in range(len(questions))]


def backend_of(prepared: Prepared, model: LanguageModel) -> HfBackend:
    recipe = prepared.recipe
    return HfBackend(model, format_for(recipe, model), recipe.train.batch_tokens, recipe.train.max_tokens)


def asking_of(prepared: Prepared, backend: HfBackend, name: str) -> Asking:
    """Who is asked, and how the recipe wants it; no answer is known beforehand."""
    recipe = prepared.recipe
    limits = recipe.train.batch_tokens, recipe.train.max_tokens
    format = plain_format(backend.format)
    plain = HfBackend(backend.model, format, *limits, "open", backend.way) if name == "base" else None
    return Asking(
        backend=backend,
        settings=settings_of(prepared),
        rows_of=prepared.rows,
        model=name,
        seed=recipe.seed,
        plain=plain,
    )


def _on_side(asking: Asking, prepared: Prepared, side: Side) -> Asking:
    """On the seen side only new rows are asked; what the unseen side may hold is the hold-out's to say."""
    return replace(asking, allowed=prepared.is_new) if side == "seen" else asking


def settings_of(prepared: Prepared) -> Any:
    """The evaluation's settings; templates per task are all formats, all wordings that were chosen, or the tuning's
    where the recipe says nothing."""
    settings = prepared.recipe.evaluate
    chosen = MANY if prepared.recipe.diversity.wordings else None
    templates = chosen or settings.formats or most_templates(prepared.recipe)
    return settings.model_copy(update={"templates": templates})
