"""Diverse questions and answers: written, answered and judged in waves until there are enough.

Question number k, its fate and its answer depend on the numbers before it and never on how many are wanted or where a
wave ends, so a run that was killed, or is asked for more, goes on with what the store holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from unseen.ask.chat import ChatBackend, Request, Said, Unsaid
from unseen.diversify.answering import Answering
from unseen.diversify.asking import Watch, ask_once
from unseen.diversify.drops import Drops, Fault
from unseen.diversify.given import Given
from unseen.diversify.keeping import Judge
from unseen.diversify.store import Store
from unseen.diversify.writing import Source, answer_id, question_id
from unseen.progress import rated_bar, say

MOST_TRIES = 20  # questions written for each pair that is wanted, before giving up
WAVE_FACTOR = 3  # a wave asks at most for so many times what is missing
LARGEST_WAVE = 2048


@dataclass(frozen=True, slots=True)
class Pair:
    """A kept question and its answer, `ended` or broken off at the token limit; `number` is the question's."""

    number: int
    question: str
    answer: str
    ended: bool = True


@dataclass(slots=True)
class Diversified:
    """What came of it. `questions` were asked for or read, `answers` asked for; `new` texts arrived in this run.

    The numbers add up: questions = dropped questions + answers, answers = dropped answers + pairs + `beyond` (kept
    pairs that were more than wanted). `tokens` were drawn in all, where the backend tells.
    """

    pairs: list[Pair] = field(default_factory=list)
    dropped_questions: Drops = field(default_factory=Drops)
    dropped_answers: Drops = field(default_factory=Drops)
    questions: int = 0
    answers: int = 0
    beyond: int = 0
    new: int = 0
    tokens: int = 0
    without_reference: int = 0
    later_turns: int = 0

    @property
    def left_out(self) -> str:
        """How many texts were dropped for what, in words."""
        kinds = (("questions", self.dropped_questions), ("answers", self.dropped_answers))
        return ", ".join(f"{count} {of}: {reason}" for of, dropped in kinds for reason, count in dropped.counts.items())


@dataclass(slots=True)
class Diversification:
    """One run: `done` is up to date after every wave, also after one that was cut short."""

    source: Source
    backend: ChatBackend
    answering: Answering
    judge: Judge
    store: Store
    watch: Watch = rated_bar
    done: Diversified = field(default_factory=Diversified)
    _cut_short: BaseException | None = field(default=None, init=False)

    def run(self, number: int) -> Diversified:
        """Go on until `number` pairs are kept, the source has no more, or `MOST_TRIES` times as many were tried.

        Raises `JobFailed` where the backend gives up; whatever arrived is in the store, and `done` holds what the store
        has of the questions up to there, and behind: an earlier run may have come further.
        """
        limit = min(MOST_TRIES * number, self.source.size or MOST_TRIES * number)
        first = known = 0
        while len(self.done.pairs) < number and first < limit:
            wave = range(first, min(limit, first + self._size(number)))
            self._wave(wave, number)
            if self._cut_short and self.done.questions == known:
                break
            if first == 0 and not self.done.pairs and wave.stop < limit and not self._cut_short:
                kept = f"no pair was kept of the first {len(wave)} questions ({self.done.left_out})"
                say(f"{kept}; up to {limit} are tried")
            first, known = wave.stop, self.done.questions
        if self._cut_short:
            raise self._cut_short
        return self.done

    def _size(self, number: int) -> int:
        """How many questions the next wave asks for: what is missing, over the share that was kept so far."""
        missing, kept, asked = number - len(self.done.pairs), len(self.done.pairs), self.done.questions
        needed = missing if kept == asked else WAVE_FACTOR * missing if not kept else missing * asked // kept + 1
        return min(needed, WAVE_FACTOR * missing, LARGEST_WAVE)

    def _wave(self, numbers: range, wanted: int) -> None:
        asked = {number: self.source.question(number) for number in numbers}
        written = self._outcomes([each for each in asked.values() if isinstance(each, Request)], "writing questions")
        said = {
            number: _question(self.source, each, written)
            for number, each in asked.items()
            if isinstance(each, Given) or each.id in written
        }
        questions = sifted(said, lambda _, texts: self.judge.questions(texts))
        references = {number: each.reference for number, each in asked.items() if isinstance(each, Given)}
        requests = [
            self.answering.request(number, each.text, references.get(number)) for number, each in questions.kept.items()
        ]
        answered = self._outcomes(requests, "answering")
        if self._cut_short:
            questions = replace(
                questions, kept={n: each for n, each in questions.kept.items() if answer_id(n) in answered}
            )
            asked = {n: asked[n] for n in said if n in questions.kept or n in questions.dropped}
        answers = sifted(
            {number: answered[answer_id(number)] for number in questions.kept},
            lambda numbers, said: self.judge.answers([questions.kept[number].text for number in numbers], said),
        )
        pairs = [
            Pair(number, questions.kept[number].text, answer.text.strip(), answer.ended)
            for number, answer in answers.kept.items()
        ]
        self._note(asked, questions, answers, pairs, wanted)

    def _note(
        self, asked: Mapping[int, Request | Given], questions: Sifted, answers: Sifted, pairs: list[Pair], wanted: int
    ) -> None:
        """Bring `done` up to date, all of it at once."""
        done, room = self.done, wanted - len(self.done.pairs)
        given = {number: each for number, each in asked.items() if isinstance(each, Given)}
        done.pairs += pairs[:room]
        done.beyond += len(pairs[room:])
        done.questions += len(asked)
        done.answers += len(questions.kept)
        done.later_turns += sum(each.later_turns for each in given.values())
        done.without_reference += sum(given[n].reference is None for n in questions.kept if n in given)
        for number, (text, fault) in questions.dropped.items():
            done.dropped_questions.add(question_id(number), text, fault)
        for number, (text, fault) in answers.dropped.items():
            done.dropped_answers.add(answer_id(number), text, fault)

    def _outcomes(self, requests: Sequence[Request], doing: str) -> Mapping[str, Said | Unsaid]:
        """The outcome of every request: from the store, or asked for now and kept there as it arrives; once that was
        cut short, those that the store has."""
        try:
            if self._cut_short:
                return self.store.said([each.id for each in requests])
            asked = ask_once(requests, self.backend, self.store, doing, self.watch)
        except BaseException as error:
            self._cut_short = error
            return self.store.said([each.id for each in requests])
        self.done.new += asked.new
        self.done.tokens += sum(each.tokens or 0 for each in asked.outcomes.values() if isinstance(each, Said))
        return asked.outcomes


@dataclass(frozen=True, slots=True)
class Sifted:
    """Texts that are sound, and the others with what is wrong, by number."""

    kept: dict[int, Said]
    dropped: dict[int, tuple[str, Fault]]


def sifted(
    outcomes: Mapping[int, Said | Unsaid], judge: Callable[[Sequence[int], Sequence[Said]], list[Fault | None]]
) -> Sifted:
    """`judge` sees numbers and texts in their order; what has no text is dropped."""
    said = {number: each for number, each in outcomes.items() if isinstance(each, Said)}
    found = dict(zip(said, judge(list(said), list(said.values())), strict=True))
    kept = {number: each for number, each in said.items() if found[number] is None}
    dropped: dict[int, tuple[str, Fault]] = {}
    for number, outcome in outcomes.items():
        if isinstance(outcome, Unsaid):
            dropped[number] = "", Fault("no text came", outcome.why)
        elif (fault := found[number]) is not None:
            dropped[number] = outcome.text, fault
    return Sifted(kept, dropped)


def _question(source: Source, asked: Request | Given, written: Mapping[str, Said | Unsaid]) -> Said | Unsaid:
    if isinstance(asked, Given):
        return Said(asked.question)
    outcome = written[asked.id]
    return outcome if isinstance(outcome, Unsaid) else source.read(outcome)
