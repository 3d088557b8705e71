"""The chat backend of vLLM's offline `LLM` (`pip install unseen[vllm]`): the same tokens as `hf`, answered faster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from unseen.ask.chat import Request, Said, Unsaid
from unseen.encode.format import end_ids, format_of
from unseen.encode.open_turn import open_user_turn
from unseen.encode.options import encode_prompt
from unseen.encode.tokenizer import load_tokenizer
from unseen.errors import DataMistake, MissingExtra, ModelMistake
from unseen.model.folder import ModelFolder
from unseen.prompt.example import Example, Segment

PART = 256  # chats that vLLM is given at a time: their texts arrive together


class VllmChat:
    """Chats with the plain model in `folder`; `options` are those of vLLM's `LLM`. Raises `MissingExtra`, and
    `ModelMistake` for an adapter, which must be merged first."""

    pinned = True

    def __init__(self, folder: ModelFolder, **options: Any) -> None:
        try:
            from vllm import LLM, SamplingParams
        except ImportError:
            raise MissingExtra("vllm", "asking with vLLM") from None
        if folder.base is not None:
            raise ModelMistake(folder.name, "is an adapter", "merge it into a plain model, or ask it with hf")
        self.name, self.digest = folder.name, folder.digest
        self._tokenizer = load_tokenizer(folder.tokenizer)
        self._format = format_of("auto", self._tokenizer)
        self._settings = SamplingParams
        self._model = LLM(model=str(folder.path), **options)
        self._context = int(self._model.llm_engine.model_config.max_model_len)

    def say(self, requests: Sequence[Request]) -> Iterator[tuple[str, Said | Unsaid]]:
        """See `ChatBackend` and `HfChat.say`."""
        for start in range(0, len(requests), PART):
            yield from self._part(requests[start : start + PART])

    def _part(self, requests: Sequence[Request]) -> Iterator[tuple[str, Said | Unsaid]]:
        asked: list[str] = []
        prompts: list[dict[str, list[int]]] = []
        settings: list[Any] = []
        for request in requests:
            try:
                ids, end, stop = self._prompt(request)
            except DataMistake as mistake:
                yield request.id, Unsaid(mistake.what)
                continue
            asked.append(request.id)
            prompts.append({"prompt_token_ids": ids})
            settings.append(self._drawing(request, end, stop))
        outputs = self._model.generate(prompts, settings, use_tqdm=False) if asked else ()
        for id, output in zip(asked, outputs, strict=True):
            first = output.outputs[0]
            yield id, Said(first.text, first.finish_reason == "stop", len(first.token_ids))

    def _prompt(self, request: Request) -> tuple[list[int], Sequence[int], tuple[str, ...]]:
        """Token ids, ids that end the text, and texts that do."""
        segments = tuple(Segment(each.role, each.text) for each in request.messages)
        if request.speaker == "user":
            opened = open_user_turn(segments, self._tokenizer, self._format)
            return list(opened.ids), sorted(opened.end), opened.stop
        room = self._context - request.drawing.max_new_tokens
        if room < 1:
            what = f"has a context of {self._context} tokens, too short for {request.drawing.max_new_tokens} new ones"
            raise ModelMistake(self.name, what, "lower max_new_tokens")
        example = Example("chat", request.id, "asked", 0, segments)
        ids = encode_prompt(example, self._tokenizer, self._format, room).tolist()
        return ids, end_ids(self._tokenizer, self._format), ()

    def _drawing(self, request: Request, end: Sequence[int], stop: tuple[str, ...]) -> Any:
        drawing = request.drawing
        return self._settings(
            temperature=drawing.temperature,
            top_p=drawing.top_p,
            max_tokens=drawing.max_new_tokens,
            seed=request.seed % 2**63,
            stop=[*drawing.stop, *stop],
            stop_token_ids=list(end),
        )
