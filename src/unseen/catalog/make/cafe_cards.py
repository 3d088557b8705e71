"""Writes the rows of `struct_to_text/cafe_cards`: cards of invented cafés and shops, each with texts that say them.

Run by hand: `python -m unseen.catalog.make.cafe_cards` writes `rows/cafe_cards/{train,test}.jsonl`, byte for byte.
A card has a name, a kind and what is offered, and two to five more facts. Its texts differ in the order of the facts
and in wording, and each says all the facts and no others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from unseen.catalog.make.cafe_words import (
    AREAS,
    CLOSES,
    DAYS,
    EXTRAS,
    KINDS,
    NAME_FIRST,
    NAME_LAST,
    NEAR,
    OPENS,
    OWNERS,
    PRICES,
    Kind,
)

SEED = 20260731
SIZES = {"train": 160, "test": 80}
FOLDER = Path(__file__).parents[1] / "rows" / "cafe_cards"


@dataclass(frozen=True, slots=True)
class Card:
    """One place; an empty string stands for a fact that the card does not tell. Values are keys of the word tables."""

    name: str
    kind: Kind
    offers: str
    area: str
    near: str
    prices: str
    days: str
    hours: tuple[str, str]
    extra: str

    def facts(self) -> list[tuple[str, str]]:
        opening = f"{self.days}, {self.hours[0]} to {self.hours[1]}" if self.days else ""
        said = [("name", self.name), ("kind", self.kind.name), ("offers", self.offers), ("area", self.area)]
        said += [("near", self.near), ("prices", self.prices), ("open", opening), ("good to know", self.extra)]
        return [(key, value) for key, value in said if value]


def cards(random: Random, count: int) -> list[Card]:
    """`count` cards; no name occurs twice, nor does a kind with the same wares and place."""
    names = _names(random, count)
    made: list[Card] = []
    met: set[tuple[str, ...]] = set()
    while len(made) < count:
        card = _card(random, names[len(made)])
        key = (card.kind.name, card.offers, card.area, card.near)
        if key not in met:
            met.add(key)
            made.append(card)
    return made


def _names(random: Random, count: int) -> list[str]:
    """Half of them of the form "The Copper Kettle", half like "Marta's"; a kind is never part of a name."""
    things = [f"The {first} {last}" for first in NAME_FIRST for last in NAME_LAST]
    owners = [f"{owner}'s {last}" for owner in OWNERS for last in NAME_LAST]
    names = random.sample(things, count // 2) + random.sample(owners, count - count // 2)
    random.shuffle(names)
    return names


def _card(random: Random, name: str) -> Card:
    kind = random.choice(KINDS)
    told = set(random.sample(["area", "near", "prices", "open", "extra"], random.choice([2, 3, 3, 4, 4, 5])))
    if not told & {"area", "near"}:
        told.add(random.choice(["area", "near"]))
    return Card(
        name=name,
        kind=kind,
        offers=random.choice(kind.offers),
        area=random.choice(sorted(AREAS)) if "area" in told else "",
        near=random.choice(NEAR) if "near" in told else "",
        prices=random.choice(sorted(PRICES)) if "prices" in told else "",
        days=random.choice(sorted(DAYS)) if "open" in told else "",
        hours=(random.choice(OPENS[kind.time]), random.choice(CLOSES[kind.time])),
        extra=random.choice(sorted(EXTRAS[kind.guests])) if "extra" in told else "",
    )


def texts(random: Random, card: Card) -> list[str]:
    """Two or three texts of a card, each built in another way."""
    openings = random.sample(_OPENINGS, random.choice([2, 3, 3]))
    return [_text(random, card, opening) for opening in openings]


# "{a_kind}" is the kind with its article; "{serves}" a verb with the wares; "{where}" the place, or nothing.
_OPENINGS = (
    "{name}, {a_kind} {where}, {serves}.",
    "{where_first} you will find {name}, {a_kind} that {serves}.",
    "At {name}, {a_kind} {where}, you can {get}.",
    "If you are looking for {wares}, try {name}, {a_kind} {where}.",
    "{a_kind_first} {where}, {name} {serves}.",
    "For {wares}, go to {name}, {a_kind} {where}.",
    "{name} {serves}; it is {a_kind} {where}.",
    "There is {a_kind} {where}: {name}, which {serves}.",
)


def _text(random: Random, card: Card, opening: str) -> str:
    adjective = random.choice([*PRICES[card.prices].adjectives, ""]) if card.prices else ""
    a_kind = _with_article(f"{adjective} {card.kind.name}".strip())
    where = _where(random, card)
    first = opening.format(
        name=card.name,
        a_kind=a_kind,
        a_kind_first=_capital(a_kind),
        where=where,
        where_first=_capital(where),
        wares=card.offers,
        serves=f"{random.choice(card.kind.verbs)} {card.offers}",
        get=f"{card.kind.get} {card.offers}",
    )
    clauses = _clauses(random, card, prices_said=bool(adjective))
    return first + _sentence(clauses)


def _where(random: Random, card: Card) -> str:
    near = f"{random.choice(['near', 'close to', 'not far from'])} {card.near}" if card.near else ""
    return " ".join(part for part in (AREAS.get(card.area, ""), near) if part)


def _clauses(random: Random, card: Card, *, prices_said: bool) -> list[str]:
    """What the first sentence has not said yet, as main clauses, in any order but with opening times first or last."""
    clauses = [] if prices_said or not card.prices else [random.choice(PRICES[card.prices].clauses)]
    if card.extra:
        clauses.append(random.choice(EXTRAS[card.kind.guests][card.extra]))
    random.shuffle(clauses)
    if card.days:
        clauses.insert(random.choice([0, len(clauses)]), _opening_times(random, card))
    return clauses


def _opening_times(random: Random, card: Card) -> str:
    start, stop = card.hours
    ways = (
        f"it is open {DAYS[card.days]}, {start} to {stop}",
        f"it opens at {start} and closes at {stop} {DAYS[card.days]}",
        f"the doors are open {DAYS[card.days]} between {start} and {stop}",
    )
    return random.choice(ways)


def _sentence(clauses: Sequence[str]) -> str:
    """The clauses as one sentence: "A, and b." or "A, b, and c."; nothing for none."""
    if not clauses:
        return ""
    last = f"and {clauses[-1]}" if len(clauses) > 1 else clauses[-1]
    return f" {_capital(', '.join([*clauses[:-1], last]))}."


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def files() -> dict[str, str]:
    """The text of each split's file."""
    random = Random(SEED)
    made = [(card, texts(random, card)) for card in cards(random, sum(SIZES.values()))]
    written: dict[str, str] = {}
    start = 0
    for split, size in SIZES.items():
        written[split] = "".join(_line(card, said) for card, said in made[start : start + size])
        start += size
    return written


def _line(card: Card, said: Sequence[str]) -> str:
    facts = card.facts()
    row = {
        "card": "; ".join(f"{key}: {value}" for key, value in facts),
        "facts": [{"key": key, "value": value} for key, value in facts],
        "name": card.name,
        "kind": card.kind.name,
        "texts": list(said),
    }
    return json.dumps(row, ensure_ascii=False) + "\n"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for split, text in files().items():
        (FOLDER / f"{split}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
