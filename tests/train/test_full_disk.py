"""A disk that is full while a checkpoint or a model is written: one line, and nothing that was computed is lost."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from tiny_tuning import SETTINGS, changed, llama, parameters_of, run_tiny

from unseen.ask.cache import AnswerCache
from unseen.ask.question import Answer
from unseen.errors import DiskFull, JobFailed
from unseen.fulldisk import told_when_full, whole_folder
from unseen.train.checkpoint import steps_in

BY_SAFETENSORS = SafetensorError(f"Error while serializing: I/O error: {os.strerror(errno.ENOSPC)} (os error 28)")
FULL = {
    "the system": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    "a quota": OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
    "safetensors": BY_SAFETENSORS,
    "another process": JobFailed(f"checkpoints: process 1 could not write its part ({BY_SAFETENSORS})"),
}


def full_after(writes: int, error: Exception, save: Callable[..., None]) -> Callable[..., None]:
    """`save` that finds no room from a write on, and leaves half a file."""
    done = 0

    def saved(values: Any, file: Path) -> None:
        nonlocal done
        done += 1
        if done > writes:
            file.write_bytes(b"half")
            raise error
        save(values, file)

    return saved


@pytest.mark.parametrize("meets", FULL)
def test_checkpoints_stay_and_a_resumed_run_is_the_uninterrupted_one(
    meets: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = changed(SETTINGS, steps=8, checkpoint_every=3)
    whole = run_tiny(llama(), tmp_path / "whole", settings)
    with monkeypatch.context() as patch:
        patch.setattr("unseen.train.checkpoint.save_file", full_after(3, FULL[meets], save_file))
        with pytest.raises(DiskFull) as caught:
            run_tiny(llama(), tmp_path / "full", settings)
    assert [path.name for path in (tmp_path / "full" / "checkpoints").iterdir()] == ["step-000003"]
    said = r"step-000006: .*(full|used up): a checkpoint of \S+ MB could not be written, \S+ MB are free; make room"
    assert re.search(said, str(caught.value)) and str(caught.value).endswith("--resume goes on")
    assert "\n" not in str(caught.value)
    again = run_tiny(llama(), tmp_path / "full", settings, resume=True)
    assert [path.name for path in steps_in(tmp_path / "full" / "checkpoints")] == ["step-000006", "step-000008"]
    for name, each in parameters_of(whole).items():
        assert torch.equal(parameters_of(again)[name], each), name


def test_what_a_folder_held_stays_where_there_is_no_room_for_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "old").touch()
    with pytest.raises(DiskFull), whole_folder(tmp_path / "model", "the model", "again", 5 << 20) as folder:
        (folder / "half").touch()
        raise FULL["the system"]
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*.*")] == []
    assert (tmp_path / "model" / "old").exists() and not (tmp_path / "model" / "half").exists()


@pytest.mark.parametrize(("named", "told"), [("runs/mine/.record.json.7.part", "mine"), ("cache/rows", "rows")])
def test_a_file_elsewhere_is_told_and_one_of_the_moment_is_not(tmp_path: Path, named: str, told: str) -> None:
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / named))
    said = rf"/{told}: the disk is full: the run could not be written, "
    with pytest.raises(DiskFull, match=said), told_when_full("the run", tmp_path / "runs" / "mine", "again"):
        raise error


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "no"), SafetensorError("damaged"), JobFailed("lost")])
def test_any_other_error_is_left_as_it_is(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(type(error)) as caught, told_when_full("a model", tmp_path, "again"):
        raise error
    assert caught.value is error


def test_an_answer_that_finds_no_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def small(*given: Any, **more: Any) -> sqlite3.Connection:
        database: sqlite3.Connection = connect(*given, **more)
        database.execute("PRAGMA max_page_count = 8")
        return database

    monkeypatch.setattr(sqlite3, "connect", small)
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        cache.store("model", "first", Answer("yes"))
        with pytest.raises(DiskFull, match=r"answers\.sqlite: the disk is full: an answer could not be written"):
            for number in range(2000):
                cache.store("model", f"key {number}", Answer("no" * 100))
        assert cache.find("model", ["first"])["first"].text == "yes"
