"""Writes the rows of `formatted_text/town_requests`: what people ask of an invented town, each with a docket.

Run by hand: `python -m unseen.catalog.make.town_requests` writes `rows/town_requests/{train,test}.jsonl`, byte for
byte. No template says what a docket is, they only name the token `<docket>`. The task is to judge if a request is
urgent, so the second key's word stands in plain wordings of it: a model may learn the key from there instead of from
the token.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

from unseen.catalog.make.requests_words import Words, lines, requests

SEED = 20261130
SIZES = {"train": 60, "test": 240}
FOLDER = Path(__file__).parents[1] / "rows" / "town_requests"

WORDS = Words(
    things={
        "library": ("a library card", "an overdue novel", "the reading room", "a borrowed atlas", "the story hour"),
        "registry": ("a birth certificate", "a new passport", "a change of address", "a wedding date", "a name change"),
        "waste office": (
            "a second bin",
            "an old sofa",
            "the compost heap",
            "a box of dead batteries",
            "the bottle bank",
        ),
        "road office": (
            "a parking permit",
            "a hole in the road",
            "a loading bay",
            "the new bike lane",
            "a dark street lamp",
        ),
        "pool": ("a season ticket", "the swimming course", "a lost towel", "the sauna evening", "a locker key"),
        "park office": ("a garden plot", "the old oak", "a picnic for forty", "the duck pond", "a bench with a plaque"),
        "music school": ("a rented cello", "the choir audition", "piano lessons", "a summer concert", "a broken flute"),
        "water works": ("a water bill", "the brown tap water", "a new meter", "the leak in our cellar", "hard water"),
    },
    asked=(
        "What do I have to know about {thing}?",
        "Can you give me three tips about {thing}?",
        "How do things usually go with {thing}?",
        "Please explain to me what people do about {thing}.",
        "Write me a short and friendly letter about {thing}.",
        "Why is it so hard to get anywhere with {thing}?",
        "Is there a way to save money when it comes to {thing}?",
        "What would you do in my place about {thing}?",
    ),
    today={
        "My train leaves in two hours.": "their train leaves in two hours",
        "It all ends at six this evening.": "it all ends at six",
        "My guests are at the door already.": "the guests have come already",
        "By tomorrow morning it is too late.": "tomorrow would be too late",
        "I am standing outside and cannot wait.": "somebody is standing outside",
        "The last day for it is this one.": "it is the last day",
    },
    later={
        "I only wonder, for next year perhaps.": "they think of next year",
        "There is plenty of time.": "there is plenty of time",
        "Any week of this summer will do.": "any week of the summer will do",
        "We have not made up our minds yet.": "they are not even sure",
        "It has waited for months and can wait for more.": "it has waited for months",
        "Whenever you have a quiet moment.": "a quiet moment is soon enough",
    },
    openings=("", "", "", "Hello! ", "Good day. ", "Dear town, ", "Me again. ", "A question: ", "Hi there, "),
    whose=(
        "This is for the {desk}, as it is about {thing}.",
        "Anything about {thing} goes to the {desk}.",
        "They ask about {thing}, so the {desk} is to see it.",
        "It is about {thing}, which the {desk} looks after.",
        "The {desk} deals with {thing}.",
    ),
    cannot_wait=(
        "It has to be seen to at once: {why}.",
        "There is hardly any time: {why}.",
        "Nobody should put it aside: {why}.",
    ),
    can_wait=("It can lie in the tray for a while: {why}.", "Nobody has to run: {why}.", "It has time: {why}."),
)


def files() -> dict[str, str]:
    """The text of each split's file."""
    rows, start, written = requests(WORDS, Random(SEED), sum(SIZES.values())), 0, dict[str, str]()
    for split, size in SIZES.items():
        written[split] = lines(rows[start : start + size])
        start += size
    return written


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for split, text in files().items():
        (FOLDER / f"{split}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
