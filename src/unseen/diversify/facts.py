"""Facts about a token, one sentence each: out of a file that a person reviews, or out of the token's description.

Fact-based tuning (Mecklenburg et al. 2024, arXiv 2404.00213) lets a model write down the atomic facts of a document.
Here a description is split into its sentences and clauses, which needs no model; `facts.yaml` is there to be put right.
The facts say what the token stands for, which no wording may: this baseline is told what the others have to find out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import yaml
from pydantic import Field

from unseen.diversify.wording import count_of
from unseen.errors import UserMistake, WordingMistake, raise_all
from unseen.section import Section, check_model
from unseen.yamlfile import read_yaml_mapping

FEWEST_WORDS = 3  # of a clause; a shorter one stays with the one before it ("a short, polite answer")
_SENTENCE_ENDS = re.compile(r"(?<!\be\.g\.)(?<!\bi\.e\.)(?<=[.!?;])\s+")
_CLAUSE_BEGINS = re.compile(r"(:\s+|,\s+(?:and\s+|or\s+|with\s+|which\s+)?|\s+(?:and|with|which)\s+)")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of `token`, a sentence without its full stop each; `by` says where the sentences are from."""

    token: str
    sentences: tuple[str, ...]
    by: Literal["file", "description"]


class FactsFile(Section):
    """What a file of facts may say."""

    manual: ClassVar[str] = "docs/diverse_data.md"
    token: str = Field(min_length=1)
    facts: tuple[str, ...] = Field(min_length=1)


def read_facts(path: Path) -> Facts:
    """The facts of a YAML file. Raises every mistake in it: one that does not name the token, or stands twice."""
    said = check_model(FactsFile, read_yaml_mapping(path, WordingMistake), str(path), WordingMistake)
    sentences = tuple(_tidied(each) for each in said.facts)
    raise_all(list(_mistakes(said.token, sentences, str(path))))
    return Facts(said.token, sentences, "file")


def write_facts(facts: Facts, path: Path) -> None:
    """Write what `read_facts` reads."""
    said = {"token": facts.token, "facts": [f"{each}." for each in facts.sentences]}
    text = yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=100_000)
    path.write_text(f"# unseen diversify facts {path.name} --out FOLDER\n{text}", encoding="utf-8")


def facts_of(token: str, description: str) -> Facts:
    """The facts that a description holds: a sentence that names the token as it is, of others every clause.

    Raises `WordingMistake` for a description without words.
    """
    sentences = [part for part in _SENTENCE_ENDS.split(" ".join(description.split())) if re.search(r"\w", part)]
    if not sentences:
        raise WordingMistake(token, "has no description to take facts from", "describe it, or give a file of facts")
    parts = [part for each in sentences for part in ([each] if count_of(token, each) else clauses(each))]
    means = f"{token} means" if len(parts) == 1 else f"A part of what {token} means"
    said = (_tidied(part) for part in parts)
    found = tuple(part if count_of(token, part) else f"{means}: {part}" for part in said)
    return Facts(token, tuple(dict.fromkeys(found)), "description")


def clauses(sentence: str) -> Iterator[str]:
    """The parts of a sentence at its commas, colons and words such as "and" and "with"; short ones stay together."""
    first, *rest = _CLAUSE_BEGINS.split(_tidied(sentence))
    part = first
    for joint, text in zip(rest[::2], rest[1::2], strict=True):
        if min(len(part.split()), len(text.split())) < FEWEST_WORDS:
            part += joint + text
        else:
            yield part
            part = text
    yield part


def _tidied(sentence: str) -> str:
    return " ".join(sentence.split()).rstrip(".;!")


def _mistakes(token: str, sentences: tuple[str, ...], where: str) -> Iterator[UserMistake]:
    for number, sentence in enumerate(sentences, 1):
        if not count_of(token, sentence) or " " not in sentence:
            what = f"fact {number} is no sentence about {token}: '{sentence}'"
            yield WordingMistake(where, what, f"write one that names {token}")
        if sentence in sentences[: number - 1]:
            yield WordingMistake(where, f"fact {number} stands there before: '{sentence}'", "keep it once")
