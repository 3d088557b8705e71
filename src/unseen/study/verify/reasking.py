"""Whether the stored predictions are of the questions that the recipe asks, and come out again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from unseen.ask.backend import Advance, Backend, ask
from unseen.ask.cache import AnswerCache
from unseen.ask.question import Answer, Choose, Question
from unseen.evaluation.prediction import Prediction
from unseen.study.asking import ask_all, asking_of, backend_of
from unseen.study.prepare import Prepared
from unseen.study.verify.outcome import NOTHING, Check, Difference, compared, judged, shown
from unseen.study.verify.rescoring import told_of
from unseen.task.seeds import generator

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

SAMPLED = 20  # questions of each model that are asked again
# Nats. In half precision a question's numbers depend on what stands beside it in a batch.
WITHIN = {"float32": 1e-4, "bfloat16": 0.1, "float16": 0.02}
PLACE = ("task", "template", "split", "row", "side", "shots", "seed", "plain")
ASKED = ("kind", "prompt", "references", "metrics", "choices", "correct")
ANSWERED = ("text", "chosen", "log_probs", "lengths", "unconditional", "cut")


@dataclass(eq=False)
class Collector:
    """Stands in for asking: notes the questions at the places in `wanted`, and gives each an answer of no model."""

    wanted: frozenset[int]
    met: int = 0
    held: list[tuple[int, Backend, Question]] = field(default_factory=list)

    def __call__(
        self, backend: Backend, questions: Sequence[Question], cache: AnswerCache | None, progress: Advance
    ) -> list[Answer]:
        for place, question in enumerate(questions, self.met):
            if place in self.wanted:
                self.held.append((place, backend, question))
        self.met += len(questions)
        return [_stand_in(question) for question in questions]


def _stand_in(question: Question) -> Answer:
    return Answer((question.example.choices or ("",))[0], chosen=0) if isinstance(question, Choose) else Answer("")


@dataclass(frozen=True, slots=True, eq=False)
class Reasked:
    """What was found of one model's predictions, and what a run would leave out of its questions now."""

    checks: tuple[Check, ...]
    left_out: Mapping[str, int]
    reading: str


def check_predictions(
    prepared: Prepared, model: LanguageModel, name: str, stored: Sequence[Prediction], fingerprint: str, sample: int
) -> Reasked:
    """Render every question of the model called `name` again, and ask `sample` of them anew."""
    backend = backend_of(prepared, model)
    draw = generator(int(fingerprint[:16], 16), "asked again", name)
    wanted = draw.choice(len(stored), size=min(sample, len(stored)), replace=False).tolist()
    collector = Collector(frozenset(wanted))
    rendered, left_out = ask_all(prepared, replace(asking_of(prepared, backend, name), ask=collector))
    questions = check_questions(name, stored, rendered)
    checks = [questions]
    if sample and questions.outcome == "holds":
        checks.append(check_answers(name, stored, collector.held, WITHIN[model.dtype]))
    elif sample:
        checks.append(Check(f"answers of {name}", "skipped", "its questions are not those that were asked"))
    return Reasked(tuple(checks), left_out, backend.reading)


def check_questions(name: str, stored: Sequence[Prediction], rendered: Sequence[Prediction]) -> Check:
    """Whether rows, templates, prompts, choices and references are those that rendering gives now."""
    before = {_place(each): each for each in stored}
    now = {_place(each): each for each in rendered}
    told = f"{len(stored)} prompts, choices and references are those of the rows and templates"
    return judged(f"questions of {name}", told, _unlike(before, now))


def _unlike(before: Mapping[Any, Prediction], now: Mapping[Any, Prediction]) -> Iterator[Difference]:
    for place, each in before.items():
        if place not in now:
            yield Difference(told_of(each), "asked", "not a question of this recipe")
            continue
        for part in ASKED:
            yield from compared(getattr(each, part), getattr(now[place], part), f"{told_of(each)}: {part}")
    for place in now.keys() - before.keys():
        yield Difference(told_of(now[place]), "not asked", "a question of this recipe")


def check_answers(
    name: str, stored: Sequence[Prediction], held: Sequence[tuple[int, Backend, Question]], within: float
) -> Check:
    """Ask the held questions again, without the cache."""
    differences: list[Difference] = []
    agreed = narrow = 0
    for place, answer in _asked_again(held):
        found = list(_other(stored[place], answer, within))
        is_narrow = bool(found) and _is_narrow(stored[place], answer, within)
        narrow += is_narrow
        agreed += not found or is_narrow
        differences += [] if is_narrow else found
    said = f", {narrow} of them a choice that is narrower than that" if narrow else ""
    told = f"re-asked {len(held)} of {len(stored)}: {agreed} the same, scores within {within:g} nats{said}"
    return judged(f"answers of {name}", told, differences)


def _asked_again(held: Sequence[tuple[int, Backend, Question]]) -> Iterator[tuple[int, Answer]]:
    """The questions of each backend together."""
    for backend in dict.fromkeys(backend for _, backend, _ in held):
        own = [(place, question) for place, other, question in held if other is backend]
        answers = ask(backend, [question for _, question in own])
        yield from ((place, answer) for (place, _), answer in zip(own, answers, strict=True))


def _other(stored: Prediction, answer: Answer, within: float) -> Iterator[Difference]:
    for part in ANSWERED:
        yield from compared(getattr(stored, part), getattr(answer, part), f"{told_of(stored)}: {part}", within)


def _is_narrow(stored: Prediction, answer: Answer, within: float) -> bool:
    """Whether only the choice differs, between options that are as good as equal."""
    apart = list(compared(stored.log_probs, answer.log_probs, "", within))
    return not apart and stored.margin is not None and stored.margin < within


def check_left_out(record: Mapping[str, Any], found: Mapping[str, int]) -> Check:
    """Whether as many questions are left out, for the same reasons, as the record says."""
    told = f"{sum(record['left_out'].values())} questions left out, for {len(record['left_out'])} reasons"
    said, now = record["left_out"], dict(found)
    missing = [Difference(f"left_out.{key}", NOTHING, shown(now[key])) for key in now if key not in said]
    return judged("left out", told, [*compared(said, now, "left_out"), *missing])


def _place(prediction: Prediction) -> tuple[Any, ...]:
    return tuple(getattr(prediction, part) for part in PLACE)
