"""A file of wordings: what `unseen diversify instructions --out` writes, a person reviews, and a recipe reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import yaml
from pydantic import Field, field_validator

from unseen.diversify.wording import Features, Made, Side, Wording, WordingSet
from unseen.errors import UserMistake, WordingMistake, raise_all
from unseen.section import Section, check_model
from unseen.wholefile import write_whole
from unseen.yamlfile import read_yaml_mapping

PLAIN = ("typography", "plain")  # goes without saying


class FeaturesEntry(Section):
    """What a file may say of how a wording is put; all of it may be left out."""

    act: str = ""
    register_: str = Field("", alias="register")
    perspective: str = ""
    length: str = ""
    mentions: int = Field(0, ge=0)
    typography: str = "plain"
    frames: tuple[str, ...] = ()


class WordingEntry(Section):
    """One wording: `before` the input, `after` it, or both."""

    name: str = Field(min_length=1, max_length=200)
    before: str = ""
    after: str = ""
    completion: str | None = Field(None, description="the answer under this wording, in place of the template's")
    features: FeaturesEntry = FeaturesEntry()

    @field_validator("before", "after")
    @classmethod
    def _bare(cls, text: str) -> str:
        return text.strip()


class MadeEntry(Section):
    """How the wordings of a file were made."""

    by: str = "hand"
    seed: int = 0
    tried: int = 0
    dropped: dict[str, int] = Field(default_factory=dict)
    alike: float | None = None


class WordingFile(Section):
    """What a file of wordings may say."""

    manual: ClassVar[str] = "docs/wordings.md"
    instruction: str = Field(min_length=1)
    tokens: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    made: MadeEntry = MadeEntry()
    train: tuple[WordingEntry, ...] = ()
    test: tuple[WordingEntry, ...] = Field(min_length=1)
    special: tuple[WordingEntry, ...] = ()
    contrast: tuple[WordingEntry, ...] = ()


def read_wordings(path: Path) -> WordingSet:
    """The wordings in a file. Raises every `WordingMistake` in its shape at once; `review.py` looks at the texts."""
    said = check_model(WordingFile, read_yaml_mapping(path, WordingMistake), str(path), WordingMistake)
    sides: tuple[tuple[Side, Sequence[WordingEntry]], ...] = (("train", said.train), ("test", said.test))
    wordings = tuple(_wording(each, side) for side, entries in sides for each in entries)
    special = tuple(_wording(each, "test") for each in said.special)
    contrast = tuple(_wording(each, "train") for each in said.contrast)
    raise_all(_same_names((*wordings, *special, *contrast), str(path)))
    made = Made(**said.made.model_dump())
    return WordingSet(said.instruction, wordings, said.tokens, said.secrets, said.shared, special, contrast, made)


def write_wordings(wordings: WordingSet, path: Path) -> None:
    """Write what `read_wordings` reads back as the same value."""
    text = yaml.dump(
        as_json(wordings), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000, default_flow_style=False
    )
    write_whole(path, f"# unseen diversify instructions --check {path.name}\n{text}")


def as_json(wordings: WordingSet) -> dict[str, Any]:
    """The set as plain values, in the order of the file."""
    return {
        "instruction": wordings.instruction,
        "tokens": _Short(wordings.tokens),
        "secrets": _Short(wordings.secrets),
        "shared": list(wordings.shared),
        "made": {key: _Flow(value) if isinstance(value, dict) else value for key, value in _made(wordings).items()},
        "train": [_entry(each) for each in wordings.of_side("train")],
        "test": [_entry(each) for each in wordings.of_side("test")],
        "special": [_entry(each) for each in wordings.special],
        "contrast": [_entry(each) for each in wordings.contrast],
    }


def _made(wordings: WordingSet) -> dict[str, Any]:
    said = asdict(wordings.made)
    return {**said, "dropped": dict(said["dropped"])}


def _wording(entry: WordingEntry, side: Side) -> Wording:
    features = Features(**entry.features.model_dump(by_alias=True))
    return Wording(entry.name, entry.before, entry.after, side, features, entry.completion)


def _entry(wording: Wording) -> dict[str, Any]:
    """A wording less what is empty."""
    told = {key: value for key, value in asdict(wording.features).items() if value and (key, value) != PLAIN}
    told |= {"frames": _Short(told["frames"])} if "frames" in told else {}
    texts = {key: text for key, text in (("before", wording.before), ("after", wording.after)) if text}
    answer = {} if wording.completion is None else {"completion": wording.completion}
    return {"name": wording.name, **texts, **answer, **({"features": _Flow(told)} if told else {})}


def _same_names(wordings: Sequence[Wording], where: str) -> list[UserMistake]:
    counts = Counter(each.name for each in wordings)
    return [
        WordingMistake(where, f"{count} wordings are called '{name}'", "give each its own name")
        for name, count in counts.items()
        if count > 1
    ]


class _Flow(dict[str, Any]):
    """A mapping in one line."""


class _Short(list[str]):
    """A list in one line."""


class _Dumper(yaml.SafeDumper):
    """Short collections in one line, texts of several lines as they look."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Flow, lambda d, value: d.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True))
_Dumper.add_representer(_Short, lambda d, value: d.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True))
