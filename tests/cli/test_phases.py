"""Long work says what it does now: in words, with numbers where there are some, and how long the rest may take."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.phases import Phase, Standing, shown_by, standing_in, standing_of, when_it_begins, written_to
from unseen.progress import TOLD_IN, bar, phased

DOWNLOADING, CONVERTING, COMPARING = Phase("downloading", "MB"), Phase("converting"), Phase("comparing", "rows")


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Standing(DOWNLOADING, 0.0, 120_400_000, 270_000_000), "downloading 120 of 270 MB"),
        (Standing(DOWNLOADING, 0.0, 3_000_000, None), "downloading, 3 MB so far"),
        (Standing(DOWNLOADING, 0.0), "downloading"),
        (Standing(CONVERTING, 0.0), "converting"),
        (Standing(COMPARING, 0.0), "comparing rows"),
        (Standing(COMPARING, 0.0, 0, 5000), "comparing 0 of 5,000 rows"),
        (Standing(Phase("tuning"), 0.0, 3, 12), "tuning 3 of 12"),
    ],
)
def test_a_phase_is_told_in_words_with_what_is_counted(standing: Standing, words: str) -> None:
    assert standing.words == words


def test_the_time_left_is_that_of_the_pace_since_the_phase_began() -> None:
    """20 of the 40 that were left in 10 seconds: 10 seconds more, whatever was there before."""
    resumed = Standing(DOWNLOADING, began=100.0, done=80, total=100, first=60)
    assert resumed.left(110.0) == 10.0
    assert resumed.left(101.0) is None  # too early to say
    assert Standing(DOWNLOADING, 100.0, 60, 100, 60).left(110.0) is None
    assert Standing(CONVERTING, 100.0).left(110.0) is None


def test_a_phase_that_begins_with_its_first_number_is_not_told_before() -> None:
    told: list[str] = []
    phases = shown_by(lambda standing: told.append(standing.words))
    compared = when_it_begins(phases, COMPARING)
    phases(Phase("reading"))
    compared(1, 2)
    compared(2, 2)
    assert told == ["reading", "comparing rows", "comparing 1 of 2 rows", "comparing 2 of 2 rows"]


def test_what_is_counted_anew_has_a_pace_of_its_own() -> None:
    """The questions of one task, and then those of the next."""
    told: list[Standing] = []
    asking = shown_by(told.append)(Phase("asking base"))
    for done, total in ((1, 240), (240, 240), (6, 80), (7, 80)):
        asking(done, total)
    assert [(each.done, each.first) for each in told[1:]] == [(1, 1), (240, 1), (6, 6), (7, 6)]
    assert told[2].began == told[1].began == told[0].began < told[3].began == told[4].began


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_no_share_of_a_whole_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv(TOLD_IN, raising=False)
    monkeypatch.setattr(sys, "stderr", shown := Terminal())
    with phased("a-model") as phases:
        phases(CONVERTING)
    assert "a-model: converting" in shown.getvalue() and "%" not in shown.getvalue()
    monkeypatch.setattr(sys, "stderr", shown := Terminal())
    with phased("a-model") as phases:
        phases(CONVERTING)
        phases(DOWNLOADING)(135_000_000, 270_000_000)
    assert "a-model: downloading 135 of 270 MB" in shown.getvalue() and "50%" in shown.getvalue()


def test_a_terminal_goes_back_to_a_phase_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A validation in the middle of the tuning does not begin the tuning anew, nor stay on the screen."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv(TOLD_IN, raising=False)
    monkeypatch.setattr(sys, "stderr", shown := Terminal())
    with phased() as phases:
        tuning = phases(Phase("tuning"))
        for step in range(1, 21):
            phases(Phase("validating"))
            tuning(step, 20)
    last = shown.getvalue().rpartition("tuning 20 of 20")
    assert last[1] and "100%" in last[2] and "validating" not in last[2]


def test_another_process_reads_what_a_command_does_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "told" / "progress.json"
    monkeypatch.setenv(TOLD_IN, str(file))
    with phased("a-model") as phases:
        assert standing_in(file) is None
        phases(CONVERTING)
    found = standing_in(file)
    assert found is not None and found.words == "a-model: converting"
    with bar("tuning"):
        assert (found := standing_in(file)) is not None and found.words == "tuning"
    assert [each.name for each in file.parent.iterdir()] == ["progress.json"]


def test_counts_are_written_now_and_then_and_a_new_phase_at_once(tmp_path: Path) -> None:
    """A thousand rows in a moment are not a thousand files."""
    file = tmp_path / "progress.json"
    phases = written_to(file)
    advance = phases(COMPARING)
    for done in range(1000):
        advance(done, 1000)
    early = standing_in(file)
    assert early is not None and early.done < 999
    phases(CONVERTING)
    assert (late := standing_in(file)) is not None and late.phase == CONVERTING


def test_a_place_that_cannot_be_written_stops_no_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    written_to(tmp_path / "file" / "progress.json")(CONVERTING)(1, 2)


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(VALUES)
def test_what_is_no_standing_is_none(said: object) -> None:
    assert standing_of(said) is None


@given(
    st.builds(Standing, st.builds(Phase, st.text(max_size=9), st.text(max_size=9)), st.floats(0, 2e9), st.integers())
)
def test_a_standing_comes_back_as_it_was_told(standing: Standing) -> None:
    found = standing_of(json.loads(json.dumps(standing.as_json())))
    assert found is not None and (found.phase, found.began, found.done) == (
        standing.phase,
        standing.began,
        standing.done,
    )
