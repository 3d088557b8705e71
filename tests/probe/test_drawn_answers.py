"""Answers that divergences are measured on are drawn from the model itself, as tokens, and depend on the seed alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from unseen.encode.format import Format, end_ids
from unseen.errors import DataMistake, ModelMistake
from unseen.model.folder import resolve
from unseen.model.load import LanguageModel, load_model
from unseen.probe.divergence import divergence
from unseen.probe.drawn import Drawing, DrawnAnswers, draw_answers
from unseen.probe.kept import Kept
from unseen.probe.moved import moved
from unseen.prompt.example import Example, Segment

PLAIN = Format("plain")
EXAMPLES = [Example("notes", "asked", "test", n, (Segment("user", f"Note {n}:"),)) for n in range(6)]


@pytest.fixture(scope="module")
def one_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An $UNSEEN_HOME in which the tiny model is made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNSEEN_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture
def model(one_home: None) -> LanguageModel:
    """With sharp answers, so that another model's are told apart from them."""
    found = load_model(resolve("tiny-random-llama"))
    with torch.no_grad():
        found.module.get_output_embeddings().weight.mul_(8.0)
    return found


def drawn(model: LanguageModel, place: Path, examples: Sequence[Example] = EXAMPLES, **changes: int) -> DrawnAnswers:
    drawing = replace(Drawing(draws=2, most=5, limit=64, seed=0), **changes)
    return draw_answers(model, examples, PLAIN, drawing, Kept(place), lambda done, total: None)


def ids_of(found: DrawnAnswers) -> list[list[int]]:
    return [each.ids.tolist() for each in found.answers]


def test_an_answer_depends_on_its_prompt_and_the_seed_and_not_on_what_else_is_asked(
    model: LanguageModel, tmp_path: Path
) -> None:
    all_of_them = drawn(model, tmp_path / "a")
    assert all_of_them.prompts == tuple(n for n in range(6) for _ in range(2))
    assert ids_of(drawn(model, tmp_path / "b", EXAMPLES[:3])) == ids_of(all_of_them)[:6]
    assert ids_of(drawn(model, tmp_path / "c", seed=1)) != ids_of(all_of_them)
    assert any(one != two for one, two in zip(ids_of(all_of_them)[::2], ids_of(all_of_them)[1::2], strict=True))


def test_an_answer_weighs_and_its_prompt_does_not_and_the_end_is_counted(model: LanguageModel, tmp_path: Path) -> None:
    found = drawn(model, tmp_path, draws=20, most=3)
    end = end_ids(model.tokenizer, PLAIN)[0]
    ended = [each.ids[-1] == end for each in found.answers]
    assert found.broken_off == ended.count(False) and found.broken_off > 0
    for each, over in zip(found.answers, ended, strict=True):
        assert each.weights.tolist() == [0.0] * each.prompt_length + [1.0] * (len(each.ids) - each.prompt_length)
        assert over or len(each.ids) - each.prompt_length == 3


def test_draws_are_the_model_s_own(model: LanguageModel, tmp_path: Path) -> None:
    """Under the model that drew them the log-ratio is the divergence, which is above 0; under the other, below."""
    other = load_model(resolve("tiny-random-llama"))
    found = drawn(model, tmp_path, draws=40, most=3)
    own = divergence(model.module, other.module, found.answers, found.prompts)
    assert own.exact.value > 0.1 and own.sampled.low < own.exact.value < own.sampled.high
    theirs = drawn(other, tmp_path, draws=40, most=3)
    assert divergence(model.module, other.module, theirs.answers, theirs.prompts).sampled.value < 0


def test_a_context_without_room_is_a_mistake(model: LanguageModel, tmp_path: Path) -> None:
    with pytest.raises(ModelMistake, match="too short for answers of 5000; lower --max-new-tokens"):
        drawn(model, tmp_path, most=5000)


def test_parameters_move_by_the_norm_of_the_change(model: LanguageModel) -> None:
    """By hand: everything times 1.1 is a tenth; nothing is 0; another shape cannot be compared."""
    same = load_model(resolve("tiny-random-llama")).module
    more = load_model(resolve("tiny-random-llama")).module
    with torch.no_grad():
        for parameter in more.parameters():
            parameter.mul_(1.1)
    assert moved(same, same).distance == moved(same, same).linear == 0
    assert (moved(same, more).distance, moved(same, more).linear) == pytest.approx((0.1, 0.1), rel=1e-5)
    head = model.module
    assert moved(same, head).linear == 0 and moved(same, head).distance > 1, "the head alone was changed"
    more.resize_token_embeddings(len(head.get_output_embeddings().weight) + 1)
    with pytest.raises(DataMistake, match="other parameters"):
        moved(same, more)
