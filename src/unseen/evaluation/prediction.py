"""A prediction: what one model was asked about one row, what it answered, and how that was judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from unseen.ask.question import Answer, Question
from unseen.evaluation.metrics import ROW_METRICS, row_value
from unseen.prompt.example import Example
from unseen.prompt.fit import exemplars_in

Side = Literal["seen", "unseen"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with all that says where it stands in an evaluation.

    `seed` is the seed of the exemplar draw; `plain` marks a GPT-3-style template, which only untuned models are asked.
    """

    question: Question
    side: Side
    model: str
    shots: int
    seed: int
    metrics: tuple[str, ...]
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row of `predictions.parquet`.

    `values` holds 0..100 for each row metric of the task; corpus-level metrics are taken from `text` and `references`.
    `log_probs` are nats summed over an option's `lengths` tokens; `chosen` and `correct` index `choices`; `margin` is
    the lead of the chosen option in nats. `cut` says that the prompt was fitted to length; `shown` is how
    many of the `shots` exemplars were left then.
    """

    task: str
    template: str
    split: str
    row: int
    side: Side
    model: str
    shots: int
    seed: int
    kind: Literal["choose", "generate"]
    plain: bool
    prompt: str
    text: str
    references: tuple[str, ...]
    metrics: tuple[str, ...]
    values: Mapping[str, float] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    correct: int | None = None
    chosen: int | None = None
    log_probs: tuple[float, ...] = ()
    lengths: tuple[int, ...] = ()
    unconditional: tuple[float, ...] = ()
    margin: float | None = None
    cut: bool = False
    shown: int | None = None

    @property
    def row_id(self) -> tuple[str, int]:
        """The row within its dataset; the same for every template, model, shot and seed."""
        return self.split, self.row


def accepted(example: Example) -> tuple[str, ...]:
    """Every text that counts as right: the right choice, the references, or else the completion."""
    right = () if example.choices is None or example.answer is None else (example.choices[example.answer],)
    return tuple(dict.fromkeys((*right, *example.references))) or ((example.completion,) if example.completion else ())


def predicted(asked: Asked, answer: Answer) -> Prediction:
    """The prediction that `answer` makes, judged by the row metrics among `asked.metrics`."""
    example = asked.question.example
    references = accepted(example)
    choosing = example.choices is not None and answer.chosen is not None
    values = {name: row_value(name, answer.text, references) for name in asked.metrics if name in ROW_METRICS}
    return Prediction(
        task=example.task,
        template=example.template,
        split=example.split,
        row=example.row,
        side=asked.side,
        model=asked.model,
        shots=asked.shots,
        seed=asked.seed,
        kind="choose" if choosing else "generate",
        plain=asked.plain,
        prompt=as_asked(example),
        text=answer.text,
        references=references,
        metrics=asked.metrics,
        values=values,
        choices=(example.choices or ()) if choosing else (),
        correct=example.answer if choosing else None,
        chosen=answer.chosen,
        log_probs=answer.log_probs,
        lengths=answer.lengths,
        unconditional=answer.unconditional,
        margin=answer.margin,
        cut=answer.cut,
        shown=_shown(example, asked.shots, answer.dropped),
    )


def _shown(example: Example, shots: int, dropped: int) -> int:
    """How many of `shots` exemplars are left when `dropped` went; the examples of an instruction go before them."""
    of_instruction = exemplars_in(example) - shots
    return shots - max(0, dropped - of_instruction)


def as_asked(example: Example) -> str:
    """Text of everything before the completion: the prompt alone, or every turn under its role's name."""
    before = example.segments[:-1] if example.segments[-1].role == "assistant" else example.segments
    if len(before) == 1:
        return before[0].text
    return "\n\n".join(f"[{segment.role}]\n{segment.text}" for segment in before)
