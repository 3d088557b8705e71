"""The backend that asks a transformers model in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from unseen.ask.batches import before_stop
from unseen.ask.causal import Ids, check_causal, greedy
from unseen.ask.contents import change_stamp, contents_digest
from unseen.ask.growing_text import GrowingText
from unseen.ask.question import Answer, Choose, Generate, Question, Sample
from unseen.ask.ranking import answer_context, check_options, check_prompt, chosen_answer
from unseen.ask.reader import asking
from unseen.ask.sampling import drawn, one_by_one
from unseen.ask.sources import sources_of
from unseen.ask.ways import Ranking, Way, way_of
from unseen.encode.format import Format, end_ids
from unseen.encode.open_turn import OpenTurn, open_user_turn
from unseen.encode.options import encode_choices, encode_question
from unseen.encode.pair_text import NOT_LEARNED
from unseen.errors import ModelMistake
from unseen.prompt.example import Example

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

AT_ONCE = 4096  # questions that are tokens at a time: some 40 bytes a token

T = TypeVar("T")
Prompt = tuple[tuple[int, ...], bool, int]  # token ids, whether the prompt was fitted to length, exemplars dropped


class HfBackend:
    """Answers with `model`; prompts are written in `format` and fitted to `max_tokens`.

    `batch_tokens` bounds the tokens that are read at once, and those of a batch's cache: it changes the time, and
    log-probabilities by no more than rounding. `options` says whether the end token is part of an option: `ended`
    as a tuned model has learned it (and as T0 counts it), `open` as GPT-3 compares completions. `way` is how the model
    is read, which another backend of the same model has found out; absent, it is tried.
    """

    def __init__(
        self,
        model: LanguageModel,
        format: Format,
        batch_tokens: int = 4096,
        max_tokens: int = 1024,
        options: Literal["ended", "open"] = "ended",
        way: Way | None = None,
    ) -> None:
        if model.kind == "decoder":
            check_causal(model.module)
        self.model, self.format, self.batch_tokens, self.options = model, format, batch_tokens, options
        self.limit = min(max_tokens, model.context)
        self.way = _tried_way(model, batch_tokens) if way is None else way
        self._end = frozenset(end_ids(model.tokenizer, format))
        self._stamp: tuple[Any, ...] = ()
        self._digest = ""
        self._held: dict[Question, Any] = {}

    @property
    def reading(self) -> str:
        """How questions are read: `trie`, or `plain` and why (see ways.py); of an encoder-decoder `shared sources`."""
        return self.way.name

    @property
    def digest(self) -> str:
        """Digest of the model's contents as they are now, taken again only after they changed."""
        stamp = change_stamp(self.model.module)
        if stamp != self._stamp:
            self._stamp, self._digest = stamp, contents_digest(self.model.module)
        return self._digest

    def key(self, question: Question) -> str:
        if isinstance(question, Choose):
            ranking, free = self._rankings(question)
            content: tuple[Any, ...] = (ranking, free, question.scoring, question.example.choices)
        elif isinstance(question, Sample):
            drawing = (question.temperature, question.top_p, question.max_new_tokens, question.seed)
            end, stop = self._ends(question)
            content = ("sample", self._prompt(question), drawing, question.speaker, stop, sorted(end))
        else:
            content = (self._prompt(question), question.max_new_tokens, question.stop, sorted(self._end))
        return sha256(repr(content).encode()).hexdigest()

    def answer(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        """See `Backend`. `AT_ONCE` neighbours share what they begin with, so memory does not grow with all of them."""
        for start in range(0, len(questions), AT_ONCE):
            part = dict(enumerate(questions[start : start + AT_ONCE], start))
            yield from self._choose({index: each for index, each in part.items() if isinstance(each, Choose)})
            yield from self._generate({index: each for index, each in part.items() if isinstance(each, Generate)})
            yield from self._sample({index: each for index, each in part.items() if isinstance(each, Sample)})

    def streamed(self, question: Sample) -> Iterator[str | Answer]:
        """The answer to one question that has no `stop`: its text piece by piece as it is drawn, and then all of it."""
        (ids, cut, dropped), (end, _) = self._prompt(question), self._ends(question)
        self._let_go([question])
        growing, ended = GrowingText(self._text), False
        for token in one_by_one(self.model.module, self.way, ids, question, end):
            if ended := token in end:
                break
            if piece := growing.add(token):
                yield piece
        if piece := growing.rest():
            yield piece
        yield Answer(growing.text, cut=cut, dropped=dropped, lengths=(len(growing.ids),), broken_off=not ended)

    def _choose(self, questions: Mapping[int, Choose]) -> Iterator[tuple[int, Answer]]:
        pairs = {index: self._rankings(question) for index, question in questions.items()}
        self._let_go(questions.values())
        free = self._unconditional(free for _, free in pairs.values() if free is not None)
        for index, log_probs in self.way.option_log_probs({index: ranking for index, (ranking, _) in pairs.items()}):
            ranking, bare = pairs[index]
            before, lengths = () if bare is None else free[bare], list(map(len, ranking.options))
            yield (
                index,
                chosen_answer(questions[index], log_probs, lengths, before, cut=ranking.cut, dropped=ranking.dropped),
            )

    def _unconditional(self, wanted: Iterable[Ranking]) -> dict[Ranking, tuple[float, ...]]:
        """Log-probabilities of the options after the answer context, once for each set of options."""
        rankings = dict(enumerate(dict.fromkeys(wanted)))
        return {rankings[index]: log_probs for index, log_probs in self.way.option_log_probs(rankings)}

    def _generate(self, questions: Mapping[int, Generate]) -> Iterator[tuple[int, Answer]]:
        prompts = {index: self._prompt(question) for index, question in questions.items()}
        self._let_go(questions.values())
        for settings in dict.fromkeys((each.max_new_tokens, each.stop) for each in questions.values()):
            alike: dict[tuple[int, ...], list[int]] = {}
            for index, each in questions.items():
                if (each.max_new_tokens, each.stop) == settings:
                    alike.setdefault(prompts[index][0], []).append(index)
            for prompt, text in self._continued(alike, *settings):
                for index in alike[prompt]:
                    yield index, Answer(text, cut=prompts[index][1], dropped=prompts[index][2])

    def _continued(
        self, prompts: Iterable[tuple[int, ...]], most: int, stop: tuple[str, ...]
    ) -> Iterator[tuple[tuple[int, ...], str]]:
        """Every prompt with what the model says after it."""
        finished = self._stopped(stop)
        made = self.way.batches(prompts)
        read = self.way.read(made)
        for batch in made:
            with asking(self.model.module):
                said = greedy(self.model.module, next(read), most, self._end, finished)
            for prompt, text in zip(batch, map(self._text, said), strict=True):
                yield prompt, text if (kept := before_stop(text, stop)) is None else kept

    def _stopped(self, stop: tuple[str, ...]) -> Callable[[list[int]], bool]:
        return lambda ids: bool(stop) and before_stop(self._text(ids), stop) is not None

    def _sample(self, questions: Mapping[int, Sample]) -> Iterator[tuple[int, Answer]]:
        prompts = {index: self._prompt(question) for index, question in questions.items()}
        self._let_go(questions.values())
        for ends in dict.fromkeys(map(self._ends, questions.values())):
            alike: dict[tuple[int, ...], list[int]] = {}
            for index, each in questions.items():
                if self._ends(each) == ends:
                    alike.setdefault(prompts[index][0], []).append(index)
            end, stop = ends
            finished = self._stopped(stop)
            for index, ids, ended in drawn(self.model.module, self.way, alike, questions, end, finished):
                text = self._text(ids)
                kept = before_stop(text, stop)
                cut, dropped = prompts[index][1:]
                said = text if kept is None else kept
                yield index, Answer(said, cut=cut, dropped=dropped, lengths=(len(ids),), broken_off=not ended)

    def _ends(self, question: Sample) -> tuple[frozenset[int], tuple[str, ...]]:
        """Tokens and texts before which a text ends."""
        if question.speaker == "assistant":
            return self._end, question.stop
        opened = self._opened(question)
        return opened.end, (*question.stop, *opened.stop)

    def _opened(self, question: Sample) -> OpenTurn:
        return open_user_turn(question.example.segments, self.model.tokenizer, self.format)

    def _rankings(self, question: Choose) -> tuple[Ranking, Ranking | None]:
        """The question, and its options after the answer context where its scoring compares with them."""
        return self._once(question, self._ranked)

    def _prompt(self, question: Generate | Sample) -> Prompt:
        return self._once(question, self._prompted)

    def _once(self, question: Any, encode: Callable[[Any], T]) -> T:
        """The tokens of a question: those of the last ones are held until they are asked, since who wants to know a
        key asks next, and tokenising five exemplars and five options takes as long as a model for the options."""
        if question not in self._held:
            self._held[question] = encode(question)
            if len(self._held) > AT_ONCE:
                del self._held[next(iter(self._held))]
        found: T = self._held[question]
        return found

    def _let_go(self, questions: Iterable[Question]) -> None:
        for question in questions:
            self._held.pop(question, None)

    def _ranked(self, question: Choose) -> tuple[Ranking, Ranking | None]:
        context = answer_context(question.example, self.format.kind)
        return self._ranking(question.example), self._ranking(context) if question.scoring == "unconditional" else None

    def _ranking(self, example: Example) -> Ranking:
        encoded = encode_choices(example, self.model.tokenizer, self.format, self.limit)
        options = [tuple(ids.tolist()) for ids in encoded.options]
        if self.options == "open":
            options = [ids[:-1] if ids and ids[-1] in self._end else ids for ids in options]
        check_options(example, [len(option) for option in options])
        check_prompt(example, len(encoded.prompt))
        return Ranking(tuple(encoded.prompt.tolist()), tuple(options), was_cut(encoded.cuts), dropped(encoded.cuts))

    def _prompted(self, question: Generate | Sample) -> Prompt:
        room = self.model.context - question.max_new_tokens
        if room < 1:
            what = f"has a context of {self.model.context} tokens, too short to generate {question.max_new_tokens}"
            setting = "evaluate.max_new_tokens" if isinstance(question, Generate) else "max_new_tokens"
            raise ModelMistake(self.model.name, what, f"lower {setting}")
        if isinstance(question, Sample) and question.speaker == "user":
            return self._opened(question).ids, False, 0
        limit = self.limit if self.format.kind == "pair" else min(self.limit, room)
        encoded = encode_question(question.example, self.model.tokenizer, self.format, limit)
        check_prompt(question.example, len(encoded.ids))
        return tuple(encoded.ids.tolist()), was_cut(encoded.cuts), dropped(encoded.cuts)

    def _text(self, ids: Ids) -> str:
        text: str = self.model.tokenizer.decode(ids)
        return text


def _tried_way(model: LanguageModel, batch_tokens: int) -> Way:
    if model.kind == "decoder":
        return way_of(model.module, batch_tokens)
    return sources_of(model.module, batch_tokens, model.name)


def was_cut(cuts: Mapping[str, int]) -> bool:
    """Whether fitting to length left anything out; a moved token boundary, or an answer that is only read, does not."""
    return any(count for name, count in cuts.items() if name not in ("boundary_moved", NOT_LEARNED))


def dropped(cuts: Mapping[str, int]) -> int:
    """How many exemplars fitting to length left out."""
    return cuts.get("exemplars_dropped", 0)
