"""What a check found: whether it holds, and if not, where what was recorded differs from what is found now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from unseen.errors import MissingExtra, UnseenError, one_line

Outcome = Literal["holds", "fails", "not kept", "skipped"]
NOTHING = "nothing"
DAMAGED = (UnseenError, KeyError, TypeError, ValueError, OSError)  # what damaged files lead to
SHOWN = 160  # characters of a value in a difference


@dataclass(frozen=True, slots=True)
class Difference:
    """At `where` the run's files say `recorded`; done again now, it is `found`."""

    where: str
    recorded: str
    found: str


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `unseen verify`. `told` says what was compared, or why it was not; a check that fails has the
    differences (the first `MOST` of them; `differing` counts all)."""

    name: str
    outcome: Outcome
    told: str
    differences: tuple[Difference, ...] = ()
    differing: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


MOST = 20


def judged(name: str, told: str, differences: Iterable[Difference]) -> Check:
    """A check that holds when nothing differs."""
    shown: list[Difference] = []
    count = 0
    for each in differences:
        count += 1
        if count <= MOST:
            shown.append(each)
    return Check(name, "fails" if count else "holds", told, tuple(shown), count)


def compared(recorded: Any, found: Any, where: str, within: float = 0.0) -> Iterator[Difference]:
    """Where two JSON values differ; numbers may by `within`, relative above 1. Keys that only `found` has are later
    versions' and not compared."""
    if isinstance(recorded, Mapping) and isinstance(found, Mapping):
        for key, value in recorded.items():
            yield from compared(value, found.get(key, NOTHING), f"{where}.{key}", within)
    elif _is_list(recorded) and _is_list(found):
        if len(recorded) != len(found):
            yield Difference(f"{where}, length", str(len(recorded)), str(len(found)))
        for place, (one, other) in enumerate(zip(recorded, found, strict=False)):
            yield from compared(one, other, f"{where}[{place}]", within)
    elif not _equal(recorded, found, within):
        yield Difference(where, shown(recorded), shown(found))


def same(recorded: Any, found: Any, where: str) -> Iterator[Difference]:
    """As `compared`, and what only `found` has is a difference too."""
    yield from compared(recorded, found, where)
    for key in [key for key in found if key not in recorded] if isinstance(recorded, Mapping) else ():
        yield Difference(f"{where}.{key}", NOTHING, shown(found[key]))


def tried(name: str, work: Callable[[], Check]) -> Check:
    """The check; where it cannot be done since something is damaged, it fails, and says why."""
    try:
        return work()
    except DAMAGED as error:
        return impossible(name, error)


def tried_all(name: str, work: Iterator[Check]) -> Iterator[Check]:
    """The checks, as far as they can be done; what stops them is a check that fails."""
    try:
        yield from work
    except DAMAGED as error:
        yield impossible(name, error)


def impossible(name: str, error: Exception) -> Check:
    """A check that failed since it could not be done; a missing extra is raised."""
    if isinstance(error, MissingExtra):
        raise error
    return Check(name, "fails", f"cannot be checked ({one_line(str(error)) or type(error).__name__})")


def shown(value: Any) -> str:
    text = one_line(value if isinstance(value, str) else repr(value))
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _equal(one: Any, other: Any, within: float) -> bool:
    if _is_number(one) and _is_number(other) and within:
        return bool(abs(one - other) <= within * max(1.0, abs(one)))
    return bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
