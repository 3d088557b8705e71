"""What `unseen.diversify` gives a Python user: the documented path, from `import unseen` on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from made_stores import texts

import unseen
from unseen.ask.chat_replay import ReplayChat


def test_every_public_name_is_there_with_a_docstring() -> None:
    for name in unseen.diversify.__all__:
        assert getattr(unseen.diversify, name).__doc__, name
    assert set(unseen.diversify.__all__) == set(dir(unseen.diversify))


def test_import_unseen_is_enough_and_loads_no_torch() -> None:
    code = (
        "import sys, unseen\n"
        "unseen.diversify.questions, unseen.diversify.instructions, unseen.diversify.chat_backend\n"
        "print(callable(unseen.diversify.questions), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_pairs_are_made_from_python_as_by_the_command(tmp_path: Path) -> None:
    made = unseen.diversify.questions(unseen.diversify.Wanted(5), ReplayChat(texts()), tmp_path)
    chats = [json.loads(line) for line in (made.folder / "chats.jsonl").read_text().splitlines()]
    assert len(chats) == 5 == made.record["pairs"]
    assert made.record["made_with"]["questions"]["drawing"]["temperature"] == 1.0


def test_wordings_are_made_and_written_from_python(tmp_path: Path) -> None:
    form = unseen.diversify.form_of("Judge whether it is true. Answer in the <sep> format.", ["<sep>"])
    made = unseen.diversify.instructions(form, train=4, test=2)
    unseen.diversify.write_wordings(made, tmp_path / "w.yaml")
    assert unseen.diversify.read_wordings(tmp_path / "w.yaml") == made
