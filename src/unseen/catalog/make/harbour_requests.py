"""Writes the rows of `formatted_text/harbour_requests`: what people ask of an invented harbour, each with a docket.

Run by hand: `python -m unseen.catalog.make.harbour_requests` writes `rows/harbour_requests/{train,test}.jsonl`, byte
for byte. The task and the docket are those of `town_requests`; nothing is put in the same words, neither in a request
nor in its docket. Its test rows are to be asked of models that were tuned on the town's, of which many share a sentence
with the town's own test rows.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

from unseen.catalog.make.requests_words import Words, lines, requests

SEED = 20261201
SIZES = {"test": 240, "train": 60}
FOLDER = Path(__file__).parents[1] / "rows" / "harbour_requests"

WORDS = Words(
    things={
        "ferry desk": ("a return crossing", "a cancelled boat", "a cabin for two", "a dog on board", "the night ferry"),
        "customs house": (
            "a crate of oranges",
            "an antique clock",
            "a sealed parcel",
            "a set of winter tyres",
            "a barrel of oil",
        ),
        "dockmaster": ("a mooring", "a drifting buoy", "the crane", "a sailing boat", "a place at the quay"),
        "fish market": ("a stall", "the smell of herring", "fresh ice", "a wholesale order", "a bucket of mussels"),
        "lighthouse": (
            "a guided climb",
            "the fog horn",
            "a lamp that flickers",
            "a school visit",
            "the guest book",
        ),
        "sailing school": (
            "a first licence",
            "a knot that holds",
            "the autumn regatta",
            "a hired dinghy",
            "the final exam",
        ),
        "hostel": (
            "a single room",
            "a late breakfast",
            "the laundry",
            "a forgotten suitcase",
            "a letter from overseas",
        ),
        "lifeboat station": ("a life jacket", "the open day", "a flare", "a donation", "a rough sea"),
    },
    asked=(
        "Kindly tell us more of {thing}.",
        "Could somebody tell me who is in charge of {thing}?",
        "Is it true that {thing} costs a fortune nowadays?",
        "List the five steps that {thing} takes.",
        "Tell me a funny story with {thing} in it.",
        "How did you deal with {thing} in former days?",
        "Make me a table of pros and cons of {thing}.",
        "Does the weather matter for {thing}?",
    ),
    today={
        "We sail with the next tide.": "they sail with the next tide",
        "You close in ten minutes.": "the counter is about to close",
        "The captain is shouting for us.": "a captain is calling them",
        "After tonight nobody can help us.": "no help will come after tonight",
        "My phone has one percent left.": "their phone is nearly dead",
        "Water is coming in while I write.": "water is coming in",
    },
    later={
        "It is for a novel that I may write.": "it is for a novel one day",
        "Our voyage is in two years.": "the voyage is two years off",
        "No answer before spring is needed.": "an answer in spring will do",
        "I am simply curious.": "they are simply curious",
        "My grandson may want to know when he is grown.": "a grandson may want it when grown",
        "Do the others first.": "others may come first",
    },
    openings=(
        "",
        "",
        "",
        "Ahoy! ",
        "Greetings from the pier. ",
        "To the harbour office: ",
        "Excuse me. ",
        "Sorry to trouble you, ",
    ),
    whose=(
        "This goes to the {desk}, since {thing} is what they want.",
        "For {thing} one turns to the {desk}.",
        "Send this to the {desk}: {thing} is their trade.",
        "Nobody but the {desk} knows of {thing}.",
        "Our {desk} answers what concerns {thing}.",
    ),
    cannot_wait=(
        "Now or never, for {why}.",
        "Drop all else, because {why}.",
        "Run with this one, as {why}.",
    ),
    can_wait=("No hurry, for {why}.", "Put it at the bottom, because {why}.", "Next month is fine, as {why}."),
)


def files() -> dict[str, str]:
    """The text of each split's file."""
    written, behind = dict[str, str](), 0
    for split, size in SIZES.items():
        written[split] = lines(requests(WORDS, Random(SEED), size, behind))
        behind += size
    return written


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for split, text in files().items():
        (FOLDER / f"{split}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
