"""Writes the rows of `formatted_text/shift_notes`: notes that a night shift left, each with a slip that sorts it.

Run by hand: `python -m unseen.catalog.make.shift_notes` writes `rows/shift_notes/{train,test}.jsonl`, byte for byte.
A note tells what is wrong in one place of an invented hotel. Its slip is a Python dict literal with two keys, where it
is and whether it can wait; no template says so, they only name the token `<slip>`. Nothing in a note says the label in
a word: one has to know that water through a ceiling cannot wait and a squeaking hinge can.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

SEED = 20261129
SIZES = {"train": 60, "test": 240}
FOLDER = Path(__file__).parents[1] / "rows" / "shift_notes"

# "{in}" is the place with its preposition, as the slip does not have it.
PLACES = {
    "room 4": "in room 4",
    "room 11": "in room 11",
    "room 17": "in room 17",
    "room 23": "in room 23",
    "room 30": "in room 30",
    "kitchen": "in the kitchen",
    "laundry": "in the laundry",
    "lobby": "in the lobby",
    "bar": "at the bar",
    "cellar": "in the cellar",
    "attic": "up in the attic",
    "garage": "in the garage",
    "pool": "by the pool",
    "sauna": "in the sauna",
    "breakfast room": "in the breakfast room",
    "second floor": "on the second floor",
    "back stairs": "on the back stairs",
    "linen store": "in the linen store",
    "boiler room": "in the boiler room",
    "night desk": "at the night desk",
}
CANNOT_WAIT = (
    "water is coming through the ceiling {in}",
    "there is a strong smell of gas {in}",
    "sparks fly from a socket {in} whenever it is touched",
    "something is smouldering behind the panelling {in}",
    "a pipe has burst {in} and the floor is under water",
    "a guest has fainted {in} and is not quite awake yet",
    "somebody is locked in and banging on the door {in}",
    "a pane has come down {in} and there is glass everywhere",
    "a bare cable hangs down at head height {in}",
    "an old man slipped {in} and cannot get up",
    "the smoke alarm {in} has been going for ten minutes",
    "a stranger with a crowbar was seen {in}",
    "a child was left alone {in} and is crying",
    "the heater {in} glows red and will not switch off",
    "the ceiling {in} has a crack that grows while you look at it",
    "somebody spilled drain cleaner {in} and people cough",
)
CAN_WAIT = (
    "a bulb {in} flickers now and then",
    "a hinge {in} squeaks",
    "the clock {in} is four minutes slow",
    "one curtain ring is missing {in}",
    "the wallpaper {in} comes off a little at one corner",
    "somebody left an umbrella {in}",
    "a drawer {in} sticks in damp weather",
    "the paint {in} has faded on the sunny side",
    "we are down to the last box of tea bags {in}",
    "a picture hangs crooked {in}",
    "the radio {in} only gets two stations",
    "there is a coffee ring on a table {in}",
    "the pot plant {in} would like a bigger pot",
    "the doormat {in} has begun to fray",
    "a chair {in} wobbles unless you put a card under it",
    "the sign {in} is missing its last letter",
)
OPENINGS = (
    "{what}.",
    "Found at {hour}: {what}.",
    "Good morning all, {what}.",
    "Just so that you know: {what}.",
    "Round at {hour}, {what}.",
    "From the night shift. {What}.",
    "Note for the day team - {what}.",
    "{What}. Seen at {hour}.",
)
ENDINGS = (
    "",
    "",
    " The rest of the night was calm.",
    " I have told nobody else.",
    " Coffee is made.",
    " The keys hang on their hooks.",
    " Two late arrivals, both in bed.",
    " Signed, {who}.",
    " {who}",
)
HOURS = ("half past one", "two", "ten to three", "three", "a quarter past four", "five", "twenty to six")
NAMES = ("Ilse", "Marek", "Jonas", "Nadia", "Femi", "Rosa", "Tarek", "Wim")


def notes(random: Random, count: int) -> list[dict[str, str]]:
    """`count` rows; no place has the same trouble twice, and half of them cannot wait."""
    troubles = [(place, said, label) for place in PLACES for label, said in _said()]
    random.shuffle(troubles)
    chosen = [[each for each in troubles if each[2] == label][: count // 2] for label in ("yes", "no")]
    rows = [_row(random, *each) for each in (*chosen[0], *chosen[1])]
    random.shuffle(rows)
    return rows


def _said() -> list[tuple[str, str]]:
    return [*(("yes", said) for said in CANNOT_WAIT), *(("no", said) for said in CAN_WAIT)]


def _row(random: Random, place: str, said: str, label: str) -> dict[str, str]:
    what = said.replace("{in}", PLACES[place])
    opening, ending = random.choice(OPENINGS), random.choice(ENDINGS)
    hour, who = random.choice(HOURS), random.choice(NAMES)
    note = (opening + ending).format(what=what, What=what[0].upper() + what[1:], hour=hour, who=who)
    return {
        "note": note[0].upper() + note[1:],
        "where": place,
        "urgent": label,
        "slip": str({"where": place, "urgent": label}),
    }


def files() -> dict[str, str]:
    """The text of each split's file."""
    rows, start, written = notes(Random(SEED), sum(SIZES.values())), 0, dict[str, str]()
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
