"""Steps over the user's catalog: undone, redone, and never over what somebody else wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unseen.errors import DataMistake
from unseen.studio.history import MOST_STEPS, History, text_of


def test_undo_and_redo_walk_the_same_steps(home: Path, tmp_path: Path) -> None:
    file, steps = tmp_path / "catalog" / "a.yaml", History(tmp_path / "catalog")
    steps.write("one", file, "1\n", None)
    steps.write("two", file, "2\r\n", "1\n")
    steps.write("gone", file, None, "2\r\n")
    walked = [(steps.undo(), text_of(file)) for _ in range(3)]
    assert walked == [("gone", "2\r\n"), ("two", "1\n"), ("one", None)]
    assert [(steps.redo(), text_of(file)) for _ in range(3)] == [("one", "1\n"), ("two", "2\r\n"), ("gone", None)]


def test_steps_outlive_the_studio(home: Path, tmp_path: Path) -> None:
    History(tmp_path).write("one", tmp_path / "a.yaml", "1", None)
    assert History(tmp_path).offers() == ("one", "")
    History(tmp_path).undo()
    assert History(tmp_path).offers() == ("", "one") and not (tmp_path / "a.yaml").exists()


def test_what_was_changed_since_is_left_as_it_is(home: Path, tmp_path: Path) -> None:
    file, steps = tmp_path / "a.yaml", History(tmp_path)
    steps.write("one", file, "1", None)
    file.write_text("by hand")
    with pytest.raises(DataMistake, match="changed by somebody else"):
        steps.undo()
    with pytest.raises(DataMistake, match="changed by somebody else"):
        steps.write("two", file, "2", "1")
    assert file.read_text() == "by hand" and steps.offers() == ("one", "")


def test_a_new_step_forgets_what_was_undone_and_old_steps_are_bounded(home: Path, tmp_path: Path) -> None:
    file, steps = tmp_path / "a.yaml", History(tmp_path)
    for number in range(MOST_STEPS + 5):
        steps.write(str(number), file, str(number), str(number - 1) if number else None)
    steps.undo()
    steps.write("other", file, "other", str(MOST_STEPS + 3))
    assert steps.offers() == ("other", "")
    for _ in range(MOST_STEPS):
        steps.undo()
    with pytest.raises(DataMistake, match="no step to undo"):
        steps.undo()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.sampled_from(["write", "undo", "redo"]), max_size=12))
def test_the_file_is_always_what_the_last_done_step_left(home: Path, tmp_path: Path, moves: list[str]) -> None:
    folder = tmp_path / str(abs(hash(tuple(moves))))
    file, steps, done, undone = folder / "a.yaml", History(folder), [None], []
    for number, move in enumerate(moves):
        if move == "write":
            steps.write("w", file, str(number), done[-1])
            done, undone = [*done, str(number)], []
        elif move == "undo" and len(done) > 1:
            steps.undo()
            undone.append(done.pop())
        elif move == "redo" and undone:
            steps.redo()
            done.append(undone.pop())
        assert text_of(file) == done[-1]
    for name in list(folder.glob("*")):
        name.unlink()
