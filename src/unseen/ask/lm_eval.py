"""lm-evaluation-harness asks a model of ours, each distinct token computed once (`pip install unseen[lm-eval]`).

    from unseen.ask.lm_eval import UnseenLM
    results = lm_eval.simple_evaluate(model=UnseenLM("smollm2-135m-instruct"), tasks=["arc_easy"])

Contexts and continuations become tokens, are cut from the left and are templated as its own Hugging Face class does
it, which this one inherits from: requests, scores and choices are the same, to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from unseen.errors import DataMistake, MissingExtra, ModelMistake

try:
    from lm_eval.api.registry import register_model
    from lm_eval.models.huggingface import HFLM
    from lm_eval.models.utils import handle_stop_sequences, normalize_gen_kwargs, postprocess_generated_text
except ImportError:
    raise MissingExtra("lm-eval", "asking through lm-evaluation-harness") from None

import numpy as np
import torch
from tqdm import tqdm
from transformers import AutoTokenizer

from unseen.ask.batches import before_stop
from unseen.ask.causal import greedy
from unseen.ask.reader import asking
from unseen.ask.scoring import Continuation, scores
from unseen.ask.ways import Plainly, Together, Way, way_of
from unseen.model.folder import resolve
from unseen.model.load import Dtype, LanguageModel, load_model, one_rotation
from unseen.progress import say

PLAIN_ROWS = 16
Request = tuple[tuple[str, str] | None, list[int], list[int]]
Prompt = tuple[int, ...]


@register_model("unseen")
class UnseenLM(HFLM):  # type: ignore[misc]
    """`model` is whatever a recipe may name: an alias, a folder, a run's folder, a `.gguf` file or a hub id.

    `batch_tokens` bounds the tokens of a cache when prompts are continued. `batch_size` counts only where requests are
    run by lm-evaluation-harness itself: for a model that does not read tries (one line says so), and for sampling.
    Further `options` are those of its Hugging Face class: `max_length`, `add_bos_token`, `chat_template_args`, …

    Raises `ModelMistake` as loading does, and for an encoder-decoder.
    """

    def __init__(
        self,
        model: str,
        dtype: Dtype = "float32",
        device: str | None = None,
        batch_tokens: int = 4096,
        batch_size: int | str | None = None,
        trust_remote_code: bool = False,
        **options: Any,
    ) -> None:
        loaded = load_model(resolve(model), dtype, trust_remote_code)
        if loaded.kind != "decoder":
            remedy = "choose a decoder, or ask it with lm-evaluation-harness's own hf model"
            raise ModelMistake(model, f"is an {loaded.kind} model", remedy)
        where = device or ("cuda" if torch.cuda.is_available() else "cpu")
        super().__init__(
            pretrained=loaded.module.to(where),
            tokenizer=AutoTokenizer.from_pretrained(loaded.folder.tokenizer),
            backend="causal",
            batch_size=batch_size if str(batch_size or "").isdigit() else PLAIN_ROWS,
            **options,
        )
        self._way = _way(loaded, batch_tokens, self.max_length)
        self._ends = frozenset({self.eot_token_id, *_end_ids(loaded.module)})
        if not isinstance(self._way, Together):
            say(f"{model} is asked row by row, nothing is shared: {self._way.name}")

    def _loglikelihood_tokens(
        self, requests: Sequence[Request], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[tuple[float, bool]]:
        """Log-probability of every continuation in nats, and whether it is the greedy one."""
        if not isinstance(self._way, Together):
            found: list[tuple[float, bool]] = super()._loglikelihood_tokens(requests, disable_tqdm, override_bs)
            return found
        asked = [_continuation(context, continuation, self.max_length) for _, context, continuation in requests]
        _say_cut(sum(len(a) + len(b) > self.max_length + 1 for _, a, b in requests), self.max_length)
        answers: dict[int, tuple[float, bool]] = {}
        for index, scored in _shown(scores(self._way.reader, asked), len(asked), "loglikelihood", disable_tqdm):
            answers[index] = (scored.log_prob, scored.likeliest)
            if requests[index][0] is not None:
                self.cache_hook.add_partial("loglikelihood", requests[index][0], answers[index])
        return [answers[index] for index in range(len(requests))]

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """What the model says after each context, until a stop string; contexts that begin alike are read once."""
        wanted = [_settings(request.args[1], self) for request in requests]
        ours = isinstance(self._way, Together) and self.think_end_token is None and not _penalties(self.model)
        mine = [index for index, settings in enumerate(wanted) if ours and settings is not None]
        others = sorted(set(range(len(requests))) - set(mine))
        texts: dict[int, str] = {}
        if others:
            texts |= zip(others, super().generate_until([requests[i] for i in others], disable_tqdm), strict=True)
        kinds: dict[Any, dict[int, str]] = {}
        for index in mine:
            kinds.setdefault(wanted[index], {})[index] = requests[index].args[0]
        found = (answer for settings, contexts in kinds.items() for answer in self._continued(contexts, *settings))
        for index, text in _shown(found, len(mine), "generate_until", disable_tqdm):
            texts[index] = text
            self.cache_hook.add_partial("generate_until", requests[index].args, text)
        return [texts[index] for index in range(len(requests))]

    def _continued(self, contexts: dict[int, str], most: int, until: tuple[str, ...]) -> Iterator[tuple[int, str]]:
        room = self.max_length - most
        if room < 1:
            what = f"has a context of {self.max_length} tokens, too short to generate {most}"
            raise ModelMistake(self.tokenizer.name_or_path, what, "lower max_gen_toks")
        asked: dict[Prompt, list[int]] = {}
        encoded = {index: self.tok_encode(context) for index, context in contexts.items()}
        _say_cut(sum(len(ids) > room for ids in encoded.values()), room)
        for index, ids in encoded.items():
            asked.setdefault(tuple(ids[-room:]), []).append(index)

        def stopped(said: list[int]) -> bool:
            return before_stop(self.tok_decode(said, skip_special_tokens=False), until) is not None

        batches = self._way.batches(asked)
        read = self._way.read(batches)
        for batch in batches:
            with asking(self.model):
                said = greedy(self.model, next(read), most, self._ends, stopped)
            for prompt, ids in zip(batch, said, strict=True):
                text = postprocess_generated_text(self.tok_decode(ids), list(until), None)
                yield from ((index, text) for index in asked[prompt])


def _way(loaded: LanguageModel, batch_tokens: int, most: int) -> Way:
    """How rows of at most `most` tokens are asked; not from a trie where the model reads one otherwise in a batch."""
    limit = one_rotation(loaded.module.config.get_text_config())
    if most > limit:
        reason = f"its positions are rotated otherwise beyond {limit} tokens; with max_length={limit} all is shared"
        return Plainly(loaded.module, batch_tokens, reason)
    return way_of(loaded.module, batch_tokens)


def _continuation(context: Sequence[int], continuation: Sequence[int], most: int) -> Continuation:
    """What is read are the last `most` tokens before the last one.

    Raises `DataMistake` for a continuation that is empty, or that no longer has a token before it.
    """
    if not 1 <= len(continuation) <= most:
        what = f"a continuation of {len(continuation)} tokens cannot be scored, only one of 1 to {most}"
        raise DataMistake("lm-evaluation-harness", what, "raise max_length, or leave the row out")
    ids = [*context, *continuation][-(most + 1) :]
    return Continuation(np.array(ids, dtype=np.int32), len(ids) - len(continuation))


def _settings(given: dict[str, Any], model: Any) -> tuple[int, tuple[str, ...]] | None:
    """The most tokens, and what ends a greedy generation; None for one that is not greedy, or asks for more."""
    settings = normalize_gen_kwargs(given, model.max_gen_toks)
    end = model.tok_decode(model.eot_token_id, skip_special_tokens=False)
    until = handle_stop_sequences(settings.pop("until", None), eos=end)
    most = settings.pop("max_gen_toks")
    greedily = settings.pop("do_sample", False) is False and settings.pop("temperature", 0.0) in (0, None)
    return (most, tuple(each for each in until if each)) if greedily and not settings else None


def _end_ids(module: Any) -> list[int]:
    """The ids at which transformers ends a generation."""
    ids = getattr(module.generation_config, "eos_token_id", None)
    return ids if isinstance(ids, list) else [ids] if ids is not None else []


def _penalties(module: Any) -> list[str]:
    """What else than the most probable token a greedy generation of this model would take into account."""
    names = (
        "repetition_penalty",
        "no_repeat_ngram_size",
        "bad_words_ids",
        "suppress_tokens",
        "min_length",
        "num_beams",
    )
    return [name for name in names if getattr(module.generation_config, name, None) not in (None, 0, 1)]


def _say_cut(count: int, most: int) -> None:
    if count:
        say(f"{count} requests are longer than {most} tokens and lose their beginning, as in lm-evaluation-harness")


def _shown(found: Iterator[tuple[int, Any]], count: int, what: str, silent: bool) -> Iterator[tuple[int, Any]]:
    yield from tqdm(found, total=count, desc=f"Running {what} requests", disable=silent)
