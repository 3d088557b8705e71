"""The backend that asks a transformers model in this process."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from unseen.ask.batches import batches, before_stop
from unseen.ask.causal import Ids, Prompts, check_causal, continuation_log_probs, greedy, read_prompts
from unseen.ask.contents import change_stamp, contents_digest
from unseen.ask.question import Answer, Choose, Generate, Question
from unseen.ask.ranking import answer_context, check_options, check_prompt, chosen_answer
from unseen.ask.reader import asking, reader_of
from unseen.ask.scoring import Continuation, scores
from unseen.encode.format import Format, end_ids
from unseen.encode.options import encode_choices, encode_question
from unseen.errors import ModelMistake
from unseen.prompt.example import Example
from unseen.trie.check import Plain

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

HEAD_POSITIONS = 1024  # option tokens read at once: their logits are the largest thing held (300 MB at 80k words)
ROWS = 64  # prompts that generate together


@dataclass(frozen=True, slots=True)
class Ranking:
    """Token ids of a prompt and of its options; `cut` says that the prompt was fitted to length."""

    prompt: tuple[int, ...]
    options: tuple[tuple[int, ...], ...]
    cut: bool

    def continuation(self, option: int) -> Continuation:
        """The prompt with one of the options, whose tokens are predicted."""
        return Continuation(np.array([*self.prompt, *self.options[option]], dtype=np.int32), len(self.prompt))


class HfBackend:
    """Answers with `model`; prompts are written in `format` and fitted to `max_tokens`.

    `batch_tokens` bounds the padded tokens of a batch, and of the cache that its options share: it changes the time,
    and log-probabilities by no more than rounding. `options` says whether the end token is part of an option: `ended`
    as a tuned model has learned it (and as T0 counts it), `open` as GPT-3 compares completions.
    """

    def __init__(
        self,
        model: LanguageModel,
        format: Format,
        batch_tokens: int = 4096,
        max_tokens: int = 1024,
        options: Literal["ended", "open"] = "ended",
    ) -> None:
        if model.kind != "decoder":
            raise ModelMistake(model.name, f"is an {model.kind} model", "choose a decoder-only model")
        check_causal(model.module)
        self.model, self.format, self.batch_tokens, self.options = model, format, batch_tokens, options
        self.limit = min(max_tokens, model.context)
        self._reader = reader_of(model.module, batch_tokens)
        self._end = frozenset(end_ids(model.tokenizer, format))
        self._stamp: tuple[Any, ...] = ()
        self._digest = ""

    @property
    def reading(self) -> str:
        """How questions are read: `trie`, or `plain`, a row each, and why."""
        return f"plain: {self._reader.reason}" if isinstance(self._reader, Plain) else "trie"

    @property
    def digest(self) -> str:
        """Digest of the model's contents as they are now, taken again only after they changed."""
        stamp = change_stamp(self.model.module)
        if stamp != self._stamp:
            self._stamp, self._digest = stamp, contents_digest(self.model.module)
        return self._digest

    def key(self, question: Question) -> str:
        if isinstance(question, Choose):
            free = self._free(question) if question.scoring == "unconditional" else None
            content: tuple[Any, ...] = (
                self._ranking(question.example),
                free,
                question.scoring,
                question.example.choices,
            )
        else:
            content = (self._prompt(question), question.max_new_tokens, question.stop, sorted(self._end))
        return sha256(repr(content).encode()).hexdigest()

    def answer(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        choosing = {index: each for index, each in enumerate(questions) if isinstance(each, Choose)}
        generating = {index: each for index, each in enumerate(questions) if isinstance(each, Generate)}
        yield from self._choose(choosing)
        yield from self._generate(generating)

    def _choose(self, questions: Mapping[int, Choose]) -> Iterator[tuple[int, Answer]]:
        free = self._unconditional(questions.values())
        rankings = {index: self._ranking(question.example) for index, question in questions.items()}
        for index, log_probs in self._ranked(rankings):
            question, ranking = questions[index], rankings[index]
            before = free[self._free(question)] if question.scoring == "unconditional" else ()
            yield index, chosen_answer(question, log_probs, list(map(len, ranking.options)), before, cut=ranking.cut)

    def _unconditional(self, questions: Iterable[Choose]) -> dict[Ranking, tuple[float, ...]]:
        """Log-probabilities of the options after the answer context, once for each set of options."""
        wanted = {self._free(question): None for question in questions if question.scoring == "unconditional"}
        rankings = dict(enumerate(wanted))
        return {rankings[index]: log_probs for index, log_probs in self._ranked(rankings)}

    def _ranked(self, rankings: Mapping[int, Ranking]) -> Iterator[tuple[int, tuple[float, ...]]]:
        """Log-probabilities of each ranking's options, in nats."""
        if isinstance(self._reader, Plain):
            yield from self._ranked_plainly(rankings)
            return
        asked = [(index, option) for index, ranking in rankings.items() for option in range(len(ranking.options))]
        found = {index: dict.fromkeys(range(len(ranking.options)), math.nan) for index, ranking in rankings.items()}
        missing = {index: len(ranking.options) for index, ranking in rankings.items()}
        for number, scored in scores(self._reader, [rankings[index].continuation(option) for index, option in asked]):
            index, option = asked[number]
            found[index][option] = scored.log_prob
            missing[index] -= 1
            if not missing[index]:
                yield index, tuple(found.pop(index).values())

    def _ranked_plainly(self, rankings: Mapping[int, Ranking]) -> Iterator[tuple[int, tuple[float, ...]]]:
        prompts = {index: ranking.prompt for index, ranking in rankings.items()}
        for batch in batches(prompts, self.batch_tokens):
            yield from zip(batch, self._read([rankings[index] for index in batch]), strict=True)

    def _read(self, rankings: Sequence[Ranking]) -> list[tuple[float, ...]]:
        flat = [(row, option) for row, ranking in enumerate(rankings) for option in ranking.options]
        found: list[float] = []
        with asking(self.model.module):
            prompts = read_prompts(self.model.module, [ranking.prompt for ranking in rankings])
            for part in self._parts(flat, prompts):
                rows, options = zip(*part, strict=True)
                found += continuation_log_probs(self.model.module, prompts, rows, options)
        values = iter(found)
        return [tuple(next(values) for _ in ranking.options) for ranking in rankings]

    def _parts(self, flat: Sequence[tuple[int, Ids]], prompts: Prompts) -> list[Sequence[tuple[int, Ids]]]:
        """Options that are run together: their copies of the prompts' cache, and their logits, stay within bounds."""
        longest = max(len(option) for _, option in flat)
        size = min(self.batch_tokens // (prompts.mask.shape[1] + longest), HEAD_POSITIONS // longest)
        return [flat[start : start + max(size, 1)] for start in range(0, len(flat), max(size, 1))]

    def _generate(self, questions: Mapping[int, Generate]) -> Iterator[tuple[int, Answer]]:
        prompts = {index: self._prompt(question) for index, question in questions.items()}
        for settings in dict.fromkeys((each.max_new_tokens, each.stop) for each in questions.values()):
            alike = {i: prompts[i][0] for i, each in questions.items() if (each.max_new_tokens, each.stop) == settings}
            for batch in batches(alike, self.batch_tokens, ROWS):
                texts = self._continued([prompts[index][0] for index in batch], *settings)
                for index, text in zip(batch, texts, strict=True):
                    yield index, Answer(text, cut=prompts[index][1])

    def _continued(self, prompts: Sequence[Ids], most: int, stop: tuple[str, ...]) -> list[str]:
        def stopped(ids: list[int]) -> bool:
            return bool(stop) and before_stop(self._text(ids), stop) is not None

        with asking(self.model.module):
            said = greedy(self.model.module, prompts, most, self._end, stopped)
        texts = map(self._text, said)
        return [text if (kept := before_stop(text, stop)) is None else kept for text in texts]

    def _ranking(self, example: Example) -> Ranking:
        encoded = encode_choices(example, self.model.tokenizer, self.format, self.limit)
        options = [tuple(ids.tolist()) for ids in encoded.options]
        if self.options == "open":
            options = [ids[:-1] if ids and ids[-1] in self._end else ids for ids in options]
        check_options(example, [len(option) for option in options])
        check_prompt(example, len(encoded.prompt))
        return Ranking(tuple(encoded.prompt.tolist()), tuple(options), was_cut(encoded.cuts))

    def _free(self, question: Choose) -> Ranking:
        return self._ranking(answer_context(question.example))

    def _prompt(self, question: Generate) -> tuple[tuple[int, ...], bool]:
        room = self.model.context - question.max_new_tokens
        if room < 1:
            what = f"has a context of {self.model.context} tokens, too short to generate {question.max_new_tokens}"
            raise ModelMistake(self.model.name, what, "lower evaluate.max_new_tokens")
        encoded = encode_question(question.example, self.model.tokenizer, self.format, min(self.limit, room))
        check_prompt(question.example, len(encoded.ids))
        return tuple(encoded.ids.tolist()), was_cut(encoded.cuts)

    def _text(self, ids: Ids) -> str:
        text: str = self.model.tokenizer.decode(ids)
        return text


def was_cut(cuts: Mapping[str, int]) -> bool:
    """Whether fitting to length left anything out (a moved token boundary leaves out nothing)."""
    return any(count for name, count in cuts.items() if name != "boundary_moved")
