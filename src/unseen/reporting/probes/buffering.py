"""What `probe buffering` tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from unseen.probe.buffering import Cancellation
from unseen.probe.turning import Turned
from unseen.reporting.figures.panels import Mark, Panel, Series
from unseen.reporting.numbers import counted, whole
from unseen.reporting.probes.told import Told, ends_of, number, with_ends
from unseen.study.probes.buffering import BufferingFound
from unseen.study.probes.tuned_alone import Alone

CAVEATS = (
    "Cancellation is the norm of summed gradients over the sum of their norms: 1 where all point alike, and by chance "
    "1 over the root of how many there are.",
    "Gradients are of the linear layers before the head at the start model; embeddings and the head are left out.",
    "Intervals are over examples and prompts (jackknife, Fisher, Student's t); how far parameters moved is of one "
    "tuning each, and has none.",
    "The sum of few gradients has noise of its own, which draws cosines towards 0.",
    "D(tuned || start) is the Kullback-Leibler divergence, in nats an answer: how much more likely the model after the "
    "steps finds its own answers than the start model does; 0 where the two never differ.",
    "Rows in one wording and rows in many are different rows. A cosine says where a step points at the start model, "
    "not what many steps come to.",
)

ON = {"diverse": "diverse data", "task": "the task"}


def told_buffering(found: BufferingFound) -> Told:
    gradients = found.gradients
    return Told(
        probe="buffering",
        sentence=sentence(found),
        panels=list(_panels(found)),
        heads=("what", "value, 95 %", "over"),
        lines=list(_lines(found)),
        caveats=CAVEATS,
        settings={**asdict(found.asked), "recipe": found.asked.recipe.canonical()},
        models=found.models,
        counts=found.counts,
        points={
            "cancellation": {"diverse": asdict(gradients.diverse), "task": asdict(gradients.task)},
            "toward_many_wordings": [asdict(each) for each in gradients.turned],
            "norms": dict(gradients.norms),
            "similarity": gradients.similarity,
            "change": gradients.change,
            "correlation": None if gradients.correlation is None else asdict(gradients.correlation),
            "alone": [_numbers(each) for each in found.alone],
        },
    )


def sentence(found: BufferingFound) -> str:
    """The claims, each with its number. The ratio told is the recipe's own, else the first that was asked: the best of
    many would be the best by chance too."""
    gradients, parts = found.gradients, []
    own, task = gradients.diverse, gradients.task
    parts.append(
        f"Summed, {counted(own.examples, 'diverse gradient')} keep {with_ends(own.ratio, 2)} of their norms (by chance "
        f"{number(own.by_chance, 2)}), the task's {with_ends(task.ratio, 2)} (by chance {number(task.by_chance, 2)})"
    )
    parts += [_said(each) for each in found.alone]
    if gradients.correlation is not None:
        parts.append(
            f"tuning changed a diverse item's norm with rank correlation {with_ends(gradients.correlation, 2)} to its "
            "similarity with the task"
        )
    return "; ".join([*parts, _turn(found.told)]) + "."


def _turn(told: Turned) -> str:
    word = (
        "is not shown to change"
        if told.gain.low <= 0 <= told.gain.high
        else "raises"
        if told.gain.low > 0
        else "lowers"
    )
    return (
        f"mixing in diverse data at ratio {told.ratio:g} {word} the cosine with the gradient of many wordings "
        f"({with_ends(told.cosine)}, a change of {with_ends(told.gain, 2)} from the task alone)"
    )


def _said(alone: Alone) -> str:
    return (
        f"{counted(alone.steps, 'step')} on {ON[alone.on]} alone moved "
        f"parameters by {number(100 * alone.moved.distance, 2)} % and general answers by "
        f"{with_ends(alone.divergence.exact, 2)} nats"
    )


def _panels(found: BufferingFound) -> Iterator[Panel]:
    gradients = found.gradients
    yield Panel(
        "How far gradients cancel",
        "",
        "norm of the sum over the sum of norms",
        [Series("ratio, 95 %", [_mark(0, gradients.diverse), _mark(1, gradients.task)], "marks"),
         Series("by chance", [Mark(0, gradients.diverse.by_chance), Mark(1, gradients.task.by_chance)], "marks")],
        axis="names",
        names=("diverse data", "the task, one wording"),
        levels=[("", 0.0)],
    )  # fmt: skip
    marks = [Mark(each.ratio, each.cosine.value, ends_of(each.cosine)) for each in gradients.turned]
    yield Panel(
        "Toward the gradient of many wordings",
        "diverse items for each row of the task (0: the task alone)",
        "cosine, 95 %",
        [Series("mixed gradient", marks)],
        axis="doublings",
    )
    if gradients.change is not None:
        pairs = zip(gradients.similarity.tolist(), gradients.change.tolist(), strict=True)
        yield Panel(
            "What tuning on the task did to each diverse item",
            "cosine of the item's gradient with the task's, before",
            "change of the norm's logarithm",
            [Series("diverse items", [Mark(at, value) for at, value in pairs], "cloud")],
            levels=[("no change", 0.0)],
        )
    if found.alone:
        yield _alone_panel(found)


def _alone_panel(found: BufferingFound) -> Panel:
    marks = [Mark(n, a.divergence.exact.value, ends_of(a.divergence.exact)) for n, a in enumerate(found.alone)]
    return Panel(
        f"What {counted(found.asked.steps, 'step')} alone did to answers to general prompts",
        "",
        "D(tuned || start), nats an answer, 95 %",
        [Series("general prompts", marks, "marks")],
        axis="names",
        names=["on diverse data" if a.on == "diverse" else "on the task, one wording" for a in found.alone],
        levels=[("", 0.0)],
    )


def _mark(at: int, found: Cancellation) -> Mark:
    return Mark(at, found.ratio.value, ends_of(found.ratio))


def _lines(found: BufferingFound) -> Iterator[tuple[str, str, str]]:
    """What was measured, its value, and how many of what it is over."""
    gradients = found.gradients
    for name, each in (("diverse data", gradients.diverse), ("the task", gradients.task)):
        over = counted(each.examples, "example")
        yield f"cancellation of {name}", with_ends(each.ratio), over
        yield f"by chance, of so many of {name}", number(each.by_chance), over
        yield f"mean product of two different gradients over their mean square, {name}", with_ends(each.alike), over
    if gradients.correlation is not None:
        over = counted(len(gradients.similarity), "diverse item")
        yield (
            "rank correlation of a norm's change with the item's similarity to the task",
            with_ends(gradients.correlation),
            over,
        )
    sets = gradients.task.examples, gradients.diverse.examples, int(found.counts["wordings"])
    over = f"{' + '.join(map(whole, sets))} examples"
    for turn in gradients.turned:
        yield f"cosine with the gradient of many wordings, ratio {turn.ratio:g}", with_ends(turn.cosine), over
        yield f"gain over the task alone, ratio {turn.ratio:g}", with_ends(turn.gain), over
    for alone in found.alone:
        on, steps = ON[alone.on], counted(alone.steps, "step")
        yield f"all parameters moved, |after - before| / |before|, {on} alone", number(alone.moved.distance), steps
        yield f"linear layers moved, {on} alone", number(alone.moved.linear), steps
        prompts = counted(alone.divergence.exact.prompts, "prompt")
        yield (
            f"D(tuned || start), nats an answer to a general prompt, {on} alone",
            with_ends(alone.divergence.exact),
            prompts,
        )


def _numbers(alone: Alone) -> dict[str, object]:
    own = {
        name: getattr(alone, name) for name in ("on", "steps", "examples", "supervised_tokens", "answers", "broken_off")
    }
    divergence = {"exact": asdict(alone.divergence.exact), "sampled": asdict(alone.divergence.sampled)}
    return {**own, "moved": asdict(alone.moved), "divergence": divergence, "by_prompt": alone.divergence.by_prompt}
