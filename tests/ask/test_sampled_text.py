"""Laws of sampled text: it depends on its own request alone, equal prompts are read once, the cache knows all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from unseen.ask import sampling
from unseen.ask.backend import ask
from unseen.ask.cache import AnswerCache
from unseen.ask.hf import HfBackend
from unseen.ask.question import Sample
from unseen.encode.format import Format
from unseen.encode.open_turn import open_user_turn
from unseen.encode.tokenizer import load_tokenizer
from unseen.errors import ModelMistake
from unseen.prompt.example import Example, Segment
from unseen.task.seeds import generator

PLAIN = Format("plain")
CHAT = (
    "{% for m in messages %}{{ '<' + m.role + '>' + m.content + '<end>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"
)
WORDS = "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% else %}{{ m.content }}<end>{% endif %}{% endfor %}"  # noqa: E501


def question(prompt: str, **settings: Any) -> Sample:
    example = Example("toy/task", "asked", "test", 0, (Segment("user", prompt),))
    return Sample(example, **{"max_new_tokens": 6, "top_p": 0.9, "temperature": 1.3, **settings})


def questions(count: int) -> list[Sample]:
    prompts = ["Say yes. ", "Say yes. And then no, and then perhaps. ", "Do not. "]
    return [
        question(prompts[row % 3], seed=row, max_new_tokens=3 + row % 4, temperature=1 + row % 2)
        for row in range(count)
    ]


def backend(model: Any, format: Format = PLAIN, **settings: Any) -> HfBackend:
    return HfBackend(model, format, **{"batch_tokens": 512, "max_tokens": 200, **settings})


def with_template(byte_tokenizer: Any, folder: Path, template: str) -> Any:
    folder.mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((byte_tokenizer.folder / name).read_bytes())
    (folder / "chat_template.jinja").write_text(template)
    return load_tokenizer(folder)


def drawn_alone(model: Any, asked: Sample) -> str:
    """The definition, one token and one whole forward pass at a time."""
    ids = model.tokenizer.ids(asked.example.prompt + "\n").tolist()
    said: list[int] = []
    random = generator(asked.seed, "sample")
    for _ in range(asked.max_new_tokens):
        with torch.inference_mode():
            logits = model.module(input_ids=torch.tensor([ids + said])).logits[0, -1].double()
        ordered, order = (logits / asked.temperature).softmax(-1).sort(descending=True)
        kept = ordered[(ordered.cumsum(-1) - ordered) < asked.top_p]
        token = int(order[int((kept.cumsum(-1) / kept.sum() <= random.random()).sum())])
        if token == 256:
            break
        said.append(token)
    return str(model.tokenizer.decode(said))


@pytest.mark.parametrize("family", ["Llama", "Gemma2", "Bloom"])
def test_a_text_is_what_its_request_alone_would_draw(
    family: str, language_model: Callable[..., Any], tiny_model: Callable[..., Any]
) -> None:
    model = language_model(tiny_model(family))
    asked = questions(12)
    answers = ask(backend(model), asked)
    assert [each.text for each in answers] == [drawn_alone(model, each) for each in asked]
    assert len({each.text for each in answers}) > 6, "draws that do not differ show nothing"


def test_neighbours_order_and_batches_change_nothing(
    language_model: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, asked = language_model(), questions(14)
    expected = ask(backend(model), asked)
    assert ask(backend(model), asked[::-1])[::-1] == expected
    assert ask(backend(model, batch_tokens=20), asked[5:9]) == expected[5:9]
    monkeypatch.setattr(sampling, "ROWS", 3)
    assert ask(backend(model), asked) == expected


def test_equal_prompts_are_read_once(language_model: Callable[..., Any]) -> None:
    model = language_model()
    tuned = backend(model)
    read = []
    model.module.get_input_embeddings().register_forward_hook(
        lambda module, inputs, output: read.append(output.shape[:-1].numel())
    )
    prompt = "A long beginning that all of them share. "
    answers = ask(tuned, [question(prompt, seed=seed, max_new_tokens=1) for seed in range(9)])
    assert sum(read) == len(model.tokenizer.ids(prompt + "\n"))
    assert len({each.text for each in answers}) > 3


def test_each_text_arrives_when_it_ends(language_model: Callable[..., Any]) -> None:
    short, long = question("Say. ", max_new_tokens=1), question("Say. ", max_new_tokens=40, seed=7)
    arriving = backend(language_model()).answer([long, short])
    assert next(arriving)[0] == 1


def test_how_a_text_ended_is_said(language_model: Callable[..., Any]) -> None:
    model = backend(language_model())
    asked = [question("Say. ", max_new_tokens=12, seed=seed) for seed in range(24)]
    free = ask(model, asked)
    assert {each.broken_off for each in free} == {True, False}
    assert all(each.lengths[0] == 12 if each.broken_off else each.lengths[0] < 12 for each in free)
    index, text = next((index, each.text) for index, each in enumerate(free) if each.broken_off and each.text[3:4])
    [stopped] = ask(model, [replace(asked[index], stop=(text[3],))])
    assert not stopped.broken_off and stopped.text == text[: text.index(text[3])]


def test_the_cache_keys_on_model_prompt_and_every_setting(tmp_path: Path, language_model: Callable[..., Any]) -> None:
    model, base = backend(language_model()), question("Say. ")
    others = [
        replace(base, **change)
        for change in (
            {"seed": 1},
            {"temperature": 1.0},
            {"top_p": 0.8},
            {"max_new_tokens": 5},
            {"stop": ("x",)},
            {"example": question("Say? ").example},
        )
    ]
    assert len({model.key(each) for each in [base, *others]}) == 7
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        fresh = ask(model, [base, *others], cache)
        again = ask(model, [base, *others], cache)
    assert all(each.cached for each in again) and not any(each.cached for each in fresh)
    assert [replace(each, cached=False) for each in again] == fresh


def test_the_users_turn_is_opened_as_the_template_opens_it(byte_tokenizer: Any, tmp_path: Path) -> None:
    tokenizer = with_template(byte_tokenizer, tmp_path / "chat", CHAT)
    opened = open_user_turn((), tokenizer, Format("chat"))
    assert tokenizer.decode(opened.ids, control=True) == "<user>"
    assert (opened.end, opened.stop) == ({256}, ())
    told = open_user_turn((Segment("system", "Be kind."),), tokenizer, Format("chat"))
    assert tokenizer.decode(told.ids, control=True) == "<system>Be kind.<end><user>" and 256 in told.ids
    assert open_user_turn((), tokenizer, Format("chat", "Be kind.")) == told


def test_a_template_that_closes_the_users_turn_with_words_ends_it_there(byte_tokenizer: Any, tmp_path: Path) -> None:
    tokenizer = with_template(byte_tokenizer, tmp_path / "chat", WORDS)
    opened = open_user_turn((), tokenizer, Format("chat"))
    assert (tokenizer.decode(opened.ids), opened.stop) == ("[INST] ", ("[/INST]",))


def test_a_user_turn_is_drawn_until_its_own_end(
    byte_tokenizer: Any, tmp_path: Path, language_model: Callable[..., Any]
) -> None:
    tokenizer = with_template(byte_tokenizer, tmp_path / "chat", CHAT)
    model = SimpleNamespace(**{**vars(language_model()), "tokenizer": tokenizer})
    nothing = Example("diverse", "question", "train", 0, ())
    asked = [Sample(nothing, max_new_tokens=4, seed=seed, speaker="user") for seed in range(5)]
    answers = ask(backend(model, Format("chat")), asked)
    assert len({each.text for each in answers}) > 2
    with pytest.raises(ModelMistake, match="has no chat template"):
        ask(backend(language_model()), asked)
