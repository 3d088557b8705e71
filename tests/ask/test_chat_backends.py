"""Backends of chats behind one protocol: ours with a tiny model, vLLM and llama.cpp with stand-ins of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest

from unseen.ask.chat import Drawing, Message, Request, Said, Unsaid
from unseen.ask.chat_backends import chat_backend
from unseen.ask.chat_hf import HfChat
from unseen.ask.chat_replay import ReplayChat
from unseen.encode.tokenizer import load_tokenizer
from unseen.errors import DataMistake, JobFailed, MissingExtra, Mistakes, ModelMistake, UserMistake

CHAT = (
    "{% for m in messages %}{{ '<' + m.role + '>' + m.content + '<end>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"
)
DRAWING = Drawing(1.2, 0.9, 8)


def ask(number: int, *texts: str, drawing: Drawing = DRAWING) -> Request:
    turns = tuple(Message("user" if place % 2 == 0 else "assistant", text) for place, text in enumerate(texts))
    return Request(f"answer/{number}", turns, drawing, number)


@pytest.fixture
def chat_tokenizer(byte_tokenizer: Any, tmp_path: Path) -> Any:
    folder = tmp_path / "chat"
    folder.mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((byte_tokenizer.folder / name).read_bytes())
    (folder / "chat_template.jinja").write_text(CHAT)
    return load_tokenizer(folder)


@pytest.fixture
def chatting(chat_tokenizer: Any, language_model: Callable[..., Any]) -> Any:
    return SimpleNamespace(**{**vars(language_model()), "tokenizer": chat_tokenizer})


def test_a_model_speaks_for_the_assistant_and_for_the_user(chatting: Any) -> None:
    backend = HfChat(chatting)
    requests = [ask(0, "Hello?"), ask(1), ask(2, "Hello?", "Well.", "Hello?"), ask(3, "Hello?")]
    found = dict(backend.say(requests))
    assert sorted(found) == [f"answer/{n}" for n in range(4)]
    assert all(isinstance(each, Said) and (each.ended or each.tokens == 8) for each in found.values())
    assert found["answer/0"] != found["answer/3"], "another seed draws another text"
    assert dict(HfChat(chatting).say(requests[::-1])) == found
    assert backend.pinned and backend.digest == HfChat(chatting).digest


def test_a_chat_that_is_too_long_comes_to_nothing_and_the_others_come(chatting: Any) -> None:
    found = dict(HfChat(chatting).say([ask(0, "Hello?"), ask(1, "word " * 200)]))
    assert isinstance(found["answer/0"], Said) and isinstance(found["answer/1"], Unsaid)


def test_without_a_chat_template_no_user_speaks(language_model: Callable[..., Any]) -> None:
    backend = HfChat(language_model())
    assert isinstance(dict(backend.say([ask(0, "Hello?")]))["answer/0"], Said)
    with pytest.raises(
        ModelMistake, match="has no chat template, so it cannot write what a user would ask; give it seed"
    ):
        next(backend.say([ask(1)]))


@pytest.mark.parametrize(
    ("values", "what"),
    [({"temperature": -1.0}, "temperature"), ({"top_p": 0.0}, "top_p"), ({"max_new_tokens": 0}, "max_new_tokens")],
)
def test_what_cannot_be_drawn_is_the_users_mistake(values: dict[str, Any], what: str) -> None:
    with pytest.raises(UserMistake, match=f"^{what}: "):
        Drawing(**values)


class StandInParams(SimpleNamespace):
    """vLLM's SamplingParams: whatever keyword values it is given."""


class StandInLLM:
    """The interface of vLLM 0.11's `LLM` that is used: prompts of token ids in, RequestOutputs in their order out."""

    made: ClassVar[list[StandInLLM]] = []

    def __init__(self, model: str) -> None:
        self.model, self.calls = model, []
        self.llm_engine = SimpleNamespace(model_config=SimpleNamespace(max_model_len=64))
        StandInLLM.made.append(self)

    def generate(self, prompts: list[Any], sampling_params: list[StandInParams], use_tqdm: bool) -> list[Any]:
        self.calls.append((prompts, sampling_params))
        outputs = [(f"text {each.seed}", "stop" if each.seed else "length") for each in sampling_params]
        return [
            SimpleNamespace(outputs=[SimpleNamespace(text=text, finish_reason=reason, token_ids=[1, 2, 3])])
            for text, reason in outputs
        ]


@pytest.fixture
def vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("vllm")
    vars(module).update(LLM=StandInLLM, SamplingParams=StandInParams)
    monkeypatch.setitem(sys.modules, "vllm", module)


@pytest.mark.usefixtures("vllm")
def test_vllm_is_given_the_same_tokens_and_settings(chat_tokenizer: Any) -> None:
    from unseen.ask.chat_vllm import VllmChat

    folder = SimpleNamespace(
        name="tiny", path=chat_tokenizer.folder, tokenizer=chat_tokenizer.folder, digest="d", base=None
    )
    backend = VllmChat(folder)  # type: ignore[arg-type]
    found = dict(backend.say([ask(0, "Hi?"), ask(1), ask(2, "word " * 99)]))
    assert found["answer/0"] == Said("text 0", False, 3) and found["answer/1"] == Said("text 1", True, 3)
    assert isinstance(found["answer/2"], Unsaid)
    [(prompts, settings)] = StandInLLM.made[-1].calls
    spelt = [chat_tokenizer.decode(each["prompt_token_ids"], control=True) for each in prompts]
    assert spelt == ["<user>Hi?<end><assistant>", "<user>"]
    assert vars(settings[1]) == {
        "temperature": 1.2, "top_p": 0.9, "max_tokens": 8, "seed": 1, "stop": [], "stop_token_ids": [256],
    }  # fmt: skip
    with pytest.raises(ModelMistake, match="is an adapter; merge it"):
        VllmChat(SimpleNamespace(**{**vars(folder), "base": folder}))  # type: ignore[arg-type]
    with pytest.raises(ModelMistake, match="context of 64 tokens, too short for 64"):
        list(backend.say([ask(0, "Hi?", drawing=Drawing(1.0, 0.9, 64))]))


class StandInLlama:
    """The interface of llama-cpp-python 0.3's `Llama` that is used."""

    made: ClassVar[list[StandInLlama]] = []
    template: ClassVar[str | None] = CHAT

    def __init__(self, model_path: str, n_ctx: int, verbose: bool) -> None:
        self.metadata = {} if self.template is None else {"tokenizer.chat_template": self.template}
        self.chats: list[dict[str, Any]] = []
        self.texts: list[dict[str, Any]] = []
        StandInLlama.made.append(self)

    def token_bos(self) -> int:
        return -1

    def token_eos(self) -> int:
        return 256

    def detokenize(self, ids: list[int], special: bool) -> bytes:
        return b"<end>"

    def tokenize(self, text: bytes, add_bos: bool, special: bool) -> list[int]:
        assert special and not add_bos
        return list(text)

    def create_chat_completion(self, messages: list[Any], **settings: Any) -> dict[str, Any]:
        if len(messages[-1]["content"]) > 100:
            raise ValueError("Requested tokens (200) exceed context window of 64")
        self.chats.append({"messages": messages, **settings})
        return {"choices": [{"message": {"content": "Well."}, "finish_reason": "length"}]}

    def create_completion(self, prompt: list[int], **settings: Any) -> dict[str, Any]:
        self.texts.append({"prompt": bytes(prompt), **settings})
        return {"choices": [{"text": "Why?", "finish_reason": "stop"}]}


@pytest.fixture
def llama(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    module = ModuleType("llama_cpp")
    vars(module).update(Llama=StandInLlama)
    monkeypatch.setitem(sys.modules, "llama_cpp", module)
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF")
    return path


def test_llama_cpp_draws_from_the_whole_nucleus_and_opens_the_users_turn(llama: Path) -> None:
    backend = chat_backend("llama.cpp", str(llama))
    found = dict(backend.say([ask(0, "Hi?"), ask(1), ask(2, "word " * 99)]))
    assert found["answer/0"] == Said("Well.", False) and found["answer/1"] == Said("Why?", True)
    assert found["answer/2"] == Unsaid("Requested tokens (200) exceed context window of 64")
    plain = {"top_k": 0, "min_p": 0.0, "typical_p": 1.0, "repeat_penalty": 1.0}
    drawn = {"temperature": 1.2, "top_p": 0.9, "max_tokens": 8}
    made = StandInLlama.made[-1]
    assert made.chats == [{"messages": [{"role": "user", "content": "Hi?"}], **drawn, "stop": [], "seed": 0, **plain}]
    assert made.texts == [{"prompt": b"<user>", **drawn, "stop": ["<end>"], "seed": 1, **plain}]
    assert len(backend.digest) == 64


def test_a_gguf_file_without_a_template_or_none_at_all_is_the_users_mistake(
    llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StandInLlama, "template", None)
    with pytest.raises(ModelMistake, match="has no chat template"):
        list(chat_backend("llama.cpp", str(llama)).say([ask(0)]))
    with pytest.raises(ModelMistake, match=r"is no \.gguf file"):
        chat_backend("llama.cpp", str(llama.with_suffix(".bin")))


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [("openai", "openai", "openai"), ("vllm", "vllm", "vllm"), ("llama.cpp", "llama_cpp", "llama-cpp")],
)
def test_a_missing_package_is_told_by_its_extra(
    name: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch, chat_tokenizer: Any
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr("unseen.model.folder.resolve", lambda name: None)
    with pytest.raises(MissingExtra, match=rf"needs the extra '{extra}'; pip install 'unseen\[{extra}\]'"):
        chat_backend(name, "some")


def test_an_unknown_backend_is_told_with_the_nearest() -> None:
    with pytest.raises(UserMistake, match="there is no backend 'vlm'; did you mean 'vllm'"):
        chat_backend("vlm", "some")


def test_a_file_is_replayed_by_id(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    lines = [{"id": "answer/0", "text": "Yes."}, {"id": "answer/1", "text": "No, bec", "ended": False}]
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    backend = chat_backend("replay", str(path))
    assert dict(backend.say([ask(1, "b"), ask(0, "a")])) == {
        "answer/1": Said("No, bec", False),
        "answer/0": Said("Yes."),
    }
    with pytest.raises(JobFailed, match="holds no text for 'answer/2'"):
        list(backend.say([ask(2, "c")]))
    assert ReplayChat({"answer/0": "Yes."}).digest != backend.digest
    path.write_text('{"id": 3}\n["no"]\n')
    with pytest.raises(Mistakes) as caught:
        chat_backend("replay", str(path))
    assert len(caught.value.mistakes) == 2 and all(isinstance(each, DataMistake) for each in caught.value.mistakes)
