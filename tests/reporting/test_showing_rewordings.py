"""`unseen show` with wordings and formats, through the command line."""

from __future__ import annotations

import json

import pytest

from unseen.cli import run


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    assert run(["show", "sentiment/film_notes", "--catalog", "shipped", "--json", *arguments]) == 0
    return list(json.loads(capsys.readouterr().out))


def user_turns(example: dict[str, object]) -> list[str]:
    return [each["text"] for each in example["segments"] if each["role"] == "user"]  # type: ignore[attr-defined]


def test_formats_are_printed_with_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    examples = shown(capsys, "--formats", "4", "--shots", "1")
    names = [each["template"] for each in examples]
    assert len(set(names)) == 4 and names[0] == "Text: ~⏎Answer: ~ (A)⏎(B)"
    assert all(turn.startswith("Did the writer") for each in examples for turn in user_turns(each))
    assert len({user_turns(each)[-1] for each in examples}) == 4


def test_one_format_is_named_by_template(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = shown(capsys, "--formats", "4", "--template", "Text: ~⏎Answer: ~ (A)⏎(B)")
    (turn,) = user_turns(example)
    assert turn.endswith("Options: (A) no\n(B) yes\nAnswer:")


def test_without_instructions_the_text_alone_is_left_and_exemplars_are_worded_alike(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain = shown(capsys, "--template", "liked_it")
    (worded,) = shown(capsys, "--template", "liked_it", "--wording", "none", "--shots", "2")
    *exemplars, asked = user_turns(worded)
    assert user_turns(plain[0])[0].startswith(asked) and len(exemplars) == 2
    assert not any("Did the writer" in turn for turn in (*exemplars, asked))


def test_a_wording_that_there_is_not_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "sentiment/film_notes", "--wording", "nothing"]) == 2
    assert "nothing" in capsys.readouterr().err
