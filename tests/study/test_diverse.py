"""Diverse data beside the tasks: drawn by its ratio, compared with the unseen rows, never asked."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from unseen.errors import RecipeMistake
from unseen.recipe import Recipe
from unseen.section import check_model
from unseen.study.examples import TuningExamples
from unseen.study.facts import new_record
from unseen.study.prepare import Prepared, prepare
from unseen.study.run import tune

CHATS = 40


def written(folder: Path, questions: list[str]) -> Path:
    """Chats as `unseen diversify questions` leaves them."""
    folder.mkdir(parents=True, exist_ok=True)
    chats = [
        {"messages": [{"role": "user", "content": each}, {"role": "assistant", "content": f"About {each}"}]}
        for each in questions
    ]
    (folder / "chats.jsonl").write_text("".join(json.dumps(chat) + "\n" for chat in chats), encoding="utf-8")
    return folder


def recipe(model: Path, **values: Any) -> Recipe:
    said = {
        "name": "buffered",
        "model": str(model),
        "seen": ["formatted_text/shift_notes"],
        "unseen": ["nli/fact_follows"],
        "hold_out": {"overlap": "drop_seen"},
        "mixture": {"rows": 20},
        "train": {"steps": 3, "examples_per_step": 8, "rank": 2, "precision": "float32", "validation_rows": 0},
        "evaluate": {"rows": 2, "max_new_tokens": 2, "seen": False, "base": False},
    }
    return check_model(Recipe, {**said, **values}, "recipe", RecipeMistake)


def drawn(prepared: Prepared, count: int) -> list[str]:
    """The tasks of the first examples of a run."""
    examples = TuningExamples(prepared.recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows)
    return [example.task for example in islice(examples, count)]


@pytest.fixture
def diverse(tmp_path: Path) -> Path:
    return written(tmp_path / "diverse", [f"How does a {number} wheeled cart turn?" for number in range(CHATS)])


def test_the_ratio_counts_diverse_examples_for_each_of_the_tasks(tiny_model: Path, diverse: Path, home: Path) -> None:
    prepared = prepare(recipe(tiny_model, diversity={"ratio": 2.5, "source": str(diverse)}))
    assert [task.name for task in prepared.tuned_on] == ["formatted_text/shift_notes", "diverse/diverse"]
    assert [task.name for task in prepared.seen] == ["formatted_text/shift_notes"], "it is never asked"
    assert Counter(drawn(prepared, 70)) == {"formatted_text/shift_notes": 20, "diverse/diverse": 50}


def test_taking_turns(tiny_model: Path, diverse: Path, home: Path) -> None:
    said = {"ratio": 3, "source": str(diverse), "schedule": "alternating"}
    names = drawn(prepare(recipe(tiny_model, diversity=said)), 80)
    assert [name == "formatted_text/shift_notes" for name in names] == [True, False, False, False] * 20


def test_a_chat_that_holds_an_unseen_row_is_found_and_dropped(tiny_model: Path, tmp_path: Path, home: Path) -> None:
    asked = prepare(recipe(tiny_model)).rows(prepare(recipe(tiny_model)).unseen[0], "test")[0].values
    said = f"{asked['passage']} {asked['statement']}"
    questions = [*(f"How does a {number} wheeled cart turn?" for number in range(CHATS)), said]
    source = written(tmp_path / "leaky", questions)
    prepared = prepare(recipe(tiny_model, diversity={"ratio": 1, "source": str(source)}))
    assert prepared.seen_rows.counts["diverse/leaky"]["dropped_for_overlap"] == 1


def test_the_record_counts_what_was_drawn(tiny_model: Path, diverse: Path, home: Path, tmp_path: Path) -> None:
    said = {"ratio": 3, "source": str(diverse / "chats.jsonl"), "schedule": "alternating"}
    record = tune(recipe(tiny_model, diversity=said), tmp_path / "run").record
    assert record["counts"]["drawn"] == {"formatted_text/shift_notes": 6, "diverse/chats": 18}
    assert record["rows"].keys() >= {"diverse/chats/train"}


def test_an_answer_that_was_broken_off_is_counted_and_is_another_run(
    tiny_model: Path, diverse: Path, home: Path, tmp_path: Path
) -> None:
    diversity = {"ratio": 3, "source": str(diverse)}
    before = prepare(recipe(tiny_model, diversity=diversity)).fingerprint
    file = diverse / "chats.jsonl"
    first, *others = file.read_text().splitlines()
    chat = json.loads(first)
    chat["messages"][1]["ended"] = True
    file.write_text("\n".join([json.dumps(chat), *others]))
    whole = prepare(recipe(tiny_model, diversity=diversity))
    chat["messages"][1]["ended"] = False
    file.write_text("\n".join([json.dumps(chat), *others]))
    cut = prepare(recipe(tiny_model, diversity=diversity))
    assert len({before, whole.fingerprint, cut.fingerprint}) == 3
    counts = []
    for prepared in (whole, cut):
        examples = TuningExamples(prepared.recipe, prepared.tuned_on, prepared.seen_rows, prepared.rows)
        assert len(list(islice(examples, 80))) == 80  # 60 of them are of the 40 chats
        counts.append(examples.counts["broken_off"])
    assert counts[0] == 0 and counts[1] in (1, 2)


def test_stages_take_the_tasks_alone_and_then_the_diverse_data(tiny_model: Path, diverse: Path, home: Path) -> None:
    said = {"ratio": 2, "source": str(diverse), "schedule": "stages", "fraction": "1/20"}
    train = {"epochs": 2, "validation_rows": 0}
    names = drawn(prepare(recipe(tiny_model, diversity=said, train=train)), 122)
    assert names[:40] == ["formatted_text/shift_notes"] * 40
    assert Counter(names[40:]) == {"diverse/diverse": 80, "formatted_text/shift_notes": 2}


def test_the_record_counts_each_stage(tiny_model: Path, diverse: Path, home: Path, tmp_path: Path) -> None:
    said = {"ratio": 3, "source": str(diverse), "schedule": "stages", "fraction": 1}
    counts = tune(recipe(tiny_model, diversity=said), tmp_path / "run").record["counts"]
    first, second = counts["stages"]
    assert first == {"formatted_text/shift_notes": 5}, "a fifth of the run, as 1 : 3 + 1 has it"
    assert second.keys() == {"diverse/diverse", "formatted_text/shift_notes"}
    assert Counter(first) + Counter(second) == counts["drawn"]


def test_what_does_not_fit_is_counted_in_the_stage_that_it_is_in(
    tiny_model: Path, diverse: Path, home: Path, tmp_path: Path
) -> None:
    """A chat has 54 tokens, a note 59 or more without a word of its own: the second stage alone has examples."""
    said = {"ratio": 3, "source": str(diverse), "schedule": "stages"}
    train = {"steps": 2, "examples_per_step": 8, "rank": 2, "precision": "float32", "validation_rows": 0}
    short = recipe(tiny_model, diversity=said, train={**train, "max_tokens": 56})
    counts = tune(short, tmp_path / "run").record["counts"]
    assert counts["too_long"] >= 4 and counts["stages"] == [{}, {"diverse/diverse": 16}]


def test_a_fraction_decides_a_run_with_stages_alone(tiny_model: Path, diverse: Path, home: Path) -> None:
    """So recipes of before there were stages keep their fingerprints."""

    def identity(schedule: str, fraction: float) -> str:
        said = {"ratio": 2, "source": str(diverse), "schedule": schedule, "fraction": fraction}
        return prepare(recipe(tiny_model, diversity=said)).fingerprint

    assert identity("shuffled", 0.5) == identity("shuffled", 0.25)
    assert identity("stages", 0.5) != identity("stages", 0.25) != identity("shuffled", 0.25)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"schedule": "stages"}, "schedule: stages has diverse data in its second stage; give it a ratio"),
        ({"ratio": 2, "source": "x", "fraction": "a/256"}, "'a/256' is no number and no fraction such as 1/256"),
        ({"ratio": 2, "source": "x", "fraction": 0}, "diversity.fraction: must be more than 0"),
        ({"ratio": 2}, "a ratio needs a source"),
        ({"ratio": 2, "source": "/nowhere"}, "'/nowhere' holds no diverse data; write some with"),
        ({"ratio": -1, "source": "x"}, "diversity.ratio"),
        ({"ratoi": 1}, "ratio"),
    ],
)
def test_mistakes_are_told_in_one_line(tiny_model: Path, home: Path, said: dict[str, Any], told: str) -> None:
    with pytest.raises(RecipeMistake) as caught:
        prepare(recipe(tiny_model, diversity=said))
    assert told in str(caught.value)


def test_rows_of_a_seen_task_that_diverse_data_hold_are_not_asked(tiny_model: Path, tmp_path: Path, home: Path) -> None:
    """They were tuned on: in another task, and with another answer, but they are not new."""
    asked = {"rows": 2, "max_new_tokens": 2, "seen": True, "base": False}
    without = prepare(recipe(tiny_model, evaluate=asked))
    [task] = without.seen
    rows = without.rows(task, "test")
    new = [row for row in rows if without.is_new(task, row)]
    held = new[:2]
    questions = [f"Tell me more about this, please. {row.values['note']}" for row in held]
    chats = written(tmp_path / "diverse", [*questions, *(f"How do {n} carts turn, then?" for n in range(9))])
    prepared = prepare(recipe(tiny_model, evaluate=asked, diversity={"ratio": 1, "source": str(chats)}))
    met = [row for row in rows if not prepared.is_new(task, row) and without.is_new(task, row)]
    assert {row.index for row in held} <= {row.index for row in met} and len(met) < len(new) / 2
    side = new_record(prepared)["diverse_side"]
    assert {row.index for row in met} <= set(side["not_asked"]["formatted_text/shift_notes"])
    assert new_record(without)["diverse_side"] is None
