"""A file is the old one or the new one, whatever happens in between."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.errors import DataMistake
from unseen.wholefile import copy_whole, replacing, write_whole

KILLED = """
import os, signal, sys
from pathlib import Path
from unseen.wholefile import replacing
with replacing(Path(sys.argv[1])) as part:
    part.write_text("half of the n")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@given(st.text(st.characters(exclude_categories=("Cs",))), st.binary())
def test_what_is_written_is_there_and_nothing_beside_it(
    tmp_path_factory: pytest.TempPathFactory, text: str, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("whole")
    write_whole(folder / "a" / "b" / "text", text)
    write_whole(folder / "bytes", content)
    copy_whole(folder / "bytes", folder / "again")
    assert (folder / "a" / "b" / "text").read_bytes() == text.encode()
    assert (folder / "bytes").read_bytes() == (folder / "again").read_bytes() == content
    assert sorted(path.name for path in folder.rglob("*")) == ["a", "again", "b", "bytes", "text"]


def test_an_error_on_the_way_leaves_the_old_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(file) as part:
        part.write_text("half of the n")
        raise ZeroDivisionError
    assert file.read_text() == "old" and list(tmp_path.iterdir()) == [file]


def test_a_kill_on_the_way_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    assert subprocess.run([sys.executable, "-c", KILLED, str(file)]).returncode == -signal.SIGKILL
    assert file.read_text() == "old"
    write_whole(file, "new")
    assert file.read_text() == "new"


def test_a_reader_meets_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    with replacing(file) as part, part.open("w") as opened:
        opened.write("new")
        opened.flush()
        assert file.read_text() == "old"
    assert file.read_text() == "new"


def test_a_place_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    below = tmp_path / "file" / "below"
    for write in (lambda: write_whole(below, "text"), lambda: copy_whole(tmp_path / "file", below)):
        with pytest.raises(DataMistake) as caught:
            write()
        assert str(caught.value).startswith(f"{below}: cannot be written (") and "\n" not in str(caught.value)
    with pytest.raises(OSError), replacing(below):
        pass
