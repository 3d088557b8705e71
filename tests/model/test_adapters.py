"""Adapters: seeded, saved small, loaded exactly, tied to the weights that they were tuned on."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_models import FAMILIES, logits, save_tiny, tiny_module

from unseen.errors import ModelMistake
from unseen.model.adapter import add_lora, attention_layers, is_adapted, merged, trainable
from unseen.model.folder import resolve
from unseen.model.load import LanguageModel, load_model
from unseen.model.save import save_model, tuned_further
from unseen.recipe import TrainSettings

LORA = TrainSettings(rank=4)
FULL = TrainSettings(method="full")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("base") / "tiny")


def tuned(folder: Path, settings: TrainSettings = LORA, seed: int = 0) -> LanguageModel:
    """The model of `folder` with changed weights, as tuning leaves them."""
    model = load_model(resolve(str(folder)))
    module = trainable(model.module, settings, seed)
    with torch.no_grad():
        for number, parameter in enumerate(each for each in module.parameters() if each.requires_grad):
            parameter.add_(0.02 * torch.cos(torch.arange(parameter.numel()) + number).reshape(parameter.shape))
    return replace(model, module=module.eval())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_saved_adapter_gives_the_same_logits(family: str, tmp_path: Path) -> None:
    model = tuned(save_tiny(tmp_path / "base", family))
    expected = logits(model.module)
    folder = save_model(model, tmp_path / "model")
    again = load_model(resolve(str(folder)))
    assert torch.equal(logits(again.module), expected)
    assert not torch.equal(logits(load_model(resolve(str(tmp_path / "base"))).module), expected)
    assert (logits(merged(again.module)) - expected).abs().max() < 1e-3 * expected.abs().max()


def test_a_saved_adapter_is_small_and_names_its_base(base: Path, tmp_path: Path) -> None:
    folder = save_model(tuned(base), tmp_path / "model", ["nli/pairs"], ["pairs"])
    found = resolve(str(folder))
    assert found.base is not None and found.base.digest == resolve(str(base)).digest
    parameters = sum(each.numel() for each in tuned(base).module.parameters() if each.requires_grad)
    assert (folder / "adapter_model.safetensors").stat().st_size < 4 * parameters + 8000
    assert found.digest != found.base.digest


def test_a_run_folder_means_the_model_that_it_tuned(base: Path, tmp_path: Path) -> None:
    save_model(tuned(base), tmp_path / "run" / "model")
    assert resolve(str(tmp_path / "run")).path == tmp_path / "run" / "model"


def test_an_adapter_of_the_hub_is_the_one_that_was_pushed(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pushed adapter names its base and no place; the hub's cache holds it under its commit."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("UNSEEN_MODELS", str(base.parent))
    monkeypatch.chdir(base.parent)
    here = save_model(tuned(Path("tiny")), tmp_path / "model")
    stored, commit = tmp_path / "hub" / "models--some-org--tuned", "0123456789abcdef0123456789abcdef01234567"
    shutil.copytree(here, stored / "snapshots" / commit)
    about = stored / "snapshots" / commit / "unseen.json"
    said = json.loads(about.read_text())
    about.write_text(json.dumps(said | {"base": said["base"] | {"path": None}}))
    (stored / "refs").mkdir()
    (stored / "refs" / "main").write_text(commit)
    found = resolve("some-org/tuned")
    assert (found.revision, found.digest) == (commit, resolve(str(here)).digest)
    assert torch.equal(logits(load_model(found).module), logits(load_model(resolve(str(here))).module))


def test_another_adapter_is_another_digest(base: Path, tmp_path: Path) -> None:
    one = resolve(str(save_model(tuned(base, seed=0), tmp_path / "one")))
    other = resolve(str(save_model(tuned(base, seed=1), tmp_path / "other")))
    assert one.digest != other.digest
    assert one.digest == resolve(str(save_model(tuned(base, seed=0), tmp_path / "same"))).digest


def test_an_adapter_is_refused_on_other_weights(tmp_path: Path) -> None:
    base = save_tiny(tmp_path / "base", seed=0)
    save_model(tuned(base), tmp_path / "model")
    shutil.rmtree(base)
    save_tiny(base, seed=1)
    with pytest.raises(ModelMistake, match="other weights"):
        resolve(str(tmp_path / "model"))
    shutil.rmtree(base)
    with pytest.raises(ModelMistake, match="base model cannot be used"):
        resolve(str(tmp_path / "model"))


def test_a_full_model_is_saved_whole(base: Path, tmp_path: Path) -> None:
    model = tuned(base, FULL)
    expected = logits(model.module)
    found = resolve(str(save_model(model, tmp_path / "model")))
    assert found.base is None and found.digest != model.digest
    again = load_model(found)
    assert torch.equal(logits(again.module), expected)
    assert again.tokenizer.digest == model.tokenizer.digest


def test_tuning_a_tuned_model_stacks(base: Path, tmp_path: Path) -> None:
    first = save_model(tuned(base), tmp_path / "first", origins=["pairs"])
    second = tuned(first, seed=5)
    expected = logits(second.module)
    found = resolve(str(save_model(second, tmp_path / "second", origins=["reviews"])))
    assert torch.equal(logits(load_model(found).module), expected)
    assert found.base is not None and found.base.base is not None
    whole = tuned(first, FULL)
    assert not is_adapted(whole.module)


def test_a_run_on_a_model_of_the_hub_is_a_place_here_when_it_is_tuned_on(base: Path, tmp_path: Path) -> None:
    """Not `runs/first@commit`: the commit is that of the model below it."""
    save_model(tuned(base), tmp_path / "first", tasks=(), origins=())
    first = resolve(str(tmp_path / "first"))
    assert first.base is not None
    of_hub = replace(first, revision="0123abc", base=replace(first.base, name="org/tiny", revision="0123abc"))
    further = replace(tuned(base), folder=of_hub)
    save_model(further, tmp_path / "second", tasks=(), origins=())
    said = json.loads((tmp_path / "second" / "unseen.json").read_text())["base"]
    assert (said["name"], said["path"]) == (str(tmp_path / "first"), str(first.path))


def test_what_a_model_was_tuned_on_accumulates(base: Path, tmp_path: Path) -> None:
    assert resolve(str(base)).instruction_tuned_on == "unknown"
    assert tuned_further("none", ["pairs"]) == ("pairs",)
    assert tuned_further(("pairs",), ["reviews", "pairs"]) == ("pairs", "reviews")
    assert tuned_further("unknown", ["pairs"]) == "unknown"
    model = tuned(base)
    known = replace(model, folder=replace(model.folder, instruction_tuned_on=("smoltalk",)))
    folder = save_model(known, tmp_path / "model", origins=["pairs"])
    assert resolve(str(folder)).instruction_tuned_on == ("smoltalk", "pairs")


def test_an_adapter_starts_from_its_seed_alone_and_changes_nothing_yet() -> None:
    def start(seed: int) -> dict[str, torch.Tensor]:
        module = add_lora(tiny_module(), LORA, seed)
        return {name: value for name, value in module.named_parameters() if value.requires_grad}

    torch.manual_seed(99)
    before = torch.get_rng_state()
    one = start(3)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(7)
    assert all(torch.equal(value, one[name]) for name, value in start(3).items())
    assert not all(torch.equal(value, one[name]) for name, value in start(4).items())
    assert torch.equal(logits(add_lora(tiny_module(), LORA, 3)), logits(tiny_module()))


def test_only_the_adapter_is_trainable_and_full_tuning_trains_all() -> None:
    module = trainable(tiny_module(), LORA, 0)
    assert all("lora_" in name for name, value in module.named_parameters() if value.requires_grad)
    assert all(value.requires_grad for value in trainable(tiny_module(), FULL, 0).parameters())


@pytest.mark.parametrize(("family", "layers"), [("Llama", 8), ("GPT2", 4), ("T5", 24)])
def test_attention_targets_are_the_linear_layers_of_attention(family: str, layers: int) -> None:
    module = tiny_module(family)
    assert len(attention_layers(module)) == layers
    wrapped = add_lora(module, TrainSettings(rank=2, targets="attention"), 0)
    adapted = {name.rpartition(".lora_")[0] for name, value in wrapped.named_parameters() if value.requires_grad}
    assert len(adapted) == layers


def test_targets_that_the_model_does_not_have_are_the_user_s_mistake() -> None:
    with pytest.raises(ModelMistake, match=r"train\.targets"):
        add_lora(tiny_module(), TrainSettings(targets=("no_such_layer",)), 0)


def test_an_interrupted_save_leaves_the_earlier_model(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = resolve(str(save_model(tuned(base), tmp_path / "model"))).digest

    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("shutil.copyfile", broken)
    with pytest.raises(OSError, match="disk full"):
        save_model(tuned(base, seed=2), tmp_path / "model")
    assert resolve(str(tmp_path / "model")).digest == earlier
    assert [each.name for each in tmp_path.iterdir()] == ["model"]
