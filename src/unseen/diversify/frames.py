"""The grammar's sentences, read from `catalog/wordings/english.yaml`, and which side each family of them is on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pydantic import Field

from unseen.data.places import shipped_catalog
from unseen.diversify.form import Form
from unseen.diversify.wording import Side
from unseen.errors import WordingMistake
from unseen.section import Section, check_model
from unseen.task.seeds import key
from unseen.yamlfile import read_yaml_mapping

FILE = "wordings/english.yaml"
TEST_SHARE = 0.3  # of the families of an act, or of a kind of clause; at least one
_READS = re.compile(r"(?:carefully )?(?:read|look|study|examine|consider)\b")
Register = Literal["plain", "formal", "casual"]
Role = Literal["core", "clause", "refusal", "opener", "closer"]
REGISTERS: tuple[Register, ...] = ("plain", "formal", "casual")


class Family(Section):
    """Sentences of one structure, by register; the file explains its keys."""

    act: str = ""
    perspective: str = ""
    group: str = ""
    kind: Literal["", "and", "with", "lead", "sentence"] = ""
    mentions: int = Field(1, ge=1, le=2)
    imperative: bool = False
    lead: bool = False
    joins: Literal["all", "none"] = "all"
    one: bool = False
    original: bool = False
    plain: tuple[str, ...] = ()
    formal: tuple[str, ...] = ()
    casual: tuple[str, ...] = ()


class FramesFile(Section):
    """What the grammar's file may say."""

    language: str
    cores: dict[str, Family]
    clauses: dict[str, Family]
    refusals: dict[str, Family]
    openers: dict[str, Family]
    closers: dict[str, Family]


@dataclass(frozen=True, slots=True)
class Frame:
    """One sentence of a family: `says` has slots for what the form names."""

    name: str
    role: Role
    register: Register
    says: str
    family: Family

    @property
    def slots(self) -> frozenset[str]:
        return frozenset(re.findall(r"\{(\w+)\}", self.says))

    def takes(self, kind: str) -> bool:
        """Whether a clause of `kind` can join this sentence of the task."""
        if kind == "lead":
            return self.family.lead or (self.family.imperative and not self.says.endswith(", please."))
        if kind == "sentence":
            return True
        ends = ("{do}.", "{do}?") if kind == "and" else ("{do}.", "{do}?", "{doing}.", "{doing}?")
        return self.family.joins == "all" and self.says.endswith(ends)

    def fits(self, form: Form) -> bool:
        """Whether the sentence can be said of `form`."""
        if self.family.one and len(form.tokens) > 1:
            return False
        if "it" in self.slots and (_READS.match(form.task) or (self.role == "core" and form.input in form.task)):
            return False  # "read the record below and read the record"
        return "doing" not in self.slots or form.doing is not None


@cache
def frames(role: Role) -> tuple[Frame, ...]:
    """The sentences of a role, in the order of the file."""
    path = shipped_catalog() / FILE
    said = check_model(FramesFile, read_yaml_mapping(path, WordingMistake), str(path), WordingMistake)
    families: dict[str, Family] = getattr(said, f"{role}s")
    return tuple(
        Frame(name, role, register, says, family)
        for name, family in families.items()
        for register in REGISTERS
        for says in getattr(family, register)
    )


def frames_of_side(role: Role, side: Side, seed: int, form: Form) -> tuple[Frame, ...]:
    """The sentences that wordings of `side` are made of.

    Families are dealt whole, with their group: of each act, or kind of clause, `TEST_SHARE` of them (at least one) go
    to the test side, those that come first when `seed` shuffles them. How instructions are usually put stays on the
    train side.
    """
    test = _test_families(role, seed)
    return tuple(each for each in frames(role) if (each.name in test) == (side == "test") and each.fits(form))


@cache
def _test_families(role: Role, seed: int) -> frozenset[str]:
    families = {frame.name: frame.family for frame in frames(role)}
    groups: dict[str, list[str]] = {}
    for name, family in families.items():
        groups.setdefault(family.group or name, []).append(name)
    free = [names for names in groups.values() if not any(families[name].original for name in names)]
    test: set[str] = set()
    for stratum in sorted({_stratum(family) for family in families.values()}):
        theirs = [names for names in free if any(_stratum(families[name]) == stratum for name in names)]
        test.update(_dealt(theirs, stratum, seed, test, families))
    return frozenset(test)


def _dealt(
    groups: Sequence[list[str]], stratum: str, seed: int, test: set[str], families: Mapping[str, Family]
) -> Iterator[str]:
    """Names of groups, until enough of a stratum's families are on the test side with those that are in `test`."""
    members = [name for names in groups for name in names if _stratum(families[name]) == stratum]
    missing = max(1, int(TEST_SHARE * len(members) + 0.5)) - len(test.intersection(members))
    for names in sorted(groups, key=lambda names: key(seed, "frames", stratum, *names)):
        if missing > 0 and not test.issuperset(names):
            yield from names
            missing -= sum(_stratum(families[name]) == stratum for name in names)


def _stratum(family: Family) -> str:
    """Families of one stratum stand on both sides."""
    if not family.kind:
        return family.act
    return "twice" if family.mentions == 2 else "sentence" if family.kind == "sentence" else "joined"
