"""The form of a plain instruction, where it can be told: an order, politely or as a question, and its token's phrase.

No parser stands behind this: a sentence is taken for an order where its first word is a verb of `catalog/wordings/
verbs.yaml`. What is not understood is a mistake that says so; a form can always be written out (`form.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from pydantic import Field

from unseen.data.places import shipped_catalog
from unseen.diversify.form import NOUNS, Form, checked_form
from unseen.diversify.wording import count_of
from unseen.errors import WordingMistake
from unseen.section import Section, check_model
from unseen.yamlfile import read_yaml_mapping

FILE = "wordings/verbs.yaml"
REMEDY = "say 'task:', 'input:' and 'tokens:' in a file, and give it with --form"

# What stands before an order and leaves it one.
_POLITE = re.compile(
    r"(?:please|kindly|now|first|hello|hi|hey|just|go ahead and"
    r"|(?:could|can|would|will) you(?: please| kindly)?"
    r"|(?:i|we) (?:need|want|would like|ask|expect) you to"
    r"|you (?:must|should|have to|need to|are to|are asked to|are expected to|are required to|will)"
    r"|(?:your|the) (?:task|job|goal|role|assignment) (?:here )?is to"
    r"|(?:task|instruction|question)\s*:|be so kind as to)[,!:]?\s+",
    re.IGNORECASE,
)
_ANSWERS = (
    r"(?:answer|reply|respond|write|output|(?:give|put|format|write)(?: your| the)? (?:answer|response|reply)"
    r"|your answer (?:should|must) be)"
)
_USES = r"(?:in|using|with|following|according to|based on|by using|use|follow|apply|keep to|stick to|adhere to)"
# What may be left of a sentence that says no more than what the answer is put in.
_ANSWERED = re.compile(rf"(?:{_ANSWERS}|your answer|the answer)?\s*(?:\w+ly|only)?", re.IGNORECASE)
# What may follow the token's phrase at the end of a sentence, and words before it that it belongs to.
_NOTHING = re.compile(r"(?:only|please|strictly|throughout|for (?:your|the) answer|[\s,)])*", re.IGNORECASE)
_REFERS = re.compile(
    r"\b(?:as|outlined|specified|described|out|given|defined|set|stated|found|noted|shown|required|criteria|guidelines?"
    r"|rules?|requirements?|format|expectations?)$",
    re.IGNORECASE,
)
_POLITE_END = re.compile(r",?\s+(?:please|thanks|thank you|for me)$", re.IGNORECASE)
_END = re.compile(r"(?<=[.!?])\s+(?=\S)|\n+")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|Mr|Mrs|Dr|cf)\.$")
# "the following record", "the record below": where the input is; wordings say it themselves.
_NOUN_FOLLOWING = re.compile(r"\bthe (?:following|preceding|previous) (\w+)", re.IGNORECASE)
_NOUN_BELOW = re.compile(r"\b(the (?:\w+ )?\w+?)(?: given| shown| provided)? (?:below|above)\b", re.IGNORECASE)


class VerbsFile(Section):
    """What the file of verbs may say."""

    verbs: tuple[str, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class _Stripped:
    """A sentence without its politeness and its token's phrase; `what` the tokens are called, where it says so."""

    text: str
    what: str | None


def form_of(
    instruction: str, tokens: Sequence[str] = (), input: str | None = None, secrets: Sequence[str] = ()
) -> Form:
    """The form of `instruction`, whose first sentence without a token's phrase is the task; further ones are details.

    Raises `WordingMistake` where that sentence is no order, or where a token stands elsewhere than in "answer in the
    <sep> format" and the like.
    """
    missing = [token for token in tokens if not count_of(token, instruction)]
    if missing:
        raise WordingMistake("--instruction", f"does not hold the token '{missing[0]}'", "add it, or leave --token out")
    stripped = [_strip(sentence, tokens) for sentence in sentences(instruction)]
    kept = [each.text for each in stripped if each.text]
    if not kept:
        raise WordingMistake("--instruction", "says nothing to do", REMEDY)
    task, noun = _unpointed(kept[0].rstrip(".?!"))
    _check_verb(task)
    what = next((each.what for each in stripped if each.what), "format")
    form = Form(task, " ".join(instruction.split()), input or noun or "the text", tuple(tokens), what, tuple(kept[1:]))
    return checked_form(form, "--instruction", tuple(secrets))


def sentences(text: str) -> list[str]:
    """The sentences of `text`, with their full stops."""
    found: list[str] = []
    for piece in _END.split(text.strip()):
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] += f" {piece}"
        elif piece.strip():
            found.append(" ".join(piece.split()))
    return found


def _strip(sentence: str, tokens: Sequence[str]) -> _Stripped:
    """Only sentences about the task lose their politeness; details stay as they are written."""
    text, end = sentence.rstrip(".?!"), sentence[len(sentence.rstrip(".?!")) :]
    what = None
    if any(count_of(token, text) for token in tokens):
        text, what = _without_phrase(text, tokens)
        if any(count_of(token, text) for token in tokens):
            what_ = f"names its token in '{text}', which is not understood"
            raise WordingMistake("--instruction", what_, REMEDY)
    bare = _POLITE_END.sub("", text)
    while polite := _POLITE.match(bare):
        bare = bare[polite.end() :]
    if _ANSWERED.fullmatch(bare.strip()):
        return _Stripped("", what)
    if _is_order(bare):
        return _Stripped(bare[:1].upper() + bare[1:] + (end or "."), what)
    return _Stripped(text + (end or "."), what)


def _without_phrase(text: str, tokens: Sequence[str]) -> tuple[str, str | None]:
    """`text` without "(answer) in the <sep> format" and its like at its start or end, and the noun of it.

    Elsewhere it is left alone: "using the guidelines in <sep> to check the claim" says more than how to answer.
    """
    token = rf"""["'`*]*(?:{"|".join(map(re.escape, tokens))})["'`*]*"""
    named = rf"(?:the\s+)?{token}(?:(?:,| and|, and)\s+{token})*(?:\s+(?P<what>(?:{'|'.join(NOUNS)})s?)\b)?"
    lead_in = r"(?:,?\s*\band\b|,|\()?\s*(?:please\s+)?"
    phrase = re.compile(rf"{lead_in}(?:{_ANSWERS}\s+)?(?:only\s+)?\b{_USES}\s+{named}\)?,?", re.IGNORECASE)
    for found in phrase.finditer(text):
        before, after = text[: found.start()].strip(), text[found.end() :].strip()
        if not before or _POLITE.fullmatch(f"{before} "):
            return re.sub(r"^(?:to|and)\s+(?=\w)", "", after), _noun(found)
        if _NOTHING.fullmatch(after) and not _REFERS.search(before):
            return before, _noun(found)
    return text, None


def _noun(found: re.Match[str]) -> str | None:
    noun = found.group("what")
    return noun.rstrip("s").lower() if noun else None


def _unpointed(task: str) -> tuple[str, str | None]:
    """The task without "below", "above" and "following", and the noun that they told of."""
    noun = None
    if found := _NOUN_FOLLOWING.search(task):
        noun = f"the {found.group(1).lower()}"
        task = task[: found.start()] + noun + task[found.end() :]
    elif found := _NOUN_BELOW.search(task):
        noun = found.group(1).lower()
        task = task[: found.start()] + noun + task[found.end() :]
    return task, noun


def _is_order(text: str) -> bool:
    words = text.split()
    first = next((word for word in words if not word.lower().endswith("ly")), "")
    return first.lower().strip(",;:") in verbs()


def _check_verb(task: str) -> None:
    if not _is_order(task):
        first = (task.split() or [""])[0]
        raise WordingMistake("--instruction", f"'{first}' is no verb that begins an order", REMEDY)


@cache
def verbs() -> frozenset[str]:
    """The verbs in base form that are known to begin an order."""
    path = shipped_catalog() / FILE
    return frozenset(check_model(VerbsFile, read_yaml_mapping(path, WordingMistake), str(path), WordingMistake).verbs)
