"""Which model a name means, and what is said about one that cannot be used."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import save_tiny

from unseen.errors import Mistakes, ModelMistake
from unseen.model.folder import resolve
from unseen.model.listing import list_models
from unseen.model.load import load_model


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("sound") / "tiny")


@pytest.fixture(scope="module")
def sharded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("sharded") / "tiny", max_shard_size="40KB")


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "copy"))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def pickle_only(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no config": (lambda f: (f / "config.json").unlink(), r"has no config\.json"),
    "config is no JSON": (lambda f: (f / "config.json").write_text("{'a': 1"), r"config\.json: is not JSON"),
    "config is a list": (lambda f: (f / "config.json").write_text("[1]"), "does not hold a JSON object"),
    "config without type": (lambda f: (f / "config.json").write_text("{}"), "names no model_type"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "has no weights"),
    "pickled weights": (pickle_only, r"pytorch_model\.bin.*save_pretrained"),
    "truncated weights": (lambda f: truncate(f / "model.safetensors"), r"model\.safetensors: is truncated"),
    "empty weights": (lambda f: (f / "model.safetensors").write_bytes(b""), "no safetensors file"),
    "weights of noise": (lambda f: (f / "model.safetensors").write_bytes(b"\x10" + b"\0" * 7 + b"x" * 40), "header"),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), r"has no tokenizer\.json"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_folder_is_one_line_with_a_remedy(name: str, copy: Path) -> None:
    damage, said = DAMAGE[name]
    damage(copy)
    with pytest.raises(ModelMistake, match=said) as caught:
        resolve(str(copy))
    assert len(caught.value.lines) == 1 and ";" in str(caught.value) and str(copy) in str(caught.value)


def test_all_that_is_wrong_with_a_folder_is_told_at_once(copy: Path) -> None:
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (copy / name).unlink()
    with pytest.raises(Mistakes) as caught:
        resolve(str(copy))
    assert len(caught.value.lines) == 3


def test_absent_shards_are_named(sharded: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sharded, tmp_path / "copy"))
    shard = sorted(folder.glob("model-*.safetensors"))[1]
    shard.unlink()
    with pytest.raises(ModelMistake, match=rf"1 of \d+ shards.*{shard.name}"):
        resolve(str(folder))


def test_tensors_that_no_shard_holds_are_named(sharded: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sharded, tmp_path / "copy"))
    index = folder / "model.safetensors.index.json"
    values = json.loads(index.read_text())
    values["weight_map"]["model.ghost.weight"] = next(iter(values["weight_map"].values()))
    index.write_text(json.dumps(values))
    with pytest.raises(ModelMistake, match=r"model\.ghost\.weight"):
        resolve(str(folder))


def test_a_damaged_folder_is_told_before_torch_is_imported(copy: Path) -> None:
    truncate(copy / "model.safetensors")
    code = (
        "import sys\nfrom unseen.errors import ModelMistake\nfrom unseen.model.folder import resolve\n"
        "try: resolve(sys.argv[1])\nexcept ModelMistake: sys.exit(len({'torch', 'transformers'} & {*sys.modules}))\n"
        "sys.exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(copy)], check=False).returncode == 0


def test_code_that_comes_with_a_model_needs_the_flag(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoConfig": "mine.MyConfig"}}))
    with pytest.raises(ModelMistake, match="trust_remote_code"):
        load_model(resolve(str(copy)))


def test_weights_that_the_configuration_asks_for_and_nobody_has_are_refused(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3, "layer_types": None}))
    with pytest.raises(ModelMistake, match=r"no weights for \d+ parameters.*layers\.2"):
        load_model(resolve(str(copy)))


def test_weights_of_another_shape_are_refused(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "intermediate_size": 64}))
    with pytest.raises(ModelMistake, match="another shape"):
        load_model(resolve(str(copy)))


def test_a_tokenizer_with_more_ids_than_the_embedding_has_rows_is_refused(copy: Path) -> None:
    values = json.loads((copy / "tokenizer.json").read_text())
    values["model"]["vocab"]["Q"] = 257
    (copy / "tokenizer.json").write_text(json.dumps(values))
    with pytest.raises(ModelMistake, match=r"258 ids.*257 rows"):
        load_model(resolve(str(copy)))


def test_a_model_type_that_transformers_does_not_know_is_refused(copy: Path) -> None:
    (copy / "config.json").write_text('{"model_type": "perceptron_of_1958"}')
    with pytest.raises(ModelMistake, match=r"does not know .*perceptron_of_1958"):
        load_model(resolve(str(copy)))


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ModelMistake, match="did you mean 'smollm2-135m-instruct'"):
        resolve("smollm2-135m-instrct")


def test_a_name_under_unseen_models(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNSEEN_MODELS", str(sound.parent))
    assert resolve("tiny").path == sound
    assert next(each for each in list_models() if each["model"] == "tiny")["path"] == str(sound)


def test_a_hub_id_without_network_fails_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    started = time.monotonic()
    with pytest.raises(ModelMistake, match="some-org/some-model@v1"):
        resolve("some-org/some-model@v1")
    assert time.monotonic() - started < 3


def test_a_hub_model_in_the_local_cache_needs_no_network(
    sound: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    commit = "0123456789abcdef0123456789abcdef01234567"
    stored = tmp_path / "models--some-org--some-model"
    shutil.copytree(sound, stored / "snapshots" / commit)
    (stored / "refs").mkdir()
    (stored / "refs" / "main").write_text(commit)
    found = resolve("some-org/some-model")
    assert (found.revision, found.digest) == (commit, resolve(str(sound)).digest)
    assert resolve(f"some-org/some-model@{commit}").digest == found.digest


def test_a_hub_model_that_came_half_says_what_is_missing(
    sharded: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    snapshot = tmp_path / "models--some-org--some-model" / "snapshots" / ("0" * 40)
    shutil.copytree(sharded, snapshot)
    next(snapshot.glob("model-*.safetensors")).unlink()
    with pytest.raises(ModelMistake, match="shards that are not there"):
        resolve(f"some-org/some-model@{'0' * 40}")


def test_the_digest_is_that_of_the_content(sound: Path, sharded: Path, copy: Path, tmp_path: Path) -> None:
    digest = resolve(str(sound)).digest
    assert resolve(str(sharded)).digest == digest
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    assert resolve(str(copy)).digest != digest
    again = Path(shutil.copytree(sound, tmp_path / "again"))
    config = json.loads((again / "config.json").read_text())
    (again / "config.json").write_text(json.dumps({**config, "transformers_version": "9"}))
    assert resolve(str(again)).digest == digest
    (again / "config.json").write_text(json.dumps({**config, "rms_norm_eps": 0.5}))
    assert resolve(str(again)).digest != digest


def test_a_loaded_model_says_what_it_is(sound: Path, tmp_path: Path) -> None:
    model = load_model(resolve(str(sound)))
    assert (model.kind, model.context, model.name) == ("decoder", 128, str(sound))
    assert model.tokenizer.end_token == "<end>"
    gpt2 = load_model(resolve(str(save_tiny(tmp_path / "gpt2", "GPT2"))))
    assert (gpt2.context, gpt2.module.config.resid_pdrop) == (64, 0.0)
    t5 = load_model(resolve(str(save_tiny(tmp_path / "t5", "T5"))))
    assert t5.kind == "encoder-decoder" and t5.context > 100_000
    assert all(layer.p == 0.0 for layer in t5.module.modules() if type(layer).__name__ == "Dropout")


def test_sequences_end_where_a_model_would_rotate_them_by_the_longest_of_their_batch(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "long")
    config = json.loads((folder / "config.json").read_text())
    rope = {"rope_type": "longrope", "short_factor": [1.0] * 4, "long_factor": [1.0, 2.0, 3.0, 4.0], "factor": 2.0}
    rope |= {"rope_theta": 10_000.0, "original_max_position_embeddings": 64}
    (folder / "config.json").write_text(json.dumps({**config, "rope_parameters": rope}))
    model = load_model(resolve(str(folder)))
    assert model.context == 64
    row = torch.arange(1, 1 + model.context)
    for beside, alike in ((model.context, True), (model.context + 1, False)):
        batch = torch.nn.utils.rnn.pad_sequence([row, torch.arange(1, 1 + beside)], batch_first=True)
        with torch.no_grad():
            alone, together = model.module(row[None]).logits[0], model.module(batch).logits[0, : len(row)]
        assert torch.allclose(alone, together, atol=1e-4) == alike
    static = {**rope, "rope_type": "yarn"}
    (folder / "config.json").write_text(json.dumps({**config, "rope_parameters": static}))
    assert load_model(resolve(str(folder))).context == 128


def test_what_a_described_model_was_tuned_on() -> None:
    by_name = {each["model"]: each["instruction_tuned_on"] for each in list_models()}
    assert "ultrafeedback" in by_name["smollm2-135m-instruct"]
    assert by_name["gpt2"] == "none"


def test_a_broken_description_of_the_user_names_its_file(home: Path) -> None:
    file = home / "catalog" / "models" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("name: mine\ninstruction_tuned: none\n")
    with pytest.raises(Mistakes, match=r"mine\.yaml: unknown key 'instruction_tuned'.*instruction_tuned_on"):
        list_models()


def test_the_embedded_default_is_what_its_alias_means(embedded_folder: Path) -> None:
    found = resolve("smollm2-135m-instruct")
    assert (found.path, found.embedded, found.size) == (embedded_folder, True, 538_090_408)
    assert "truthful_qa" in found.instruction_tuned_on
