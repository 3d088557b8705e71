"""New tokens: exactly their rows are made, from what the recipe says, and exactly they are tuned, saved and loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from tiny_models import END, save_tiny, save_tokenizer, tiny_module

from unseen.errors import ModelMistake, RecipeMistake, UserMistake
from unseen.model.adapter import merged, trainable
from unseen.model.export import export_merged
from unseen.model.folder import resolve
from unseen.model.learned_rows import settle_rows
from unseen.model.load import LanguageModel, load_model
from unseen.model.new_tokens import matrices, norms, with_tokens
from unseen.model.save import save_model
from unseen.recipe import TokenSettings, TrainSettings

FIRST = END + 1  # the id of the first new token
TWO = {"<sep>": TokenSettings(description="abba"), "<x>": TokenSettings(init="random")}
HEADS = pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])


def save_base(folder: Path, tied: bool, family: str = "Llama") -> Path:
    module = tiny_module(family)
    module.config.tie_word_embeddings = tied
    if tied:
        module.tie_weights()
    module.save_pretrained(folder)
    save_tokenizer(folder)
    return folder


@pytest.fixture(params=[True, False], ids=["tied", "untied"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return save_base(tmp_path / "base", request.param)


def given_tokens(folder: Path, tokens: dict[str, TokenSettings] | None = None, seed: int = 0) -> LanguageModel:
    return with_tokens(load_model(resolve(str(folder))), tokens or TWO, seed)


def rows_of(module: Any) -> dict[str, torch.Tensor]:
    return {side: each.detach().clone() for side, each in matrices(module).items()}


def moved(model: LanguageModel, **settings: Any) -> LanguageModel:
    """`model` with every trainable number changed, as tuning leaves it."""
    assert model.new_rows is not None
    module = trainable(model.module, TrainSettings(rank=4, **settings), 0, model.new_rows.ids)
    with torch.no_grad():
        for number, parameter in enumerate(each for each in module.parameters() if each.requires_grad):
            parameter.add_(0.02 * torch.cos(torch.arange(parameter.numel()) + number).reshape(parameter.shape))
    if settings.get("method") != "full":
        settle_rows(module)
    return replace(model, module=module.eval())


def logits(module: Any) -> torch.Tensor:
    with torch.no_grad():
        return module(input_ids=torch.tensor([[40, FIRST, 41, FIRST + 1, 42]])).logits


def test_a_row_begins_from_what_the_recipe_says(base: Path) -> None:
    tokens = {
        "<d>": TokenSettings(description="aab <m>"),
        "<m>": TokenSettings(),
        "<r>": TokenSettings(init="random", description="aab"),
        "<t>": TokenSettings(init="default"),
    }
    before, model = rows_of(load_model(resolve(str(base))).module), given_tokens(base, tokens)
    words = model.tokenizer.ids("aab ").tolist()
    for side, after in rows_of(model.module).items():
        old = before[side]
        assert torch.equal(after[:FIRST], old)  # bit by bit
        assert torch.equal(after[FIRST], old[words].mean(0))
        assert torch.equal(after[FIRST + 1], old.mean(0))
        assert float((after[FIRST + 3] - old.mean(0)).norm()) < 0.01  # transformers draws it close to the mean
        spread = (after[FIRST + 2] - old.mean(0)) / old.std(0)
        assert 0.5 < float(spread.std()) < 1.6 and not torch.equal(after[FIRST + 2], after[FIRST])
    assert [each.start for each in model.new_rows.tokens] == ["description", "mean", "random", "default"]  # type: ignore[union-attr]


def test_random_rows_depend_on_seed_and_spelling_alone_and_leave_the_global_state(tmp_path: Path) -> None:
    base = save_base(tmp_path / "base", tied=False)
    more = {"<first>": TokenSettings(), "<x>": TokenSettings(init="random"), "<t>": TokenSettings(init="default")}
    torch.manual_seed(5)
    state = torch.get_rng_state()
    one, other = rows_of(given_tokens(base).module), rows_of(given_tokens(base, more).module)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(6)
    assert torch.equal(one["input"][FIRST + 1], other["input"][FIRST + 1])
    assert torch.equal(other["input"], rows_of(given_tokens(base, more).module)["input"])
    assert not torch.equal(one["input"][FIRST + 1], one["output"][FIRST + 1])
    assert not torch.equal(one["input"][FIRST + 1], rows_of(given_tokens(base, seed=1).module)["input"][FIRST + 1])


def test_spare_rows_of_a_padded_embedding_are_used_first(base: Path, tmp_path: Path) -> None:
    module = load_model(resolve(str(base))).module
    module.resize_token_embeddings(FIRST + 7)
    module.save_pretrained(tmp_path / "padded")
    save_tokenizer(tmp_path / "padded")
    model = given_tokens(tmp_path / "padded", {**TWO, "<t>": TokenSettings(init="default")})
    for side, after in rows_of(model.module).items():
        assert len(after) == FIRST + 7
        assert torch.equal(after[FIRST], after[model.tokenizer.ids("abba").tolist()].mean(0))
        assert torch.equal(after[FIRST + 2 :], rows_of(module)[side][FIRST + 2 :])


def test_a_known_token_keeps_its_row_unless_its_init_is_written(base: Path, tmp_path: Path) -> None:
    folder = save_model(moved(given_tokens(base), method="tokens"), tmp_path / "first")
    old = rows_of(merged(load_model(resolve(str(folder))).module))["input"]
    kept = given_tokens(folder, {"<sep>": TokenSettings(description="b"), "<x>": TokenSettings(init="mean")})
    new = rows_of(kept.module)["input"]
    assert [(each.start, each.known) for each in kept.new_rows.tokens] == [("kept", True), ("mean", True)]  # type: ignore[union-attr]
    assert torch.equal(new[FIRST], old[FIRST]) and not torch.equal(new[FIRST + 1], old[FIRST + 1])
    assert len(new) == len(old)


@HEADS
@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        ({}, {FIRST, FIRST + 1}),
        ({"method": "tokens"}, {FIRST, FIRST + 1}),
        ({"new_rows": "frozen"}, set()),
    ],
    ids=["lora", "tokens", "frozen"],
)
def test_exactly_the_new_rows_change(tied: bool, settings: dict[str, str], changes: set[int], tmp_path: Path) -> None:
    model = given_tokens(save_base(tmp_path / "base", tied))
    before = rows_of(model.module)
    weights = {name: each.detach().clone() for name, each in model.module.named_parameters()}
    tuned = merged(moved(model, **settings).module)
    for side, after in rows_of(tuned).items():
        changed = (after != before[side]).any(1).nonzero().flatten().tolist()
        assert set(changed) == changes
    if settings.get("method") == "tokens":
        same = {name for name, each in tuned.named_parameters() if torch.equal(each, weights[name])}
        assert set(weights) - same == {"model.embed_tokens.weight"} | (set() if tied else {"lm_head.weight"})


@HEADS
def test_only_what_is_meant_to_learn_is_trainable(tied: bool, tmp_path: Path) -> None:
    folder = save_base(tmp_path / "base", tied)

    def learning(**settings: Any) -> int:
        model = given_tokens(folder)
        assert model.new_rows is not None
        module = trainable(model.module, TrainSettings(rank=4, **settings), 0, model.new_rows.ids)
        return sum(each.numel() for each in module.parameters() if each.requires_grad)

    rows = 2 * 32 * (1 if tied else 2)
    assert learning(method="tokens") == rows
    assert learning() == learning(new_rows="frozen") + rows
    module = given_tokens(folder).module
    assert learning(method="full") == sum(each.numel() for each in module.parameters())


READ = """
import sys, torch
from pathlib import Path
from safetensors.torch import save_file
from unseen.model.folder import resolve
from unseen.model.load import load_model
for folder in map(Path, sys.argv[1:]):
    model = load_model(resolve(str(folder)))
    ids = torch.tensor([[40, *model.tokenizer.ids("<sep>a<x>").tolist()]])
    with torch.no_grad():
        save_file({"ids": ids, "logits": model.module(input_ids=ids).logits}, folder.parent / "said")
"""
WAYS: list[dict[str, str]] = [{}, {"method": "tokens"}, {"new_rows": "frozen"}, {"method": "full"}]


def test_a_fresh_process_gives_the_same_logits_bit_by_bit(tmp_path: Path) -> None:
    models = {}
    for tied in (True, False):
        folder = save_base(tmp_path / f"base-{tied}", tied)
        for number, settings in enumerate(WAYS):
            model = moved(given_tokens(folder), **settings)
            models[save_model(model, tmp_path / f"{tied}-{number}" / "model")] = model
    subprocess.run([sys.executable, "-c", READ, *map(str, models)], check=True)
    for folder, model in models.items():
        with safe_open(folder.parent / "said", framework="pt") as file:
            ids, said = file.get_tensor("ids"), file.get_tensor("logits")
        assert ids.tolist()[0][1::2] == [FIRST, FIRST + 1]
        with torch.no_grad():
            assert torch.equal(model.module(input_ids=ids).logits, said), folder


def test_what_is_saved_is_small_and_holds_both_rows_of_an_untied_model(tmp_path: Path) -> None:
    folder = save_model(moved(given_tokens(save_base(tmp_path / "base", False)), method="tokens"), tmp_path / "model")
    with safe_open(folder / "adapter_model.safetensors", framework="pt") as file:
        held = {name: tuple(file.get_tensor(name).shape) for name in file.keys()}  # noqa: SIM118
    assert sorted(name.split(".")[-2] for name in held) == ["embed_tokens", "lm_head"]
    assert set(held.values()) == {(2, 32)}
    assert sum(each.stat().st_size for each in folder.glob("*.safetensors")) < 4096
    told = json.loads((folder / "unseen.json").read_text())
    assert told["method"] == "tokens" and [each["id"] for each in told["tokens"]] == [FIRST, FIRST + 1]


def test_the_digest_is_that_of_the_rows_too(base: Path, tmp_path: Path) -> None:
    def digest(name: str, tokens: dict[str, TokenSettings]) -> str:
        model = moved(given_tokens(base, tokens), new_rows="frozen")
        return resolve(str(save_model(model, tmp_path / name))).digest

    mean, random = {"<x>": TokenSettings(init="mean")}, {"<x>": TokenSettings(init="random")}
    assert digest("one", mean) == digest("same", mean) != digest("other", random)


def test_norms_tell_where_the_rows_began_and_where_they_are(base: Path) -> None:
    model = given_tokens(base)
    matrices_there = len(matrices(model.module))
    began, tuned = norms(model), norms(moved(model, method="tokens"))
    assert [each["text"] for each in tuned] == ["<sep>", "<x>"]
    for before, after in zip(began, tuned, strict=True):
        sides = [key for key in before if key.endswith("_norm")]
        assert sides == ["input_norm", "output_norm"][:matrices_there]
        for side in sides:
            assert before[side]["before"] == before[side]["now"] == after[side]["before"] != after[side]["now"]


def test_tuning_on_stands_on_the_tuned_rows(base: Path, tmp_path: Path) -> None:
    first = moved(given_tokens(base))
    expected = logits(first.module)
    again = load_model(resolve(str(save_model(first, tmp_path / "first"))))
    module = trainable(again.module, TrainSettings(rank=4), 1)
    assert (logits(module) - expected).abs().max() < 1e-4
    assert all("lora_" in name for name, each in module.named_parameters() if each.requires_grad)
    folder = save_model(replace(again, module=module.eval()), tmp_path / "second")
    found = load_model(resolve(str(folder)))
    assert torch.equal(logits(found.module), logits(module))
    assert found.tokenizer.ids("<sep>").tolist() == [FIRST] and found.folder.tokens == ()
    assert [each.text for each in found.folder.all_tokens] == ["<sep>", "<x>"]


def test_a_second_tuning_may_give_another_token(base: Path, tmp_path: Path) -> None:
    first = save_model(moved(given_tokens(base)), tmp_path / "first")
    second = moved(given_tokens(first, {"<more>": TokenSettings()}))
    expected = logits(second.module)
    found = load_model(resolve(str(save_model(second, tmp_path / "second"))))
    assert torch.equal(logits(found.module), expected)
    assert found.tokenizer.ids("<sep><more>").tolist() == [FIRST, FIRST + 2]


@HEADS
@pytest.mark.parametrize("settings", [{}, {"method": "tokens"}, {"method": "full"}], ids=["lora", "tokens", "full"])
def test_the_export_is_plain_transformers(tied: bool, settings: dict[str, str], tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = moved(given_tokens(save_base(tmp_path / "base", tied)), **settings)
    adapted = logits(model.module)
    run = tmp_path / "run"
    save_model(model, run / "model", origins=["pairs"])
    folder = export_merged(str(run), tmp_path / "plain")
    theirs = AutoModelForCausalLM.from_pretrained(folder).eval()
    assert torch.equal(logits(theirs), logits(merged(load_model(resolve(str(run))).module)))  # bit by bit
    assert (logits(theirs) - adapted).abs().max() < 1e-3
    assert AutoTokenizer.from_pretrained(folder)("a<sep>").input_ids[-1] == FIRST
    found = resolve(str(folder))
    assert found.base is None and found.tuned_here == ("pairs",) and len(found.tokens) == 2
    assert torch.equal(logits(load_model(found).module), logits(theirs))


def test_an_export_does_not_write_over_anything(base: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("x")
    with pytest.raises(ModelMistake, match="is there already"):
        export_merged(str(base), tmp_path / "there")
    assert [each.name for each in (tmp_path / "there").iterdir()] == ["mine.txt"]


def untied_by_bias(folder: Path) -> Path:
    from transformers import PhiConfig, PhiForCausalLM

    shape = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 4}
    PhiForCausalLM(PhiConfig(vocab_size=FIRST, eos_token_id=END, bos_token_id=END, **shape)).save_pretrained(folder)
    save_tokenizer(folder)
    return folder


def test_a_head_whose_bias_would_be_lost_is_refused_in_one_line(tmp_path: Path) -> None:
    """PEFT computes a head with trainable rows without its bias."""
    folder = untied_by_bias(tmp_path / "phi")
    with pytest.raises(ModelMistake, match=r"train\.new_rows.*frozen") as told:
        moved(given_tokens(folder))
    assert len(told.value.lines) == 1
    frozen = moved(given_tokens(folder), new_rows="frozen")
    expected = logits(frozen.module)
    found = load_model(resolve(str(save_model(frozen, tmp_path / "model"))))
    assert torch.equal(logits(found.module), expected)


def test_an_encoder_decoder_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(RecipeMistake, match="encoder-decoder"):
        given_tokens(save_tiny(tmp_path / "t5", "T5"))


def test_a_description_without_a_known_word_is_refused(base: Path) -> None:
    with pytest.raises(RecipeMistake, match="'<a>' holds no token that the model knows"):
        given_tokens(base, {"<a>": TokenSettings(description="<b>"), "<b>": TokenSettings()})


@pytest.mark.parametrize("damage", ["absent", "of another model", "cut"])
def test_damaged_rows_are_one_line_with_the_file(damage: str, base: Path, tmp_path: Path) -> None:
    folder = save_model(moved(given_tokens(base)), tmp_path / "model")
    file = folder / "new_rows.safetensors"
    if damage == "absent":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-9])
    else:
        file.write_bytes((folder / "adapter_model.safetensors").read_bytes())
    with pytest.raises(UserMistake, match=r"new_rows\.safetensors") as told:
        load_model(resolve(str(folder)))
    assert len(told.value.lines) == 1


@pytest.mark.parametrize(
    "tokens", [[{"text": "<a>"}], [{"text": 3, "id": 1, "known": True, "start": "mean"}], ["<a>"], 5]
)
def test_a_damaged_list_of_tokens_names_its_file(tokens: Any, base: Path, tmp_path: Path) -> None:
    folder = save_model(moved(given_tokens(base)), tmp_path / "model")
    about = json.loads((folder / "unseen.json").read_text())
    (folder / "unseen.json").write_text(json.dumps({**about, "tokens": tokens}))
    with pytest.raises(ModelMistake, match=r"unseen\.json"):
        resolve(str(folder))
