"""Wordings from a chat model: kept as they arrive, so that a kill loses nothing and nothing is asked twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import made_wordings
import pytest
from made_wordings import EACH, INSTRUCTION, TEST, TRAIN, Logged, texts, write

from unseen.ask.chat import Unsaid
from unseen.ask.chat_replay import ReplayChat
from unseen.diversify.model_wordings import model_wordings, plain_rules
from unseen.diversify.review import check_wordings
from unseen.diversify.wording_file import read_wordings
from unseen.errors import DataMistake, JobFailed, UserMistake

RULES = plain_rules(INSTRUCTION, ["<sep>"], ["thought"])


def test_the_set_names_its_model_and_passes_the_review(tmp_path: Path) -> None:
    found = read_wordings(write(tmp_path))
    check_wordings(found, "made")
    assert (len(found.of_side("train")), len(found.of_side("test")), found.made.by) == (TRAIN, TEST, "a model")
    asked = (tmp_path / "log").read_text().splitlines()
    assert len(asked) == len(set(asked)) and found.made.tried == EACH * len(asked)


def test_a_run_that_is_killed_again_and_again_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    """Each process is killed behind nine texts; what they wrote together is what one of them writes."""
    (tmp_path / "whole").mkdir()
    expected = write(tmp_path / "whole").read_text()
    asked = (tmp_path / "whole" / "log").read_text().splitlines()
    assert len(asked) > 10
    parts = tmp_path / "parts"
    parts.mkdir()
    kills = 0
    while not (parts / "wordings.yaml").exists():
        command = [sys.executable, made_wordings.__file__, str(parts), "9"]
        kills += subprocess.run(command, check=False).returncode == -9
        assert kills < len(asked)
    assert kills == (len(asked) - 1) // 9
    assert (parts / "log").read_text().splitlines() == asked
    assert (parts / "wordings.yaml").read_text() == expected


def test_a_backend_that_gives_up_keeps_what_came(tmp_path: Path) -> None:
    class Gone(Logged):
        digest = "one model"

    few = Gone(tmp_path / "log")
    few._texts = {id: text for id, text in few._texts.items() if id != "wording/0/4"}
    with pytest.raises(JobFailed):
        model_wordings(RULES, few, tmp_path / "said.sqlite", TRAIN, TEST)
    back = Gone(tmp_path / "log")
    model_wordings(RULES, back, tmp_path / "said.sqlite", TRAIN, TEST)
    asked = (tmp_path / "log").read_text().splitlines()
    assert asked[:6] == [f"wording/0/{n}" for n in (0, 1, 2, 3, 4, 4)], "only what did not come is asked again"
    assert len(set(asked)) == len(asked) - 1


def test_prompts_without_a_text_are_counted_and_asked_again_by_the_next_run(tmp_path: Path) -> None:
    class Moody(ReplayChat):
        digest = "one model"

    first = Moody({**texts(), "wording/0/2": Unsaid("the server took too long")})
    made = model_wordings(RULES, first, tmp_path / "said.sqlite", TRAIN, TEST)
    assert made.made.dropped["no text came"] == 1
    again = model_wordings(RULES, Moody(texts()), tmp_path / "said.sqlite", TRAIN, TEST)
    assert "no text came" not in again.made.dropped
    assert again.wordings == model_wordings(RULES, Moody(texts()), tmp_path / "other.sqlite", TRAIN, TEST).wordings


def test_other_instructions_and_models_do_not_mix_but_other_checks_may(tmp_path: Path) -> None:
    store = tmp_path / "said.sqlite"
    model_wordings(RULES, ReplayChat(texts()), store, TRAIN, TEST)
    more = plain_rules(INSTRUCTION, ["<sep>"], ["claims"])
    stricter = model_wordings(more, ReplayChat(texts()), store, 5, 2)
    assert stricter.made.dropped["secret"] > 0
    with pytest.raises(DataMistake, match="made with instruction"):
        model_wordings(plain_rules("Sort it in <sep>.", ["<sep>"]), ReplayChat(texts()), store, TRAIN, TEST)
    with pytest.raises(DataMistake, match="made with model"):
        model_wordings(RULES, ReplayChat({}), store, TRAIN, TEST)


def test_an_instruction_without_its_token_or_with_its_secret_is_a_mistake() -> None:
    with pytest.raises(UserMistake, match="does not hold the token '<a>'"):
        plain_rules(INSTRUCTION, ["<a>"])
    with pytest.raises(UserMistake, match="says the secret word 'response' itself"):
        plain_rules(INSTRUCTION, ["<sep>"], ["response"])
