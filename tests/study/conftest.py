"""A tiny random model with the embedded model's tokenizer, and a recipe small enough for a test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruled_studies import begin, finish

from unseen.errors import RecipeMistake
from unseen.recipe import Recipe
from unseen.section import check_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory, embedded_folder: Path) -> Path:
    """A random two-layer Llama of 1.6 million parameters, as a model folder."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=49152,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"):
        if (embedded_folder / name).is_file():
            shutil.copyfile(embedded_folder / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home that the tests of a file share; the answers in it are those of the untuned model."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("UNSEEN_HOME", str(home))
        patch.setenv("OMP_NUM_THREADS", "1")
        yield home


VALUES = {
    "name": "tiny",
    "seen": ["sentiment/film_notes", "struct_to_text/cafe_cards"],
    "unseen": ["nli/fact_follows"],
    "templates": {"per_task": 2},
    "train": {
        "steps": 4,
        "examples_per_step": 4,
        "precision": "float32",
        "rank": 4,
        "validation_rows": 4,
        "validate_every": 2,
        "checkpoint_every": 1,
        "learning_rate": 1e-3,
    },
    "evaluate": {"shots": [0, 1], "rows": 4, "max_new_tokens": 4},
}


@pytest.fixture
def recipe(tiny_model: Path) -> Recipe:
    return check_model(Recipe, {**VALUES, "model": str(tiny_model)}, "tiny", RecipeMistake)


@pytest.fixture
def begun(tmp_path: Path, home: Path) -> Path:
    """The folder of a study of which no arm has run."""
    return begin(tmp_path)


@pytest.fixture
def finished(tmp_path: Path, begun: Path) -> Path:
    """The folder of a study of two finished arms."""
    return finish(tmp_path, begun)
