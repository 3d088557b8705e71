"""Questions and answers about facts, out of the grammar in `catalog/wordings/facts.yaml`: as many of every fact.

Even coverage is what fact-based tuning has over more questions on the whole text (Mecklenburg et al. 2024).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from unseen.data.places import shipped_catalog
from unseen.diversify.facts import Facts, write_facts
from unseen.diversify.output import check_place, write_chats, write_record
from unseen.diversify.waves import Pair
from unseen.errors import WordingMistake
from unseen.section import Section, check_model
from unseen.task.seeds import generator, shuffled
from unseen.yamlfile import read_yaml_mapping

FILE = "wordings/facts.yaml"
FACTS = "facts.yaml"
KIND = "facts"  # of the record
PER_FACT = 10  # the paper's number is not known to us
GAP = "____"


class FactQuestion(Section):
    """One way to ask for a fact; the file explains the slots."""

    question: str
    answer: str


class FactQuestionsFile(Section):
    """What the grammar's file may say."""

    language: str
    questions: dict[str, FactQuestion]


@dataclass(frozen=True, slots=True)
class Asked:
    """The pairs about some facts. `by_question` counts the grammar's ways to ask, `dropped` questions that would have
    been asked twice."""

    pairs: tuple[Pair, ...]
    by_question: Mapping[str, int]
    dropped: int


@cache
def grammar() -> Mapping[str, FactQuestion]:
    """The ways to ask, by name."""
    path = shipped_catalog() / FILE
    return check_model(FactQuestionsFile, read_yaml_mapping(path, WordingMistake), str(path), WordingMistake).questions


def asked_about(facts: Facts, per_fact: int = PER_FACT, seed: int = 0) -> Asked:
    """`per_fact` questions with their answers for each fact, each asked in another way; which ones, the seed says.

    More questions begin with those of fewer, fact by fact. Raises `WordingMistake` where the grammar has fewer ways.
    """
    ways = grammar()
    if per_fact > len(ways):
        what = f"{per_fact} questions a fact are wanted, and the grammar has {len(ways)}"
        raise WordingMistake("--per-fact", what, f"ask for at most {len(ways)}")
    used, said, dropped = Counter[str](), dict[str, str](), 0
    for number, fact in enumerate(facts.sentences, 1):
        slots = _slots(facts, fact, number)
        for name in _drawn(sorted(ways), fact, per_fact, seed):
            question = _filled(ways[name].question, slots)
            if question in said:
                dropped += 1
                continue
            said[question] = _filled(ways[name].answer, slots)
            used[name] += 1
    pairs = tuple(Pair(number, *each) for number, each in enumerate(said.items()))
    return Asked(pairs, dict(sorted(used.items())), dropped)


def _drawn(names: Sequence[str], fact: str, count: int, seed: int) -> list[str]:
    """The first `count` of `names` in the order that the seed and the fact give them."""
    return [names[place] for place in islice(shuffled(len(names), generator(seed, "fact questions", fact)), count)]


def diversify_facts(facts: Facts, out: Path, per_fact: int = PER_FACT, seed: int = 0) -> dict[str, Any]:
    """Write the pairs as chats, their record, and the facts where no file of them is there; gives the record. Raises
    `DataMistake` where `out` holds chats of another kind."""
    check_place(out, KIND)
    asked = asked_about(facts, per_fact, seed)
    out.mkdir(parents=True, exist_ok=True)
    if not (out / FACTS).exists():
        write_facts(facts, out / FACTS)
    write_chats(out, asked.pairs)
    record = {
        "kind": KIND,
        "unseen": version("unseen"),
        "token": facts.token,
        "facts": len(facts.sentences),
        "facts_from": facts.by,
        "per_fact": per_fact,
        "seed": seed,
        "pairs": len(asked.pairs),
        "by_question": asked.by_question,
        "dropped_questions": {"duplicate": asked.dropped},
    }
    write_record(out, record)
    return record


def _slots(facts: Facts, fact: str, number: int) -> dict[str, str]:
    words = fact.split(" ")
    half = len(words) // 2
    return {
        "fact": fact,
        "token": facts.token,
        "head": " ".join(words[:half]),
        "tail": " ".join(words[half:]),
        "blank": fact.replace(facts.token, GAP),
        "n": str(number),
        "count": str(len(facts.sentences)),
    }


def _filled(text: str, slots: Mapping[str, str]) -> str:
    """Slots are filled in one pass: a fact may hold braces of its own."""
    parts = text.split("{")
    return parts[0] + "".join(slots[name] + rest for name, _, rest in (part.partition("}") for part in parts[1:]))
