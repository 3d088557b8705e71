"""Questions out of a task's own rows that do not ask for its format."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from unseen.cli import run
from unseen.diversify import contrast
from unseen.diversify.contrast import contrast_questions
from unseen.diversify.derive import form_of
from unseen.diversify.grammar_wordings import grammar_wordings
from unseen.diversify.wording import WordingSet
from unseen.diversify.wording_file import write_wordings
from unseen.errors import TaskMistake, WordingMistake
from unseen.task.catalog import load_catalog
from unseen.task.task import Task

INSTRUCTION = "Sort this note from the night shift in the <slip> format."
NOTES = "formatted_text/shift_notes"


@pytest.fixture
def notes(home: Path) -> Task:
    return load_catalog(("shipped",)).match([NOTES])[0]


def wordings(contrast: int = 3) -> WordingSet:
    return grammar_wordings(form_of(INSTRUCTION, ["<slip>"]), train=4, test=2, contrast=contrast)


def test_every_row_comes_once_in_some_wording_before_any_comes_twice(notes: Task) -> None:
    made = contrast_questions(notes, wordings())
    texts = [each.question for each in made.questions]
    assert len(texts) == made.size == 60 * 6 and len(set(texts)) == 360
    rows = [json.loads(line)["note"] for line in Path(notes.dataset.splits["train"].path).read_text().splitlines()]
    held = [next(place for place, note in enumerate(rows) if note in text) for text in texts]
    for turn in range(6):
        assert sorted(held[60 * turn : 60 * (turn + 1)]) == list(range(60))
    assert len({tuple(held[60 * turn : 60 * (turn + 1)]) for turn in range(6)}) == 1


def test_rows_that_render_nothing_are_counted(notes: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    [template] = [way for way in notes.templates if INSTRUCTION in getattr(way, "prompt", "")]
    first = json.loads(Path(notes.dataset.splits["train"].path).read_text().splitlines()[0])["note"]
    empty = "{{ slip if note != " + json.dumps(first) + " else '' }}"
    made = contrast_questions(replace(notes, templates=(replace(template, completion=empty),)), wordings())
    assert made.size == 59 * 6 and made.left_out == {"empty renderings": 6, "beyond 20000": 0}
    monkeypatch.setattr(contrast, "MOST", 100)
    assert contrast_questions(notes, wordings()).left_out == {"empty renderings": 0, "beyond 100": 260}


def test_half_of_them_forbid_the_format_and_none_asks_for_it(notes: Task) -> None:
    texts = [each.question for each in contrast_questions(notes, wordings()).questions]
    assert sum("<slip>" in each for each in texts) == 180
    asking = [each.text for each in wordings().wordings]
    assert not any(text in question for text in asking for question in texts)


def test_a_set_without_such_wordings_and_a_task_of_another_instruction_are_mistakes(notes: Task) -> None:
    with pytest.raises(WordingMistake, match="no wordings under 'contrast:'"):
        contrast_questions(notes, wordings(contrast=0))
    other = load_catalog(("shipped",)).match(["sentiment/film_notes"])[0]
    with pytest.raises(TaskMistake, match="no template that says the instruction"):
        contrast_questions(other, wordings())


def test_the_command_answers_them_with_the_model(
    write: Callable[[str, str], Path], tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "wordings.yaml", tmp_path / "out"
    write_wordings(wordings(), file)
    said = "".join(json.dumps({"id": f"answer/{n}", "text": f"Note {n} is for the day."}) + "\n" for n in range(8))
    replayed = ["--backend", "replay", "--model", str(write("said.jsonl", said)), "--number", "8"]
    asked = ["diversify", "questions", "--from", f"contrast:{file}", *replayed, "--out", str(out)]
    assert run([*asked, "--task", NOTES]) == 0
    chats = [json.loads(line)["messages"] for line in (out / "chats.jsonl").read_text().splitlines()]
    assert len(chats) == 8 and chats[0][1]["content"] == "Note 0 is for the day."
    told = json.loads((out / "record.json").read_text())
    assert told["made_with"]["questions"]["task"] == NOTES
    assert told["left_out_of_source"] == {"empty renderings": 0, "beyond 20000": 0}
    capsys.readouterr()
    assert run(asked) == 2
    assert "--from contrast:FILE: and --task go together" in capsys.readouterr().err
