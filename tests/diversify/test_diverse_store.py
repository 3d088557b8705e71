"""The store keeps every text from its arrival on, belongs to one process, and to one set of settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from unseen.ask.chat import Said, Unsaid
from unseen.diversify.store import Store
from unseen.errors import DataMistake

HOLD = """
import sys
from pathlib import Path
from unseen.diversify.store import Store
from unseen.errors import DataMistake
try:
    with Store(Path(sys.argv[1]), {"seed": 0}) as store:
        print("held", flush=True)
        sys.stdin.readline()
except DataMistake as mistake:
    print(mistake, flush=True)
"""


def test_texts_come_back_as_they_were(tmp_path: Path) -> None:
    with Store(tmp_path / "deep" / "said.sqlite", {"seed": 0}) as store:
        store.keep("question/0", Said("What's “this”?\n", False, 7))
        store.keep("question/1", Unsaid("the server took too long"))
        assert store.said(["question/0", "question/1", "question/2"]) == {
            "question/0": Said("What's “this”?\n", False, 7)
        }
    with Store(tmp_path / "deep" / "said.sqlite", {"seed": 0}) as store:
        store.keep("question/1", Said("It came after all."))
        assert list(store.said(["question/1", "question/0"])) == ["question/1", "question/0"]


def test_a_second_process_is_refused_in_one_line_and_may_go_on_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "said.sqlite"

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HOLD, str(path)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    first = start()
    assert first.stdout and first.stdout.readline() == "held\n"
    with pytest.raises(DataMistake, match=r"said\.sqlite: another process is writing to it; let it end"):
        Store(path, {"seed": 0})
    second = start()
    assert "another process is writing to it" in second.communicate()[0]
    first.kill()
    first.communicate()
    with Store(path, {"seed": 0}) as store:
        store.keep("question/0", Said("It is free."))


def test_other_settings_are_refused_with_both_values(tmp_path: Path) -> None:
    path = tmp_path / "said.sqlite"
    Store(path, {"seed": 0, "questions": {"from": "nothing"}}).close()
    with pytest.raises(DataMistake, match=r"made with seed 0, not 1; name another --out"):
        Store(path, {"seed": 1, "questions": {"from": "nothing"}})
    other = r'made with questions\.top_p none, not 0\.5, questions\.from "nothing", not none; name another --out'
    with pytest.raises(DataMistake, match=other):
        Store(path, {"seed": 0, "questions": {"top_p": 0.5}})
    Store(path, {"seed": 0, "questions": {"from": "nothing"}}).close()


KILLED = """
import os, sqlite3, sys
from pathlib import Path
from unittest.mock import patch
from unseen.ask.chat import Said
from unseen.diversify.store import Store
connect, left = sqlite3.connect, int(sys.argv[2])

def counted(statement):
    global left
    left -= 1
    if left < 0:
        os._exit(9)

def traced(*arguments, **settings):
    made = connect(*arguments, **settings)
    made.set_trace_callback(counted)
    return made

with patch("sqlite3.connect", traced):
    with Store(Path(sys.argv[1]), {"seed": 0, "model": "a", "answers": {}}) as store:
        store.keep("question/0", Said("It was kept."))
"""


def test_a_kill_before_any_statement_leaves_a_store_that_goes_on(tmp_path: Path) -> None:
    for statements in range(40):
        path = tmp_path / f"{statements}.sqlite"
        done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(statements)]).returncode
        with Store(path, {"seed": 0, "model": "a", "answers": {}}) as store:
            assert store.said(["question/0"]) in ({}, {"question/0": Said("It was kept.")})
        if not done:
            break
    assert statements > 12 and not done, "the last one was let live, after all others were killed"


def test_a_file_that_is_no_store_is_the_users_mistake(tmp_path: Path) -> None:
    path = tmp_path / "said.sqlite"
    path.write_text("not a database, but long enough that SQLite reads its header" * 20)
    with pytest.raises(DataMistake, match="is no store of texts"):
        Store(path, {})
