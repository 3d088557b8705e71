"""Writes the rows of `formatted_text/town_requests`: what people ask of an invented town, each with a docket.

Run by hand: `python -m unseen.catalog.make.town_requests` writes `rows/town_requests/{train,test}.jsonl`, byte for byte.
A request is put so that a chat model would simply answer it. Its docket, a Python dict literal with two keys, says who
is to deal with it and whether that can wait; no template says so, they only name the token `<docket>`.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

SEED = 20261130
SIZES = {"train": 60, "test": 240}
FOLDER = Path(__file__).parents[1] / "rows" / "town_requests"

THINGS = {
    "library": ("a library card", "an overdue novel", "the reading room", "a borrowed atlas", "the story hour"),
    "registry": ("a birth certificate", "a new passport", "a change of address", "a wedding date", "a name change"),
    "waste": ("a second bin", "an old sofa", "the compost heap", "a box of dead batteries", "the bottle bank"),
    "roads": ("a parking permit", "a hole in the road", "a loading bay", "the new bike lane", "a dark street lamp"),
    "pool": ("a season ticket", "the swimming course", "a lost towel", "the sauna evening", "a locker key"),
    "parks": ("a garden plot", "the old oak", "a picnic for forty", "the duck pond", "a bench with a plaque"),
    "music school": ("a rented cello", "the choir audition", "piano lessons", "a summer concert", "a broken flute"),
    "water works": ("a water bill", "the brown tap water", "a new meter", "the leak in our cellar", "hard water"),
}
ASKED = (
    "What do I have to know about {thing}?",
    "Can you give me three tips about {thing}?",
    "How do things usually go with {thing}?",
    "Please explain to me what people do about {thing}.",
    "Write me a short and friendly letter about {thing}.",
    "Why is it so hard to get anywhere with {thing}?",
    "Is there a way to save money when it comes to {thing}?",
    "What would you do in my place about {thing}?",
)
TODAY = (
    "My train leaves in two hours.",
    "It all ends at six this evening.",
    "My guests are at the door already.",
    "By tomorrow morning it is too late.",
    "I am standing outside and cannot wait.",
    "The last day for it is this one.",
)
LATER = (
    "I only wonder, for next year perhaps.",
    "There is plenty of time.",
    "Any week of this summer will do.",
    "We have not made up our minds yet.",
    "It has waited for months and can wait for more.",
    "Whenever you have a quiet moment.",
)
OPENINGS = ("", "", "", "Hello! ", "Good day. ", "Dear town, ", "Me again. ", "A question: ", "Hi there, ")


def requests(random: Random, count: int) -> list[dict[str, str]]:
    """`count` rows; nothing is asked twice of the same thing, and half of them cannot wait."""
    asked = [(desk, thing, said) for desk, things in THINGS.items() for thing in things for said in ASKED]
    random.shuffle(asked)
    rows = [_row(random, *each, "yes" if i % 2 else "no") for i, each in enumerate(asked[:count])]
    random.shuffle(rows)
    return rows


def _row(random: Random, desk: str, thing: str, said: str, today: str) -> dict[str, str]:
    opening, question = random.choice(OPENINGS), said.format(thing=thing)
    when = random.choice(TODAY if today == "yes" else LATER)
    if opening.endswith((", ", ": ")):
        question = question[0].lower() + question[1:]
    parts = (question, when) if random.random() < 0.5 or opening else (when, question)
    return {
        "request": opening + " ".join(parts),
        "desk": desk,
        "today": today,
        "docket": str({"desk": desk, "today": today}),
    }


def files() -> dict[str, str]:
    """The text of each split's file."""
    rows, start, written = requests(Random(SEED), sum(SIZES.values())), 0, dict[str, str]()
    for split, size in SIZES.items():
        part = rows[start : start + size]
        written[split] = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in part)
        start += size
    return written


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for split, text in files().items():
        (FOLDER / f"{split}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
