"""Texts under review, a file of wordings or of chats: its items, what is wrong with each, and what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from unseen.ask.chat import Said
from unseen.diversify.decisions import Decisions, Standing
from unseen.diversify.keeping import Keeping
from unseen.diversify.review import check_wordings, faults_in
from unseen.diversify.text_faults import echo, faults
from unseen.diversify.wording import Wording, WordingSet
from unseen.diversify.wording_file import read_wordings, write_wordings
from unseen.errors import DataMistake
from unseen.wholefile import replacing

Kind = Literal["wordings", "chats"]
FIELDS: Mapping[Kind, tuple[str, str]] = {"wordings": ("before", "after"), "chats": ("question", "answer")}
CHECKS = Keeping(cut_answers="kept")
QUESTIONS, ANSWERS = CHECKS.question_checks(), CHECKS.answer_checks()
MOST = 50 << 20  # bytes of a file that is reviewed text by text


@dataclass(frozen=True, slots=True)
class Item:
    """A wording, or a pair of question and answer. `texts` are by field; `about` says how it is put; `ended` is false
    for an answer that was broken off."""

    name: str
    side: str
    texts: Mapping[str, str]
    about: str = ""
    ended: bool = True

    @property
    def text(self) -> str:
        return "\n".join(text for text in self.texts.values() if text)


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it lies there. `wordings` is what a file of wordings holds; `left_out` lines are no chats."""

    file: Path
    kind: Kind
    items: tuple[Item, ...]
    wordings: WordingSet | None = None
    left_out: int = 0


def kind_of(file: Path) -> Kind:
    """By the file's name. Raises `DataMistake` for another one, for none, and for one that is too large."""
    kinds: dict[str, Kind] = {".yaml": "wordings", ".yml": "wordings", ".jsonl": "chats"}
    if file.suffix.lower() not in kinds or file.name.endswith(".review.jsonl"):
        remedy = "name a .yaml file of wordings, a chats.jsonl, or its folder"
        raise DataMistake(str(file), "is no file of wordings or chats", remedy)
    if not file.is_file():
        raise DataMistake(str(file), "is not there", "look at the path")
    if file.stat().st_size > MOST:
        raise DataMistake(str(file), f"is over {MOST >> 20} MB", "split it, and review the parts")
    return kinds[file.suffix.lower()]


def read_source(file: Path) -> Source:
    """Raises the mistakes of the file."""
    return _wordings(file) if kind_of(file) == "wordings" else _chats(file)


def _wordings(file: Path) -> Source:
    found = read_wordings(file)
    sides = [(each, each.side) for each in found.wordings]
    beside = [*((each, "special") for each in found.special), *((each, "contrast") for each in found.contrast)]
    return Source(file, "wordings", tuple(_item(each, side) for each, side in (*sides, *beside)), found)


def _item(wording: Wording, side: str) -> Item:
    features = wording.features
    told = [features.act, features.register, features.perspective, features.length, features.typography]
    about = ", ".join(each for each in told if each and each != "plain")
    return Item(wording.name, side, {"before": wording.before, "after": wording.after}, about)


def _chats(file: Path) -> Source:
    read = [item for line, item in _lines(file) if line.strip()]
    items = tuple(item for item in read if item is not None)
    return Source(file, "chats", items, left_out=len(read) - len(items))


def _lines(file: Path) -> Iterator[tuple[str, Item | None]]:
    """Each line with its chat, named by its id; an id that stands a second time gets the line's number behind it."""
    names: set[str] = set()
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            item = _chat(line, number)
            if item is not None and item.name in names:
                item = replace(item, name=f"{item.name}, line {number}")
            if item is not None:
                names.add(item.name)
            yield line, item


def _chat(line: str, number: int) -> Item | None:
    """A chat of a user's turn and an answer; None for a line that is anything else."""
    try:
        said = json.loads(line)
        user, answer = (turn for turn in said["messages"] if turn["role"] != "system")
        texts = {"question": user["content"], "answer": answer["content"]}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if (user["role"], answer["role"]) != ("user", "assistant") or not all(isinstance(t, str) for t in texts.values()):
        return None
    ended = answer.get("ended") is not False
    return Item(str(said.get("id", f"line {number}")), "pairs", texts, "" if ended else "broken off", ended)


def as_decided(source: Source, standing: Mapping[str, Standing]) -> tuple[Item, ...]:
    """The items with their edited texts, dropped ones included."""
    return tuple(
        replace(each, texts={**each.texts, **{k: v for k, v in standing[each.name].texts.items() if k in each.texts}})
        if each.name in standing
        else each
        for each in source.items
    )


def kept(source: Source, standing: Mapping[str, Standing]) -> tuple[Item, ...]:
    """What is left: nobody dropped it."""
    items = as_decided(source, standing)
    return tuple(each for each in items if each.name not in standing or standing[each.name].did != "drop")


def kept_wordings(source: Source, standing: Mapping[str, Standing]) -> WordingSet:
    """The set as it was decided; of the other keys of the file nothing changes."""
    assert source.wordings is not None
    left = {each.name: each.texts for each in kept(source, standing)}

    def chosen(wordings: Sequence[Wording]) -> tuple[Wording, ...]:
        return tuple(
            replace(each, before=left[each.name]["before"], after=left[each.name]["after"])
            for each in wordings
            if each.name in left
        )

    whole = source.wordings
    return replace(
        whole, wordings=chosen(whole.wordings), special=chosen(whole.special), contrast=chosen(whole.contrast)
    )


def faults_now(source: Source, standing: Mapping[str, Standing]) -> dict[str, list[str]]:
    """What is wrong with each item that is kept, a line each, by the checks that its kind of file has."""
    found: dict[str, list[str]] = {}
    if source.kind == "wordings":
        for fault in faults_in(kept_wordings(source, standing)):
            found.setdefault(fault.name, []).append(str(fault))
        return found
    items = kept(source, standing)
    first = first_askers(items)
    told = {each.name: faults_of_chat(each, first) for each in items}
    return {name: lines for name, lines in told.items() if lines}


def first_askers(items: Iterable[Item]) -> dict[str, str]:
    """Each question, as `asked_in` has it, and the item that asks it first."""
    found: dict[str, str] = {}
    for each in items:
        found.setdefault(asked_in(each), each.name)
    return found


def asked_in(item: Item) -> str:
    """The question, less case and white space."""
    return " ".join(item.texts["question"].lower().split())


def faults_of_chat(item: Item, first: Mapping[str, str]) -> list[str]:
    """By the texts' own checks (keeping.py), and whether the question was asked before."""
    question, answer = item.texts["question"], item.texts["answer"]
    told = [f"question: {fault.reason}" for fault in faults(Said(question), QUESTIONS)]
    told += [f"answer: {fault.reason}" for fault in faults(Said(answer), ANSWERS)]
    repeats = echo(question, answer)
    told += [f"answer: {repeats.reason}"] if repeats else []
    same = first.get(asked_in(item), item.name)
    return [*told, f"question: equal to that of {same}"] if same != item.name else told


def reviewed_path(file: Path) -> Path:
    """Where what is kept is written: beside the file, which itself is never changed."""
    return file.with_name(f"{file.stem}.reviewed{file.suffix}")


def write_reviewed(source: Source, decisions: Decisions) -> Path:
    """Write what is kept. Raises the mistakes of wordings that do not pass, and of a set without a test side."""
    path, standing = reviewed_path(source.file), decisions.standing
    if source.kind == "chats":
        _write_chats(path, source, standing)
        return path
    wordings = kept_wordings(source, standing)
    if not wordings.of_side("test"):
        raise DataMistake(str(source.file), "has no test wording left", "keep one at least")
    check_wordings(wordings, str(source.file))
    write_wordings(wordings, path)
    return path


def _write_chats(path: Path, source: Source, standing: Mapping[str, Standing]) -> None:
    """The file's own lines, with edited texts in their place: other keys and turns stay as they are."""
    left = {each.name: each for each in kept(source, standing)}
    with replacing(path) as part, part.open("w", encoding="utf-8") as written:
        for line, item in _lines(source.file):
            if item is not None and item.name in left:
                written.write(_with_texts(line, left[item.name].texts))


def _with_texts(line: str, texts: Mapping[str, str]) -> str:
    said = json.loads(line)
    for role, text in (("user", texts["question"]), ("assistant", texts["answer"])):
        next(turn for turn in said["messages"] if turn["role"] == role)["content"] = text
    return json.dumps(said, ensure_ascii=False) + "\n"
