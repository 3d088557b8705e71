"""Encodings by name, or by what a recipe says of them.

A name is one of `NAMED`, or parts joined by `+` (`definition+positive2+explanations`; without a number: all),
less what is taken away (`natural_instructions-avoid-negative`); `natural_instructions:definition+prompt` writes parts
in the other layout. Every encoding has one such name, whichever way it was said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast, get_args

from unseen.errors import RecipeMistake, UserMistake, nearest, raise_all
from unseen.prompt.instruction import ALL, Encoding, LayoutName, PartName

PARTS: tuple[PartName, ...] = get_args(PartName)
TK_ORDER: tuple[PartName, ...] = ("title", "definition", "prompt", "avoid", "emphasis", "positive", "negative")
GROUPS: Mapping[str, tuple[str, ...]] = {"examples": ("positive", "negative")}
EXPLANATIONS = "explanations"
TK_INSTRUCT = Encoding("tk_instruct", "tk_instruct", ("definition", "positive"), positive=2)
NATURAL_INSTRUCTIONS = Encoding(
    "natural_instructions",
    "natural_instructions",
    ("definition", "prompt", "avoid", "emphasis", "negative", "positive"),
    explanations=True,
)
NAMED: Mapping[str, Encoding] = {
    "tk_instruct": TK_INSTRUCT,
    "natural_instructions": NATURAL_INSTRUCTIONS,
    "input": Encoding("input", "tk_instruct", ()),  # no instruction at all: the papers' baseline
    "task_name": Encoding("task_name", "tk_instruct", ("title",)),  # Tk-Instruct's `add_task_name`
}
_COUNTED = re.compile(r"(positive|negative)(\d*)")


def encodings_of(said: Iterable[str | Mapping[str, Any]], where: str) -> tuple[Encoding, ...]:
    """The encodings of a recipe's list, each a name or a mapping. Raises all their `RecipeMistake`s together."""
    found: dict[str, Encoding] = {}
    mistakes: list[UserMistake] = []
    for each in said:
        try:
            encoding = encoding_named(each, where) if isinstance(each, str) else encoding_of(each, where)
        except RecipeMistake as mistake:
            mistakes.append(mistake)
            continue
        if encoding.name in found:
            mistakes.append(RecipeMistake(where, f"names the encoding '{encoding.name}' twice", "take one out"))
        found[encoding.name] = encoding
    raise_all(mistakes)
    return tuple(found.values())


def encoding_named(name: str, where: str) -> Encoding:
    """The encoding that a name means. Raises `RecipeMistake` with the nearest names."""
    kept, *removed = name.split("-")
    layout, _, parts = kept.rpartition(":")
    if layout and layout not in get_args(LayoutName):
        raise RecipeMistake(where, f"no layout '{layout}'", nearest(layout, get_args(LayoutName), "layouts"))
    encoding = NAMED.get(kept) or _joined(cast(LayoutName, layout or "tk_instruct"), parts.split("+"), name, where)
    return without(encoding, removed, where)


def encoding_of(said: Mapping[str, Any], where: str) -> Encoding:
    """The encoding that a mapping says; what it leaves out is as in the encoding that its layout is named after."""
    layout: LayoutName = said.get("layout") or "tk_instruct"
    given = {key: said[key] for key in ("positive", "negative", EXPLANATIONS) if said.get(key) is not None}
    if said.get("parts") is not None:
        given["parts"] = _without_doubles(said["parts"], where)
    return without(_named(replace(NAMED[layout], **given)), said.get("without", ()), where)


def without(encoding: Encoding, removed: Sequence[str], where: str) -> Encoding:
    """`encoding` less some parts, groups of parts (`examples`) or `explanations`.

    Raises `RecipeMistake` for what it does not have: an arm of a study that changes nothing would compare a run with
    itself.
    """
    there = (*encoding.parts, *((EXPLANATIONS,) if encoding.explanations else ()))
    gone = {part for name in removed for part in GROUPS.get(name, (name,))}
    for name in removed:
        if not set(GROUPS.get(name, (name,))) & set(there):
            remedy = nearest(name, (*there, *GROUPS), "it has")
            raise RecipeMistake(where, f"'{name}' is no part of the encoding '{encoding.name}'", remedy)
    parts = tuple(part for part in encoding.parts if part not in gone)
    return _named(replace(encoding, parts=parts, explanations=encoding.explanations and EXPLANATIONS not in gone))


def _named(encoding: Encoding) -> Encoding:
    """`encoding` under its one name, and with one value for whatever changes nothing in it."""
    none = [kind for kind in ("positive", "negative") if getattr(encoding, kind) == 0]
    parts = tuple(part for part in encoding.parts if part not in none)
    shows_examples = "positive" in parts or "negative" in parts
    normal = replace(
        encoding,
        parts=tuple(sorted(parts, key=TK_ORDER.index)) if encoding.layout == "tk_instruct" else parts,
        positive=min(encoding.positive, ALL) if "positive" in parts else ALL,
        negative=min(encoding.negative, ALL) if "negative" in parts else ALL,
        explanations=encoding.explanations and shows_examples,
    )
    known = [name for name, each in NAMED.items() if replace(normal, name=name) == each]
    return replace(normal, name=known[0] if known else min(_names(normal), key=len))


def _names(encoding: Encoding) -> Iterator[str]:
    """What `encoding_named` reads as this encoding: its parts, and what the full layout of v1 is without."""
    words = [_counted(part, encoding) for part in encoding.parts]
    joined = "+".join([*words, EXPLANATIONS] if encoding.explanations else words) or "input"
    yield joined if encoding.layout == "tk_instruct" else f"{encoding.layout}:{joined}"
    full = NATURAL_INSTRUCTIONS
    removed: list[str] = [part for part in full.parts if part not in encoding.parts]
    left = tuple(part for part in full.parts if part in encoding.parts)
    if encoding.layout == full.layout and encoding.parts == left and words == list(left):
        silent = not encoding.explanations and {"positive", "negative"} & set(left)
        yield "-".join([full.name, *removed, *((EXPLANATIONS,) if silent else ())])


def _counted(part: PartName, encoding: Encoding) -> str:
    count = {"positive": encoding.positive, "negative": encoding.negative}.get(part, ALL)
    return part if count >= ALL else f"{part}{count}"


def _joined(layout: LayoutName, words: Sequence[str], name: str, where: str) -> Encoding:
    """The encoding of parts joined by `+`."""
    parts: list[str] = []
    counts = {"positive": ALL, "negative": ALL}
    for word in words:
        counted = _COUNTED.fullmatch(word)
        if counted and counted[2]:
            counts[counted[1]] = int(counted[2])
        parts.append(counted[1] if counted else word)
    explained = EXPLANATIONS in parts
    known = [part for part in parts if part not in (EXPLANATIONS, "input")]
    unknown = [part for part in known if part not in PARTS]
    if unknown:
        remedy = nearest(unknown[0], (*NAMED, *PARTS, EXPLANATIONS), "encodings and parts")
        raise RecipeMistake(where, f"'{unknown[0]}' in the encoding '{name}' is no part of an instruction", remedy)
    return _named(Encoding(name, layout, _without_doubles(known, where), **counts, explanations=explained))


def _without_doubles(parts: Sequence[str], where: str) -> tuple[PartName, ...]:
    doubled = [part for part in parts if parts.count(part) > 1]
    if doubled:
        raise RecipeMistake(where, f"names the part '{doubled[0]}' twice", "take one out")
    return tuple(cast(PartName, part) for part in parts)
