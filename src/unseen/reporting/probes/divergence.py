"""What `probe divergence` tells."""

from __future__ import annotations

from dataclasses import asdict

from unseen.probe.divergence import Divergence, Mean
from unseen.reporting.figures.panels import Mark, Panel, Series
from unseen.reporting.numbers import counted
from unseen.reporting.probes.told import Told, ends_of, with_ends
from unseen.study.probes.divergence import DivergenceFound

CAVEATS = (
    "D(p || general) is the Kullback-Leibler divergence: how much more likely p finds the answers that it gives than "
    "the general model does, as a mean of logarithms (nats) an answer; 0 where the two never differ.",
    "The hypothesis is DELIA's: a model tuned on one wording (narrow) is farther from the general model than one that "
    "knows the task as such, for which a model tuned on many wordings (broad) stands here.",
    "Intervals are over prompts, of these two models: other seeds of the tuning are other models, and are not in them.",
    "The model tuned on many wordings may itself be far from one that knows the task as such, which nobody has.",
    "Answers are drawn at temperature 1 and broken off at the longest length: divergences are of answers up to there.",
    "The divergence grows with how far a model was tuned: compare runs of equal steps and equal learning rate.",
)
NAMES = ("D(narrow || general)", "D(broad || general)", "difference")
WORDS = {
    "borne out": "the hypothesis is borne out",
    "contradicted": "the hypothesis is contradicted",
    "not decided": "the hypothesis is not decided by so many prompts",
}


def told_divergence(found: DivergenceFound) -> Told:
    means = (found.narrow.exact, found.broad.exact, found.hypothesis.difference)
    samples = (found.narrow.sampled, found.broad.sampled)
    return Told(
        probe="divergence",
        sentence=sentence(found),
        panels=[_panel(means, samples)],
        heads=("of", "exact along the draws, nats an answer", "by log-ratios alone", "prompts"),
        lines=[
            [name, with_ends(mean), with_ends(sample) if sample else "", str(mean.prompts)]
            for name, mean, sample in zip(NAMES, means, (*samples, None), strict=True)
        ],
        caveats=CAVEATS,
        settings=asdict(found.asked),
        models=found.models,
        counts=found.counts,
        points={
            "narrow": _numbers(found.narrow),
            "broad": _numbers(found.broad),
            "difference": asdict(found.hypothesis.difference),
            "verdict": found.hypothesis.verdict,
        },
    )


def sentence(found: DivergenceFound) -> str:
    narrow, broad, less = found.narrow.exact, found.broad.exact, found.hypothesis.difference
    return (
        f"D(narrow || general) is {with_ends(narrow)} nats an answer and D(broad || general) {with_ends(broad)}, a "
        f"difference of {with_ends(less)} over {counted(less.prompts, 'prompt')}: {WORDS[found.hypothesis.verdict]}."
    )


def _panel(means: tuple[Mean, ...], samples: tuple[Mean, ...]) -> Panel:
    exact = [Mark(place - 0.06, mean.value, ends_of(mean)) for place, mean in enumerate(means)]
    rough = [Mark(place + 0.06, mean.value, ends_of(mean)) for place, mean in enumerate(samples)]
    return Panel(
        "Divergence from the general model, by which model drew the answers",
        "",
        "nats an answer, 95 %",
        [Series("exact along the draws", exact, "marks"), Series("by log-ratios alone", rough, "marks")],
        axis="names",
        names=NAMES,
        levels=[("", 0.0)],
    )


def _numbers(found: Divergence) -> dict[str, object]:
    means = {"exact": asdict(found.exact), "sampled": asdict(found.sampled)}
    return {**means, "by_prompt": found.by_prompt, "tokens": found.tokens}
