"""A whole diversification from known texts: the counts add up, and killed or continued runs end as undisturbed ones."""

from __future__ import annotations

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_stores import Logged, made, question, texts, wanted

from unseen.ask.chat import Drawing, Request, Said, Unsaid
from unseen.ask.chat_replay import ReplayChat
from unseen.data.dataset import Dataset, Source
from unseen.data.rows import read_rows
from unseen.diversify.answering import Answering
from unseen.diversify.diversify import Wanted, diversify_questions
from unseen.diversify.given import Given, GivenFile
from unseen.diversify.keeping import Keeping
from unseen.diversify.writing import FromFile, FromSeeds, bare_request
from unseen.errors import DataMistake, DiskFull, JobFailed, ModelMistake
from unseen.prompt.conversation import conversation

KILLED = Path(__file__).parent / "made_stores.py"


def chats(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "chats.jsonl").read_text().splitlines()]


def record(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "record.json").read_text())
    return found


def dropped(told: dict[str, Any], side: str) -> int:
    return sum(each["count"] for each in told[f"dropped_{side}"].values())


def test_pairs_are_kept_in_order_and_the_counts_add_up(tmp_path: Path) -> None:
    done = made(tmp_path)
    expected = [n for n in range(80) if n % 7 != 6 and n % 5 != 4][:20]
    assert [each["id"] for each in chats(tmp_path)] == [f"diverse/{n}" for n in expected]
    assert chats(tmp_path)[3]["messages"] == [
        {"role": "user", "content": question(expected[3])},
        {"role": "assistant", "content": f"Answer {expected[3]} is a fair one."},
    ]
    told = record(tmp_path)
    assert told == done.record and told["finished"] and told["pairs"] == 20
    assert told["questions"] == dropped(told, "questions") + told["answers"]
    assert told["answers"] == dropped(told, "answers") + told["pairs"] + told["beyond_the_number"]
    assert told["dropped_questions"]["equal to another"]["examples"][0]["beside"] == question(5)
    assert set(told["dropped_answers"]) == {"refusal"}


def test_what_was_made_is_a_dataset_of_conversations(tmp_path: Path) -> None:
    made(tmp_path)
    source = Source(str(tmp_path / "chats.jsonl"), "jsonl")
    dataset = Dataset("diverse", "general", {"train": source}, ("diverse",), kind="messages")
    examples = [conversation(dataset, row) for row in read_rows(dataset, "train")]
    assert len(examples) == 20 and examples[0] and examples[0].prompt == question(0)


def test_the_same_call_again_asks_nothing_and_more_goes_on(tmp_path: Path) -> None:
    made(tmp_path / "whole", 30)
    log = tmp_path / "log"
    for number in (7, 7, 30):
        diversify_questions(wanted(number), Logged(log), tmp_path / "parts")
    asked = Counter(log.read_text().split())
    assert max(asked.values()) == 1
    assert chats(tmp_path / "parts") == chats(tmp_path / "whole")


def test_a_run_that_is_killed_again_and_again_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    made(tmp_path / "whole")
    folder, log = tmp_path / "killed", tmp_path / "log"
    log.touch()
    kept: set[str] = set()
    for stop in (1, 9, 10, 17, 26, 33, 42):
        begun = len(log.read_text().split())
        process = subprocess.Popen([sys.executable, str(KILLED), str(folder), str(log)])
        while len(log.read_text().split()) < stop and process.poll() is None:
            os.sched_yield()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not kept & set(log.read_text().split()[begun:]), "what was stored was asked again"
        found = stored(folder)
        assert kept <= found, "what was stored is lost"
        kept = found
    begun = len(log.read_text().split())
    assert subprocess.run([sys.executable, str(KILLED), str(folder), str(log)]).returncode == 0
    asked = log.read_text().split()
    assert not kept & set(asked[begun:])
    assert len(asked) - len(set(asked)) <= 7, "at most what was under way at each kill is asked again"
    assert chats(folder) == chats(tmp_path / "whole") and record(folder) == record(tmp_path / "whole")


def stored(folder: Path) -> set[str]:
    if not (folder / "said.sqlite").exists():
        return set()
    database = sqlite3.connect(folder / "said.sqlite")
    try:
        return {id for (id,) in database.execute("SELECT id FROM said")}
    except sqlite3.OperationalError:  # killed before its tables were there
        return set()
    finally:
        database.close()


def test_a_backend_that_gives_up_leaves_chats_and_record_of_what_came(tmp_path: Path) -> None:
    few = {id: text for id, text in texts().items() if int(id.split("/")[1]) < 22}
    with pytest.raises(JobFailed, match="holds no text for 'question/22'"):
        diversify_questions(wanted(), ReplayChat(few), tmp_path)
    told = record(tmp_path)
    assert not told["finished"] and len(chats(tmp_path)) == told["pairs"] >= 10
    assert told["questions"] == dropped(told, "questions") + told["answers"]
    with pytest.raises(DataMistake, match="made with model"):
        diversify_questions(wanted(), ReplayChat(texts()), tmp_path)


class Down(ReplayChat):
    """The backend of these texts, with nobody there from some answer on."""

    def __init__(self, behind: int | None = None) -> None:
        super().__init__(texts())
        self.behind = behind

    def say(self, requests: Sequence[Request]) -> Iterator[tuple[str, Said | Unsaid]]:
        for request in requests:
            if self.behind is None or (request.id.startswith("answer/") and int(request.id[7:]) >= self.behind):
                raise JobFailed("nobody is there")
            yield from super().say([request])


@pytest.mark.parametrize("more", [21, 30, 60])
def test_a_failing_call_leaves_the_chats_that_were_there(tmp_path: Path, more: int) -> None:
    """However many are wanted: the first wave may be less than what earlier ones came to."""
    made(tmp_path)
    before = chats(tmp_path)
    with pytest.raises(JobFailed, match="nobody is there"):
        diversify_questions(wanted(more), Down(), tmp_path)
    told = record(tmp_path)
    assert chats(tmp_path)[:20] == before and len(chats(tmp_path)) == told["pairs"] and not told["finished"]


def test_a_wave_that_is_cut_short_is_judged_as_far_as_it_came(tmp_path: Path) -> None:
    """And the same call afterwards ends as one that nothing disturbed."""
    with pytest.raises(JobFailed, match="nobody is there"):
        diversify_questions(wanted(), Down(behind=10), tmp_path / "cut")
    told = record(tmp_path / "cut")
    assert [int(each["id"].partition("/")[2]) for each in chats(tmp_path / "cut")] == [0, 1, 2, 3, 5, 7, 8]
    assert told["questions"] == dropped(told, "questions") + told["answers"]
    assert told["answers"] == dropped(told, "answers") + told["pairs"] == 9
    diversify_questions(wanted(), ReplayChat(texts()), tmp_path / "cut")
    made(tmp_path / "whole")
    assert chats(tmp_path / "cut") == chats(tmp_path / "whole")


def test_an_interrupt_amid_judging_leaves_the_chats_that_were_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path)
    before = chats(tmp_path)
    monkeypatch.setattr("unseen.diversify.waves.sifted", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        made(tmp_path, 30)
    assert chats(tmp_path) == before and record(tmp_path)["finished"]


def test_an_embedding_model_that_is_none_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    asked = replace(wanted(), embedding=tmp_path / "no model")
    with pytest.raises(ModelMistake, match="no model: is no embedding model"):
        diversify_questions(asked, Logged(tmp_path / "log"), tmp_path / "out")
    assert not (tmp_path / "log").exists() and not (tmp_path / "out").exists()


def test_a_full_disk_is_one_line_and_the_same_call_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def small(*arguments: Any, **settings: Any) -> sqlite3.Connection:
        made: sqlite3.Connection = connect(*arguments, **settings)
        made.execute("PRAGMA max_page_count=9")
        return made

    monkeypatch.setattr(sqlite3, "connect", small)
    more = " ".join(map(str, range(500)))
    long = {id: f"{text} {more}" if id.startswith("answer") else text for id, text in texts().items()}
    with pytest.raises(DiskFull, match=r"said\.sqlite: the disk is full: a text.*the same command again goes on"):
        diversify_questions(wanted(), ReplayChat(long), tmp_path)

    def nowhere(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:  # and neither is there room for the chats
        full.setattr("unseen.diversify.diversify.write_chats", nowhere)
        with pytest.raises(DiskFull, match="the disk is full: what was made"):
            diversify_questions(wanted(), ReplayChat(long), tmp_path)
    monkeypatch.undo()
    kept = stored(tmp_path)
    assert len(kept) > 20 and not record(tmp_path)["finished"]
    again = diversify_questions(wanted(), ReplayChat(long), tmp_path)
    assert again.record["pairs"] == 20 and again.done.new == len(stored(tmp_path)) - len(kept)


def test_requests_that_come_to_nothing_are_counted_and_asked_again_by_the_next_run(tmp_path: Path) -> None:
    class Moody(ReplayChat):
        digest = "moody"

    first: dict[str, Any] = {**texts(), "question/2": Unsaid("the answer is empty"), "answer/3": Unsaid("garbage")}
    done = diversify_questions(wanted(), Moody(first), tmp_path).done
    told = record(tmp_path)
    assert told["dropped_questions"]["no text came"]["examples"][0]["beside"] == "the answer is empty"
    assert told["dropped_answers"]["no text came"]["count"] == 1
    assert done.new == len(stored(tmp_path)), "what came to nothing is no new text"
    assert not {"diverse/2", "diverse/3"} & {each["id"] for each in chats(tmp_path)}
    diversify_questions(wanted(), Moody(texts()), tmp_path)
    assert {"diverse/2", "diverse/3"} <= {each["id"] for each in chats(tmp_path)}


def test_a_model_that_only_repeats_itself_is_given_up_and_said_to_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same = {
        f"{of}/{n}": "What is a tide, then?" if of == "question" else "It is this."
        for of in ("question", "answer")
        for n in range(40)
    }
    done = diversify_questions(wanted(2), ReplayChat(same), tmp_path)
    assert len(done.done.pairs) == 1 and done.record["questions"] == 40
    assert not capsys.readouterr().err
    refusing = {**same, **{f"answer/{n}": "I cannot assist with that." for n in range(40)}}
    with pytest.raises(JobFailed, match="no pair was kept of 40 questions"):
        diversify_questions(wanted(2), ReplayChat(refusing), tmp_path / "none")
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("no pair was kept of the first 2 questions (1 questions: equal to another, 1 answers: ref")
    assert said.endswith("; up to 40 are tried"), "while there is time to change a setting"


class Noting(ReplayChat):
    def __init__(self) -> None:
        super().__init__({})
        self.asked: list[Request] = []

    def say(self, requests: Sequence[Request]) -> Iterator[tuple[str, Said | Unsaid]]:
        self.asked += requests
        yield from ((each.id, Said(f"Text of {each.id} it is.")) for each in requests)


def test_reference_answers_are_shown_as_the_authors_script_shows_them(tmp_path: Path) -> None:
    given = GivenFile(tmp_path, (Given("What is salt made of?", "Sodium."), Given("What is rain made of?")), "digest")
    noting = Noting()
    answering = Answering(references="shown")
    done = diversify_questions(Wanted(5, FromFile(given), answering, Keeping()), noting, tmp_path / "out")
    shown, alone = noting.asked
    assert [(each.role, each.text) for each in shown.messages] == [
        ("system", "You are a helpful AI assistant."),
        ("user", "What is salt made of?"),
        ("assistant", "Sodium."),
        ("user", "What is salt made of?"),
    ]
    assert [(each.role, each.text) for each in alone.messages] == [("user", "What is rain made of?")]
    assert (shown.drawing.temperature, shown.drawing.top_p, shown.drawing.max_new_tokens) == (0.7, 0.95, 512)
    assert done.record["without_reference"] == 1 and len(done.done.pairs) == 2


def test_seeds_are_drawn_anew_for_every_request_and_by_its_number_alone(tmp_path: Path) -> None:
    seeds = GivenFile(tmp_path, tuple(Given(f"Instruction {n}") for n in range(20)), "digest")
    source = FromSeeds(seeds, Drawing(1.0), seed=3)
    requests = [source.question(number) for number in range(8)]
    shown = [
        frozenset(line for line in each.messages[0].text.split("\n") if ". Instruction" in line) for each in requests
    ]
    assert all(len(each) == 4 for each in shown) and len(set(shown)) > 5
    assert source.question(5) == requests[5] and len({each.seed for each in requests}) == 8
    assert FromSeeds(seeds, Drawing(1.0), seed=4).question(5) != requests[5]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("5. Write a haiku.", "Write a haiku."),
        ('Request: "Write a haiku."', "Write a haiku."),
        ("“Write a haiku.”", "Write a haiku."),
        ('"Hi" and "bye": which is longer?', '"Hi" and "bye": which is longer?'),
        ("2024 was a leap year. Why?", "2024 was a leap year. Why?"),
    ],
)
def test_a_request_is_freed_of_what_a_model_puts_around_it(said: str, expected: str) -> None:
    assert bare_request(said) == expected
