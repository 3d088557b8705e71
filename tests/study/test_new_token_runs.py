"""A recipe that declares tokens: tuned, recorded, asked again, verified, exported; and what it may not say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from verified_runs import make_catalog, recipe_over

from unseen.cli import run as unseen
from unseen.encode.tokenizer import load_tokenizer
from unseen.evaluation.prediction_file import read_predictions
from unseen.model.folder import resolve
from unseen.model.load import load_model
from unseen.model.new_tokens import matrices
from unseen.recipe import Recipe
from unseen.reporting.page import report
from unseen.study.examples import encode_examples
from unseen.study.fingerprint import identity_digest
from unseen.study.loading import load
from unseen.study.plan import plan
from unseen.study.prepare import prepare
from unseen.study.record import read_record
from unseen.study.run import evaluate, tune
from unseen.study.shared_tuning import giver
from unseen.study.verify.whole import verify_run

TOKENS = {"<sep>": {"description": "Answer yes or no.", "init": "description"}, "<x>": {}}
NEW = 49152  # rows of the tiny model's embedding


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an $UNSEEN_HOME and a catalog whose prompts name a token."""
    folder = tmp_path_factory.mktemp("tokens")
    make_catalog(folder / "catalog")
    for file in (folder / "catalog").glob("*.yaml"):
        file.write_text(file.read_text().replace("{{ text }} ", "{{ text }} <sep> <|im_end|>"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNSEEN_HOME", str(folder / "home"))
        yield folder


def with_tokens(recipe: Recipe, tokens: dict[str, Any] | None = None, **train: Any) -> Recipe:
    values = recipe.canonical()
    changes = {"tokens": TOKENS if tokens is None else tokens, "train": {**values["train"], **train}}
    return Recipe.model_validate({**values, **changes})


@pytest.fixture(scope="module")
def recipe(place: Path, tiny_model: Path) -> Recipe:
    return with_tokens(recipe_over(place / "catalog", tiny_model))


@pytest.fixture(scope="module")
def done(place: Path, recipe: Recipe) -> Path:
    return tune(recipe, place / "run").folder


def test_the_record_says_what_became_of_the_tokens(done: Path) -> None:
    sep, other = read_record(done)["tokens"]
    assert (sep["text"], sep["id"], sep["start"]) == ("<sep>", NEW, "description")
    assert (other["text"], other["id"], other["start"]) == ("<x>", NEW + 1, "mean")
    assert sep["input_norm"]["before"] != sep["input_norm"]["now"]
    assert "output_norm" not in sep  # the tiny model has one matrix


def test_the_page_shows_the_token_and_its_row(done: Path) -> None:
    page = report([done]).read_text(encoding="utf-8")
    norm = read_record(done)["tokens"][0]["input_norm"]
    assert "&lt;sep&gt;" in page and "<sep>" not in page
    assert f"{norm['before']:.3f}" in page and f"{norm['now']:.3f}" in page


def test_prompts_hold_the_token_and_keep_control_tokens_of_rows_as_text(
    done: Path, recipe: Recipe, tmp_path: Path
) -> None:
    stored, held, _ = encode_examples(prepare(recipe), load(prepare(recipe)), tmp_path)
    plain = load_tokenizer(resolve(recipe.model).tokenizer)
    for example in [*(stored[index] for index in range(len(stored))), *held]:
        ids = example.ids.tolist()
        assert ids.count(NEW) == 1
        assert ids.count(plain.end_id) == 3  # of the system's, the user's and the assistant's turn, none of the row's
    assert all(
        "<sep> <|im_end|>" in each.prompt for each in read_predictions(done / "predictions.parquet") if not each.plain
    )


def test_every_part_of_the_run_is_done_again(done: Path) -> None:
    checks = {check.name: check for check in verify_run(done)}
    assert {name: (each.outcome, each.told) for name, each in checks.items() if each.outcome != "holds"} == {}
    assert "bit by bit" in checks["replay"].told


def test_the_run_s_model_is_asked_with_its_own_rows(done: Path, recipe: Recipe, tmp_path: Path) -> None:
    """Also by the run's recipe, whose `init` is for the model that is tuned and not for the one that was."""
    tuned = {
        (each.task, each.template, each.row): (each.text, each.log_probs)
        for each in read_predictions(done / "predictions.parquet")
        if each.model == "tuned" and each.side == "unseen"
    }
    for name, tokens in (("none", {}), ("own", TOKENS)):
        asked = with_tokens(recipe, tokens).model_copy(update={"model": str(done), "seen": ()})
        folder = evaluate(asked, tmp_path / name).folder
        again = {
            (each.task, each.template, each.row): (each.text, each.log_probs)
            for each in read_predictions(folder / "predictions.parquet")
        }
        assert again == tuned
        assert {check.outcome for check in verify_run(folder)} <= {"holds", "not kept", "skipped"}


def test_other_tokens_are_another_fingerprint_and_are_not_taken_over(done: Path, recipe: Recipe) -> None:
    other = with_tokens(recipe, {**TOKENS, "<sep>": {"init": "mean"}})
    assert prepare(other).fingerprint != prepare(recipe).fingerprint
    record = read_record(done)
    assert giver(record, [done]) == done
    assert giver({**record, "recipe": other.canonical()}, [done]) is None


def test_a_recipe_without_tokens_is_what_it_was_before_there_were_any(recipe: Recipe) -> None:
    none = with_tokens(recipe, {})
    before = none.canonical()
    del before["tokens"], before["train"]["new_rows"]
    parts: tuple[Any, ...] = ({}, {}, "model", "1")
    assert identity_digest(before, *parts) == identity_digest(none.canonical(), *parts)
    assert identity_digest(with_tokens(none, {}, new_rows="frozen").canonical(), *parts) == identity_digest(
        before, *parts
    )
    frozen = with_tokens(recipe, TOKENS, new_rows="frozen").canonical()
    assert len({identity_digest(each, *parts) for each in (before, recipe.canonical(), frozen)}) == 3


@pytest.mark.parametrize("train", [{"method": "tokens"}, {"new_rows": "frozen"}], ids=["tokens", "frozen"])
def test_exactly_what_the_recipe_says_is_tuned(
    train: dict[str, str], place: Path, tiny_model: Path, tmp_path: Path
) -> None:
    recipe = with_tokens(recipe_over(place / "catalog", tiny_model), {"<sep>": {"init": "random"}}, **train)
    run = tune(recipe, tmp_path / "run")
    norm = run.record["tokens"][0]["input_norm"]
    assert (norm["before"] == norm["now"]) == (train.get("new_rows") == "frozen")
    rows = 32 if train.get("method") == "tokens" else 0
    assert (run.record["training"]["trained_parameters"] == rows) == bool(rows)
    start = matrices(load(prepare(recipe)).module)["input"]
    after = matrices(load_model(resolve(str(run.folder))).module.get_base_model())["input"]
    assert torch.equal(after[:NEW], start[:NEW])
    assert torch.equal(after[NEW], start[NEW]) == (not rows)
    assert {check.outcome for check in verify_run(run.folder, ("answers",))} <= {"holds", "skipped"}


def test_all_but_the_new_rows_is_tuned_where_these_are_frozen(place: Path, tiny_model: Path, tmp_path: Path) -> None:
    frozen = {"method": "full", "new_rows": "frozen", "weight_decay": 0.0}
    recipe = with_tokens(recipe_over(place / "catalog", tiny_model), {"<sep>": {"init": "random"}}, **frozen)
    run = tune(recipe, tmp_path / "run")
    start = matrices(load(prepare(recipe)).module)["input"]
    after = matrices(load_model(resolve(str(run.folder))).module)["input"]
    assert torch.equal(after[NEW], start[NEW]) and not torch.equal(after[:NEW], start[:NEW])
    assert {check.outcome for check in verify_run(run.folder, ("answers",))} <= {"holds", "skipped"}


def test_the_command_exports_a_plain_model(done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    assert unseen(["export", str(done), str(tmp_path / "plain")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "plain")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "plain")
    module = AutoModelForCausalLM.from_pretrained(tmp_path / "plain")
    ids = tokenizer("Is it <sep> wet?", return_tensors="pt").input_ids
    assert ids.tolist()[0].count(NEW) == 1 and tokenizer.decode(ids[0]) == "Is it <sep> wet?"
    with torch.no_grad():
        own = load_model(resolve(str(done))).module(input_ids=ids).logits
        assert float((module(input_ids=ids).logits - own).abs().max()) < 1e-3
    assert unseen(["export", str(done), str(tmp_path / "plain")]) == 2
    assert "is there already" in capsys.readouterr().err


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "space": ({"tokens": {"<s ep>": {}}}, "'<s ep>': a token is 1 to 64 characters without white space"),
    "empty": ({"tokens": {"": {}}}, "'': a token is 1 to 64 characters without white space"),
    "many": ({"tokens": {f"<{number}>": {} for number in range(257)}}, "declares 257 tokens; 256 are the most"),
    "no description": ({"tokens": {"<a>": {"init": "description"}}}, "there is no description"),
    "key": ({"tokens": {"<a>": {"descripton": ""}}}, "unknown key 'tokens.<a>.descripton'; did you mean 'description'"),
    "init": ({"tokens": {"<a>": {"init": "zero"}}}, "tokens.<a>.init: must be 'description', 'mean', 'random' or"),
    "method": ({"train": {"method": "tokens"}}, "there are no tokens"),
    "nothing learns": (
        {"tokens": {"<a>": {}}, "train": {"method": "tokens", "new_rows": "frozen"}}, "new_rows is frozen",
    ),
    "decayed": (
        {"train": {"method": "full", "new_rows": "frozen", "weight_decay": 0.01}}, "method: full needs weight_decay: 0",
    ),
    "end": ({"tokens": {"<|im_end|>": {}}}, "tokens: '<|im_end|>' is the model's eos_token"),
    "word": ({"tokens": {"the": {}}}, "is there already: token"),
}  # fmt: skip


@pytest.mark.parametrize(("values", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_recipe_that_cannot_be_is_one_line(
    values: dict[str, Any], said: str, recipe: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = {"steps": 1, "examples_per_step": 1, **values.get("train", {})}
    own = {**recipe.canonical(), "tokens": {}, **values, "train": train}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(own))
    assert unseen(["tune", str(tmp_path / "recipe.yaml"), "--plan"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and said in lines[0], lines


def test_a_token_that_stands_twice_is_one_line(
    recipe: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = yaml.safe_dump({**recipe.canonical(), "tokens": {}}).replace("tokens: {}", "tokens:\n  <a>: {}\n  <a>: {}")
    (tmp_path / "recipe.yaml").write_text(values)
    assert unseen(["tune", str(tmp_path / "recipe.yaml"), "--plan"]) == 2
    assert "<a>" in (said := capsys.readouterr().err) and "keep one of them" in said


def test_the_plan_counts_the_token_too(recipe: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe.canonical()))
    assert unseen(["tune", str(tmp_path / "recipe.yaml"), "--plan", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)


def test_a_tuning_of_rows_alone_can_be_planned(recipe: Recipe) -> None:
    values = plan(with_tokens(recipe, method="tokens")).values
    assert values["memory_mb"] > 0 and values["delia"][1]["facts"]["rows"] == "learn"
