"""The model card: what the hub reads of it, what a person reads of it, and that nobody's rows or words are lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from card_runs import write_tuned
from huggingface_hub import ModelCard
from page_runs import CHOICES, LEAK, RECIPE, ROW, answers, record, write_run

from unseen.cli import run
from unseen.reporting.card import is_edited, write_card
from unseen.reporting.page import report
from unseen.reporting.run_data import load_run
from unseen.study.seal import file_digests


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tuned(tmp_path_factory.mktemp("runs") / "run")


def card_of(folder: Path) -> str:
    report([folder])
    return (folder / "model" / "README.md").read_text(encoding="utf-8")


def front_of(card: str) -> dict[str, Any]:
    front: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return front


def test_the_hubs_own_reader_finds_the_scores(folder: Path) -> None:
    """Parity with huggingface_hub's ModelCard."""
    found = ModelCard(card_of(folder)).data
    rows = [
        row
        for row in json.loads((folder / "scores.json").read_text())
        if (row["side"], row["model"], row["template"]) == ("unseen", "tuned", None) and row["task"]
    ]
    assert found.library_name == "peft" and found.pipeline_tag == "text-generation" and "unseen" in found.tags
    results = {(each.dataset_name, each.metric_type): each for each in found.eval_results}
    assert len(results) == len(rows) == 3
    for row in rows:
        each = results[row["task"], {"rouge_l": "rouge"}.get(row["metric"], row["metric"])]
        assert each.metric_value == round(row["score"], 1) and each.dataset_split == "test"
        assert f"[{row['low']:.1f}, {row['high']:.1f}], {row['count']} rows" in each.metric_name


def test_a_known_base_gives_its_id_licence_and_relation(tmp_path: Path) -> None:
    model = record()["model"] | {"name": "smollm2-135m-instruct"}
    front = front_of(card_of(write_tuned(tmp_path / "run", model=model)))
    assert front["base_model"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert front["base_model_relation"] == "adapter" and front["license"] == "apache-2.0"


def test_a_base_that_nobody_knows_gives_none_of_them(folder: Path) -> None:
    assert not {"base_model", "base_model_relation", "license"} & set(front_of(card_of(folder)))


def test_a_model_tuned_in_full_is_one_of_transformers(tmp_path: Path) -> None:
    model = record()["model"] | {"name": "openai-community/gpt2@abc"}
    folder = write_tuned(tmp_path / "run", about={"method": "full"}, model=model)
    (folder / "model" / "adapter_config.json").unlink()
    (folder / "model" / "config.json").write_text('{"is_encoder_decoder": true}')
    card = card_of(folder)
    front = front_of(card)
    assert (front["library_name"], front["base_model_relation"]) == ("transformers", "finetune")
    assert front["base_model"] == "openai-community/gpt2" and "AutoModelForSeq2SeqLM.from_pretrained" in card


def test_seen_tasks_of_a_catalog_give_languages_and_licences(tmp_path: Path) -> None:
    tasks = {"seen": ["sentiment/film_notes", "films/gone"], "unseen": ["nli/small"]}
    recipe = RECIPE.model_copy(update={"catalogs": ("shipped",)}).canonical()
    card = card_of(write_tuned(tmp_path / "run", tasks=tasks, recipe=recipe))
    assert front_of(card)["language"] == ["en"]
    assert "- sentiment/film\\_notes: Apache-2.0" in card and "- films/gone: no catalog here describes it" in card


def test_it_tells_the_split_the_scores_the_limits_and_the_recipe(folder: Path) -> None:
    card = card_of(folder)
    for part in (
        "**Tuning helped on the unseen tasks",
        "Claim at level cluster",
        "| unseen | nli/small | 12 | 24 | ee |",
        "| nli/small | zero-shot | base |",
        "| nli/small | zero-shot | tuned |",
        "Nothing is claimed about other tasks",
        "- Too long even when cut, not tuned on: 5 examples",
        "f1" * 32,
    ):
        assert part in card
    recipe = yaml.safe_load(card.split("```yaml\n")[1].split("```")[0])
    assert recipe == json.loads(json.dumps(RECIPE.canonical()))


def test_no_row_is_in_it(folder: Path) -> None:
    assert not [each for each in (ROW, LEAK, *CHOICES) if each in card_of(folder)]


def test_void_tasks_are_in_no_result_and_told(tmp_path: Path) -> None:
    model = record()["model"] | {"conflicts": {"nli/small": ["snli"], "nli/other": "none", "talk/say": "none"}}
    card = card_of(write_tuned(tmp_path / "run", model=model))
    assert "nli/small" not in {each["dataset"]["name"] for each in front_of(card)["model-index"][0]["results"]}
    assert "- Void: the start model was instruction-tuned on snli before" in card


def test_new_tokens_are_named(tmp_path: Path) -> None:
    card = card_of(write_tuned(tmp_path / "run", about={"tokens": [{"text": "<sep>", "id": 7}]}))
    assert "It has new tokens (`<sep>`)" in card and "PeftModel" not in card


def test_a_card_that_a_person_edited_is_left_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_tuned(tmp_path / "run")
    card = folder / "model" / "README.md"
    made = card_of(folder)
    assert not is_edited(card) and card_of(folder) == made
    card.write_text(made.replace("## Limits", "## Limits, and a word of my own"), encoding="utf-8")
    edited = card.read_text(encoding="utf-8")
    assert run(["report", str(folder)]) == 0
    assert card.read_text(encoding="utf-8") == edited
    assert "left as it is, since it was edited" in capsys.readouterr().err


def test_a_card_changes_no_digest_that_verify_compares(folder: Path) -> None:
    (folder / "model" / "README.md").unlink(missing_ok=True)
    before = file_digests(folder)
    card_of(folder)
    assert file_digests(folder) == before and "model/adapter_model.safetensors" in before


def test_a_run_that_is_not_finished_or_left_no_model_gets_none(tmp_path: Path) -> None:
    stopped = write_tuned(tmp_path / "stopped", finished=None)
    asked = write_run(tmp_path / "asked", list(answers()))
    for folder in (stopped, asked):
        assert write_card(load_run(folder)) is None
        report([folder])
    assert not (stopped / "model" / "README.md").exists() and not (asked / "model").exists()


def test_a_damaged_model_is_told_and_the_page_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_tuned(tmp_path / "run")
    (folder / "model" / "unseen.json").write_text("{")
    assert run(["report", str(folder)]) == 2
    assert "unseen.json: is not JSON" in capsys.readouterr().err and (folder / "report.html").is_file()


def test_a_page_elsewhere_leaves_the_run_as_it_is(tmp_path: Path) -> None:
    folder = write_tuned(tmp_path / "run")
    report([folder], out=tmp_path / "page.html")
    assert not (folder / "model" / "README.md").exists()
