"""What models said to a question, or chose among, as the tokens that it is made of, beside what counts as right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unseen.encode.encode import encode_whole
from unseen.encode.encoded import Encoded
from unseen.encode.format import Format
from unseen.encode.parts import Part, parts_of
from unseen.encode.tokenizer import Tokenizer
from unseen.evaluation.prediction import Prediction
from unseen.prompt.example import Example, Segment
from unseen.reporting.numbers import counted, metric_name, plain
from unseen.reporting.pairs import Pair

MOST_SAID, MOST_REFERENCES = 50, 5  # choices, and references, that are shown
CONTEXT = 2000  # characters of the prompt's end that answers are cut into tokens behind


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: who gave it or whether it is right, what else is known of it, and its text. `ended`: its end is a
    token too; `ranked`: its tokens have log-probabilities."""

    title: str
    whose: tuple[str, ...]
    facts: tuple[str, ...]
    text: str
    ended: bool
    ranked: bool = False


@dataclass(frozen=True, slots=True)
class AnswerTokens:
    """The tokens of an answer alone, each with its part."""

    said: Said
    encoded: Encoded
    parts: tuple[Part, ...]


def answers_in_tokens(pair: Pair, tokenizer: Tokenizer, layout: Format) -> list[AnswerTokens]:
    """Every answer to the question as tokens, as they follow its prompt; no more choices than `MOST_SAID`, those that
    were chosen or are right always among them."""
    return [_in_tokens(pair.question, each, tokenizer, layout) for each in said_to(pair)]


def said_to(pair: Pair) -> list[Said]:
    return list(_choices(pair) if pair.question.choices else _texts(pair))


def left_out(pair: Pair) -> int:
    """How many choices, or references, are not shown."""
    question = pair.question
    if question.choices:
        return len(question.choices) - len(_shown(pair))
    return max(0, len(question.references) - MOST_REFERENCES)


def _shown(pair: Pair) -> list[int]:
    """The places of the choices that are shown, in their order."""
    count = len(pair.question.choices)
    first = [each.chosen for _, each in pair.answers] + [pair.question.correct]
    wanted = dict.fromkeys([*(place for place in first if place is not None), *range(count)])
    return sorted(list(wanted)[:MOST_SAID])


def _choices(pair: Pair) -> Iterator[Said]:
    question = pair.question
    for place in _shown(pair):
        whose = [f"{name} answered this" for name, each in pair.answers if each.chosen == place]
        right = ["counts as right"] if place == question.correct else []
        scores = [_score(name, each, place) for name, each in pair.answers if place < len(each.log_probs)]
        title = f"Choice {place + 1} of {len(question.choices)}"
        yield Said(title, (*whose, *right), tuple(scores), question.choices[place], ended=True, ranked=True)


def _score(name: str, one: Prediction, place: int) -> str:
    """What a model gave a choice: summed over its tokens as the run counted them, and a token."""
    said = f"{name}: {plain(one.log_probs[place], 2)} nats"
    if place >= len(one.lengths) or not one.lengths[place]:
        return said
    length = one.lengths[place]
    return f"{said} over {counted(length, 'token')}, {plain(one.log_probs[place] / length, 2)} a token"


def _texts(pair: Pair) -> Iterator[Said]:
    for name, each in pair.answers:
        judged = tuple(f"{metric_name(metric)} {plain(value)}" for metric, value in each.values.items())
        yield Said(f"What {name} said", (), judged, each.text, ended=False)
    for number, text in enumerate(pair.question.references[:MOST_REFERENCES], 1):
        several = f" {number} of {len(pair.question.references)}" if len(pair.question.references) > 1 else ""
        yield Said(f"What counts as right{several}", (), (), text, ended=True)


def _in_tokens(question: Prediction, said: Said, tokenizer: Tokenizer, layout: Format) -> AnswerTokens:
    asked = Segment("user", question.prompt[-CONTEXT:])
    answer = Segment("assistant", said.text, 1.0, ended=said.ended)
    example = Example(question.task, question.template, question.split, question.row, (asked, answer))
    whole = encode_whole([example], tokenizer, layout)[0]
    start = whole.prompt_length
    parts: Sequence[Part] = parts_of(example, tokenizer, layout)
    alone = Encoded(whole.id, whole.ids[start:], whole.weights[start:] * said.ranked, 0)
    return AnswerTokens(said, alone, tuple(parts[start:]))
