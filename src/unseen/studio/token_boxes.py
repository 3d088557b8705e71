"""Tokens as boxes: each with its text made visible, its id where it is pointed at, and the part that it is of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from unseen.encode.cuts import Cut
from unseen.encode.parts import Part
from unseen.encode.token_text import TokenText
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import counted, whole

SIGNS = {" ": "·", "\n": "⏎", "\t": "⇥", "\r": "␍", "\u00a0": "⍽"}
UNSEEN = re.compile(r"[^\S ]|[ ]|[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\x00-\x1f\x7f-\x9f]")
KINDS = {
    "markup": "the format's own",
    "system": "system turn",
    "exemplar": "exemplar",
    "turn": "turn",
    "words": "the template's words",
    "field": "field",
    "answer": "answer",
}


def part_name(part: Part) -> str:
    """field text, exemplar 2, the template's words."""
    if part.columns:
        return f"field {', '.join(part.columns)}"
    return f"{KINDS[part.kind]} {part.number}" if part.number else KINDS[part.kind]


def visible(text: str) -> str:
    """`text` with signs for what cannot be seen; characters without a sign are told by their number."""
    return UNSEEN.sub(lambda found: SIGNS.get(found[0], f"⟨U+{ord(found[0]):04X}⟩"), text)


def token_boxes(
    tokens: Sequence[TokenText], parts: Sequence[Part], marks: Mapping[int, Sequence[Markup]], start: int = 0
) -> Markup:
    """`tokens` with their `parts`; `marks` stand before the token of that number. `start` is the first one's number."""
    shown: list[Markup] = []
    numbered = zip(range(start, start + len(tokens)), tokens, parts, strict=True)
    for part, group in groupby(numbered, itemgetter(2)):
        label = None if part.kind == "markup" else tag("b", part_name(part), class_="part-name")
        boxes: list[Markup] = []
        for number, token, _ in group:
            before = marks.get(number, ())
            if not boxes:
                shown += before  # what stands before a part stands before its label too
            boxes += [*(before if boxes else ()), _box(token)]
        shown.append(tag("span", label, *boxes, class_=f"part {part.kind}", data_part=part_name(part)))
    shown += marks.get(start + len(tokens), ())
    return tag("div", *shown, class_="tokens row", data_first=start, role="group", aria_label="Tokens")


def _box(token: TokenText) -> Markup:
    text = visible(token.text) if token.text or not token.bytes else ""
    spelt = f"⟨{token.bytes}⟩{text}" if token.bytes else text
    kind = " ".join(name for name, said in (("s", token.weight > 0), ("c", token.control)) if said)
    box = tag("i", spelt or "∅", data_id=token.id, class_=kind or None)
    return joined(box, tag("br")) if token.text.endswith("\n") else box


def cut_mark(cut: Cut) -> Markup:
    """What stood here and was left out to fit."""
    whole_part = cut.taken == cut.had
    of = "" if whole_part else f" of {whole(cut.had)}"
    return tag("mark", f"✂ {part_name(cut.part)}: {whole(cut.taken)}{of} tokens left out", class_="cut-mark")


def trunk_mark(length: int) -> Markup:
    return tag("mark", f"┆ up to here the next row reads the same {counted(length, 'token')}", class_="trunk-mark")


def legend(counted_as: str = "predicted: the loss counts it") -> Markup:
    """What the boxes mean; `counted_as` says what a bar below a token does, nothing where there is none."""
    bars = [("s", counted_as)] if counted_as else []
    keys = (*bars, ("c", "control token"), ("", "read only" if counted_as else "any other token"))
    shown = [tag("li", tag("i", "abc", class_=kind or None), f" {said}") for kind, said in keys]
    signs = tag("li", "· space, ⏎ line break, ⇥ tab, ⟨F0 9F⟩ bytes of a part of a character")
    return tag("ul", *shown, signs, class_="keys token-keys")
