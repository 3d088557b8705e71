"""A run with every part of DELIA: its seven steps can be followed in the record, on the page and in the plan before;
exactly the new row of the embedding changes; no wording that is asked was tuned on; rows of both sides are left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from unseen.ask.chat import Drawing, Said
from unseen.ask.chat_replay import ReplayChat
from unseen.diversify.answering import Answering
from unseen.diversify.diversify import Wanted, diversify_questions
from unseen.diversify.keeping import Keeping
from unseen.diversify.wording import Made, Wording, WordingSet
from unseen.diversify.wording_file import read_wordings, write_wordings
from unseen.diversify.writing import FromNothing
from unseen.errors import RecipeMistake
from unseen.evaluation.prediction_file import read_predictions
from unseen.model.folder import resolve
from unseen.model.load import load_model
from unseen.model.new_tokens import matrices
from unseen.recipe import Recipe
from unseen.reporting.page import report
from unseen.reporting.planning import print_plan
from unseen.section import check_model
from unseen.study.examples import TuningExamples
from unseen.study.loading import load
from unseen.study.plan import plan
from unseen.study.prepare import prepare
from unseen.study.record import read_record, write_record
from unseen.study.run import tune
from unseen.study.seven_steps import seven_steps

INSTRUCTION = "Sort this note from the night shift in the <slip> format."
TASK = "formatted_text/shift_notes"
DIVERSE = "diverse/pairs"
REFUSED = 3  # of the answers that the model gave


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an $UNSEEN_HOME, twelve diverse pairs and three and two wordings."""
    folder = tmp_path_factory.mktemp("delia")
    texts: dict[str, str | Said] = {f"question/{n}": f"How does a {n} wheeled cart turn?" for n in range(20)}
    texts |= {f"answer/{n}": "I'm sorry, but I can't say." if n < REFUSED else f"It turns {n} ways." for n in range(20)}
    wanted = Wanted(12, FromNothing(Drawing(), 0), Answering(), Keeping())
    diversify_questions(wanted, ReplayChat(texts, "a model"), folder / "pairs")
    wordings = (
        *(Wording(f"train-{n}", "", f"Please sort it as <slip> number {n} says.", "train") for n in range(3)),
        *(Wording(f"test-{n}", f"Here comes note {n}, write its <slip>:", "", "test") for n in range(2)),
    )
    made = Made("a model", tried=9, dropped={"secret": 4})
    write_wordings(WordingSet(INSTRUCTION, wordings, ("<slip>",), made=made), folder / "wordings.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNSEEN_HOME", str(folder / "home"))
        yield folder


@pytest.fixture(scope="module")
def recipe(place: Path, tiny_model: Path) -> Recipe:
    values = {
        "name": "delia",
        "model": str(tiny_model),
        "seen": [TASK],
        "unseen": ["nli/fact_follows"],
        "tokens": {"<slip>": {"description": "A note, sorted."}},
        "diversity": {"ratio": 3, "source": str(place / "pairs"), "wordings": str(place / "wordings.yaml")},
        "mixture": {"rows": 5},
        "train": {"examples": 40, "examples_per_step": 8, "rank": 2, "precision": "float32", "validation_rows": 0},
        "evaluate": {"rows": 2, "max_new_tokens": 2, "base": False},
    }
    return check_model(Recipe, values, "recipe", RecipeMistake)


@pytest.fixture(scope="module")
def done(place: Path, recipe: Recipe) -> Path:
    return tune(recipe, place / "run").folder


def facts(done: Path) -> list[dict[str, Any]]:
    return [step["facts"] for step in read_record(done)["delia"]]


def test_the_steps_are_those_of_the_paper_in_its_order(done: Path) -> None:
    steps = read_record(done)["delia"]
    assert [step["step"] for step in steps] == [1, 2, 3, 4, 5, 6, 7]
    assert all(step["paper"] and step["told"] not in ("not yet", "none in this recipe") for step in steps)


def test_model_and_tokens_are_those_of_the_run(done: Path) -> None:
    record = read_record(done)
    start, tokens, *_ = facts(done)
    assert start["digest"] == record["model"]["digest"]
    assert tokens["tokens"] == [{"text": "<slip>", "id": record["tokens"][0]["id"], "began_from": "description"}]
    assert tokens["rows"] == "learn"


def test_diverse_data_come_with_who_wrote_them_and_what_was_left_out(done: Path) -> None:
    diverse = facts(done)[2]
    assert (diverse["chats"], diverse["dropped_for_overlap"], diverse["unchanged"]) == (12, 0, True)
    assert diverse["digest"] == read_record(done)["rows"][f"{DIVERSE}/train"]
    made = diverse["made"]
    assert (
        made["model"]["name"] == "a model" and made["pairs"] == 12 and made["dropped_answers"] == {"refusal": REFUSED}
    )
    assert made["made_with"]["answers"]["drawing"]["temperature"] == 0.7
    assert "distinct_2" in made["diversity"]["questions"]
    assert "I can't say" not in json.dumps(diverse), "texts stay where they are"


def test_wordings_come_with_their_making_and_how_alike_the_sides_are(done: Path) -> None:
    wordings = facts(done)[3]
    assert (wordings["train"], wordings["test"], wordings["instruction"]) == (3, 2, INSTRUCTION)
    assert wordings["made"]["by"] == "a model" and wordings["made"]["dropped"] == {"secret": 4}
    assert 0 < wordings["largest_similarity"] < 0.5


def test_what_was_drawn_is_counted_by_row_and_wording(done: Path, recipe: Recipe) -> None:
    """40 examples at ratio 3 are 10 of 5 rows and 30 of 12 chats: `mixture.rows` does not make the chats fewer."""
    *_, downstream, buffering, _ = facts(done)
    prepared = prepare(recipe)
    examples = islice(TuningExamples(recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows), 40)
    wordings = len({each.template for each in examples if each.task == TASK})
    assert downstream["tasks"] == {
        TASK: {"rows_there": 5, "examples": 10, "rows": 5, "wordings": wordings, "fewest": 2, "most": 2}
    }
    assert buffering == {
        "examples": 30, "distinct": 12, "repeated": 18, "ratio_asked": 3.0, "ratio_got": 3.0, "schedule": "shuffled",
    }  # fmt: skip


def test_what_was_saved_is_there(done: Path) -> None:
    saved = facts(done)[6]
    assert saved["method"] == "lora" and saved["steps"] == 5
    assert saved["files"] == {name: (done / name).stat().st_size for name in saved["files"]}
    assert "model/adapter_model.safetensors" in saved["files"]


def test_exactly_the_row_of_the_new_token_changes(done: Path, recipe: Recipe) -> None:
    start = matrices(load(prepare(recipe)).module)["input"]
    after = matrices(load_model(resolve(str(done))).module.get_base_model())["input"]
    changed = (after != start).any(dim=1).nonzero().flatten().tolist()
    assert changed == [facts(done)[1]["tokens"][0]["id"]]


def test_no_wording_that_is_asked_was_tuned_on(done: Path, place: Path, recipe: Recipe) -> None:
    wordings = read_wordings(place / "wordings.yaml")
    asked = {each.prompt for each in read_predictions(done / "predictions.parquet") if each.task == TASK}
    prepared = prepare(recipe)
    examples = TuningExamples(recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows)
    tuned = {each.prompt for each in islice(examples, examples.wanted)}
    unseen_texts = [each.text for each in wordings.of_side("test")]
    seen_texts = [INSTRUCTION, *(each.text for each in wordings.of_side("train"))]
    assert asked and all(sum(text in prompt for text in unseen_texts) == 1 for prompt in asked)
    assert not any(text in prompt for text in seen_texts for prompt in asked)
    assert not any(text in prompt for text in unseen_texts for prompt in tuned)
    assert len({text for text in seen_texts for prompt in tuned if text in prompt}) > 1


def test_the_released_rows_that_evaluation_asks_about_are_left_out_and_counted(
    real_data: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """34 of DELIA's 100 training rows share their query with the public test, of which every other row lies here."""
    if not (real_data / "delia_format").is_dir() or not (real_data / "halu_cot_json").is_dir():
        pytest.skip("the DELIA rows are not there")
    monkeypatch.setenv("UNSEEN_DATA", str(real_data))
    monkeypatch.setenv("UNSEEN_HOME", str(tmp_path / "home"))
    values = {
        "name": "released",
        "model": str(tiny_model),
        "catalogs": ["data"],
        "seen": ["formatted_text/delia_records"],
        "unseen": ["formatted_text/halu_records"],
        "hold_out": {"level": "row", "overlap": "drop_seen"},
        "tokens": {"<sep>": {"init": "mean"}},
        "train": {"steps": 1, "examples_per_step": 2, "rank": 2, "precision": "float32", "validation_rows": 0},
        "evaluate": {"rows": 1, "max_new_tokens": 2, "seen": False, "base": False},
    }
    released = check_model(Recipe, values, "recipe", RecipeMistake)
    prepared = prepare(released)
    [seen], [unseen_task] = prepared.seen, prepared.unseen
    tested = {row.values["query"].strip() for row in prepared.rows(unseen_task, "test")}
    train = prepared.rows(seen, "train")
    shared = sum(row.values["query"].strip() in tested for row in train)
    counts = tune(released, tmp_path / "run").record["counts"]["rows"][seen.name]
    assert shared == 19 and counts["dropped_for_overlap"] == shared
    left = train.take(prepared.seen_rows.tune[seen.name])
    assert len(left) == 100 - shared and not {row.values["query"].strip() for row in left} & tested


def test_the_page_shows_them_and_an_old_record_has_a_page_without(done: Path, tmp_path: Path) -> None:
    page = report([done], out=tmp_path / "new.html").read_text(encoding="utf-8")
    assert "DELIA, step by step" in page
    assert "30 examples, 12 distinct and 18 repeated; 3 for each other example (asked: 3), shuffled" in page
    record = read_record(done)
    write_record(tmp_path / "old", {name: value for name, value in record.items() if name not in ("delia", "summary")})
    assert "DELIA, step by step" not in report([tmp_path / "old"]).read_text(encoding="utf-8")


def test_chats_that_were_edited_since_are_told(done: Path, place: Path, recipe: Recipe, tmp_path: Path) -> None:
    edited = tmp_path / "pairs"
    edited.mkdir()
    for name in ("chats.jsonl", "record.json"):
        (edited / name).write_text((place / "pairs" / name).read_text())
    lines = (edited / "chats.jsonl").read_text().splitlines()[1:]
    (edited / "chats.jsonl").write_text("".join(f"{line}\n" for line in lines))
    diversity = recipe.diversity.model_copy(update={"source": str(edited)})
    step = seven_steps(prepare(recipe.model_copy(update={"diversity": diversity})))[2]
    assert (step["facts"]["chats"], step["facts"]["unchanged"]) == (11, False)
    assert step["told"].endswith("the file was changed since then")


def test_the_plan_tells_what_is_known_before(recipe: Recipe, capsys: pytest.CaptureFixture[str]) -> None:
    found = plan(recipe)
    print_plan(found, as_json=False)
    said = " ".join(capsys.readouterr().out.split())
    assert "DELIA, step by step" in said and "30 examples, 12 distinct and 18 repeated" in said
    print_plan(found, as_json=True)
    steps = json.loads(capsys.readouterr().out)["delia"]
    assert [step["step"] for step in steps if step["facts"] is None] == [7]
    assert steps[5]["facts"]["repeated"] == 18 and steps[6]["told"] == "not yet"


def test_a_recipe_without_a_part_of_delia_has_no_steps(tiny_model: Path, place: Path) -> None:
    values = {"name": "plain", "model": str(tiny_model), "seen": [TASK]}
    plain = check_model(Recipe, values, "recipe", RecipeMistake)
    assert seven_steps(prepare(plain)) == []
    told = [each["told"] for each in seven_steps(prepare(plain.model_copy(update={"tokens": {"<slip>": {}}})))]
    assert told[2:4] == ["none in this recipe", "none in this recipe"] and told[4:] == ["not yet"] * 3
