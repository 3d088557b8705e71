"""BLEURT through tiny random checkpoints of both layouts: the same scores beside whatever else, or one clear line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bleurt_folders import PIECES, save_bleurt, spm_bytes

from unseen.errors import ModelMistake
from unseen.model.bleurt import load_bleurt
from unseen.model.sentencepiece_file import read_unigram, unigram_tokenizer

REFERENCES = ["the house", "the ships", "a  house that the ships see", "the"]
OTHER_KEYS = {  # of the published config.json of BLEURT-20-D12, beside the sizes
    "_name_or_path": "BLEURT-20",
    "classifier_dropout": None,
    "embedding_dropout_prob": 0,
    "position_embedding_type": "absolute",
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
    "transformers_version": "4.41.0.dev0",
    "use_cache": False,
}
HYPOTHESES = ["the ship", "the ships", "", "the house has the ship " * 30]


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layout of transformers."""
    return save_bleurt(tmp_path_factory.mktemp("native"))


@pytest.fixture(scope="module")
def ported(native: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same network under the names of bleurt-pytorch, with spm.model for its tokenizer."""
    import torch
    from safetensors.torch import load_file, save_file

    folder = tmp_path_factory.mktemp("ported")
    weights = load_file(native / "model.safetensors")

    def name(said: str) -> str:
        said = said.replace("embedding_hidden_mapping_in", "embedding_projection")
        return f"bleurt.{said.removeprefix('rembert.')}" if said.startswith("rembert.") else said

    renamed = {name(key): value for key, value in weights.items()}
    positions = torch.arange(512)[None].clone()
    save_file({**renamed, "bleurt.embeddings.position_ids": positions}, folder / "model.safetensors")
    config = json.loads((native / "config.json").read_text())
    config |= {"model_type": "bleurt", "architectures": ["BleurtForSequenceClassification"]}
    config |= {"embedding_size": config.pop("input_embedding_size"), **OTHER_KEYS}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "spm.model").write_bytes(spm_bytes())
    return folder


@pytest.fixture
def changed(native: Path, tmp_path: Path) -> Callable[..., Path]:
    """A copy of the native folder without some files, and with other values in its configuration."""

    def change(*without: str, **values: Any) -> Path:
        folder = tmp_path / "changed"
        shutil.copytree(native, folder)
        for name in without:
            (folder / name).unlink()
        if values:
            config = json.loads((folder / "config.json").read_text()) | values
            (folder / "config.json").write_text(json.dumps(config))
        return folder

    return change


def test_every_pair_has_a_score_of_its_own(native: Path) -> None:
    scores = load_bleurt(native).scores(REFERENCES, HYPOTHESES)
    assert all(isinstance(score, float) for score in scores) and len(set(scores)) == len(scores)


def test_a_score_is_that_of_transformers_own_model_on_reference_then_hypothesis(native: Path) -> None:
    import torch
    from transformers import RemBertForSequenceClassification

    bleurt = load_bleurt(native)
    ids = [2, 6, 8, 3, 6, 7, 3]  # [CLS] the house [SEP] the ship [SEP]
    model = RemBertForSequenceClassification.from_pretrained(native).eval()
    types = torch.tensor([[0, 0, 0, 0, 1, 1, 1]])
    with torch.inference_mode():
        wanted = model(torch.tensor([ids]), token_type_ids=types).logits.item()
    assert bleurt.scores(REFERENCES[:1], HYPOTHESES[:1]) == pytest.approx([wanted], abs=1e-5)


def test_a_score_does_not_depend_on_what_else_is_scored(native: Path) -> None:
    bleurt = load_bleurt(native)
    alone = [bleurt.scores([one], [two])[0] for one, two in zip(REFERENCES, HYPOTHESES, strict=True)]
    together = bleurt.scores(REFERENCES * 9, HYPOTHESES * 9)
    assert together == pytest.approx(alone * 9, abs=1e-5)


def test_the_layout_of_bleurt_pytorch_gives_the_scores_of_transformers(native: Path, ported: Path) -> None:
    one, two = load_bleurt(native), load_bleurt(ported)
    assert two.scores(REFERENCES, HYPOTHESES) == pytest.approx(one.scores(REFERENCES, HYPOTHESES), abs=1e-6)
    assert one.digest != two.digest, "a digest is of what the folder holds"


def test_pairs_that_the_model_cannot_read_in_full_are_counted(native: Path) -> None:
    bleurt = load_bleurt(native)
    long = "the ship " * 300
    assert bleurt.cut(["the", long], ["the", "the"]) == 1
    assert len(bleurt.scores([long], [long])) == 1


def test_pieces_of_a_sentencepiece_model_keep_their_ids(ported: Path) -> None:
    said = read_unigram(ported / "spm.model")
    assert [text for text, _ in said.pieces] == PIECES and said.unknown == 1 and said.table == b""
    tokens = unigram_tokenizer(ported / "spm.model").encode("the  ships [SEP]").ids
    assert tokens == [6, 7, 9, 3]


@pytest.mark.parametrize(
    ("without", "values", "says"),
    [
        (("model.safetensors",), {}, "it has no model.safetensors"),
        (("tokenizer.json",), {}, "it has no tokenizer.json or spm.model"),
        ((), {"model_type": "llama"}, "its model_type is llama"),
        ((), {"id2label": {"0": "no", "1": "yes"}}, "with 2 labels"),
        ((), {"hidden_size": 32}, "is no BLEURT that can be read"),
    ],
    ids=["no weights", "no tokenizer", "another family", "a classifier", "other shapes"],
)
def test_another_layout_is_one_line(
    changed: Callable[..., Path], without: tuple[str, ...], values: dict[str, Any], says: str
) -> None:
    folder = changed(*without, **values)
    with pytest.raises(ModelMistake) as caught:
        load_bleurt(folder)
    assert says in str(caught.value) and str(folder) in str(caught.value) and "\n" not in str(caught.value)


def test_pickled_weights_are_refused_with_the_way_to_convert_them(changed: Callable[..., Path]) -> None:
    folder = changed("model.safetensors")
    (folder / "pytorch_model.bin").write_bytes(b"anything")
    with pytest.raises(ModelMistake, match="weights_only=True"):
        load_bleurt(folder)


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelMistake, match="there is no such folder of a BLEURT checkpoint"):
        load_bleurt(tmp_path / "absent")


def test_a_file_that_is_no_sentencepiece_model_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "spm.model").write_bytes(b"\x0a\x7fhello")
    with pytest.raises(ModelMistake, match="is no SentencePiece model"):
        read_unigram(tmp_path / "spm.model")
