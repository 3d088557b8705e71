"""What can be wrong with a text by itself: too short or long, broken off, a refusal, a loop, a language, a mention."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from unseen.ask.chat import Said
from unseen.diversify.drops import Fault
from unseen.diversify.languages import languages_of
from unseen.task.words import normalised, words_of

Check = Callable[[Said], Fault | None]

BEGINNING = 240  # characters in which a refusal is looked for: later on the words stand in a real answer
_REFUSALS = re.compile(
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model|(?:virtual|digital) assistant|chatbot)\b"
    r"|\bi(?:'m| am) (?:just |only )?an? (?:ai|artificial intelligence|(?:large )?language model|chatbot)\b"
    r"|\bi(?:'m| am) (?:very |so |really )?sorry,? (?:but )?(?:i|as)\b"
    r"|\bsorry,? (?:but )?i (?:can|could|do|am|will)"
    r"|\bi (?:apologi[sz]e|regret)\b.{0,40}\b(?:cannot|can't|unable|not able)\b"
    r"|\bi (?:don't|do not) have (?:the |any )?(?:ability|capability|capabilities|access)\b"
    r"|\bi(?:'m| am) (?:unable|not able|not allowed|not programmed) to\b"
    r"|^i (?:can(?:not|'t| not)|won't|will not|must decline)\b"
    r"|\bi (?:cannot|can't) (?:assist|help|fulfil|fulfill|comply|provide|answer|create|generate)\b",
    re.DOTALL,
)
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'"})
_SAME_CHARACTER = re.compile(r"(\S)\1{19,}")

WINDOW, LEAST_WORDS, DISTINCT = 4, 24, 0.5
SAME_LINES = 4
ALIKE = 90  # per cent of letters


@dataclass(frozen=True, slots=True)
class Limits:
    """Words that a text must have, and may have at most."""

    least: int
    most: int


def faults(said: Said, checks: Sequence[Check]) -> Iterator[Fault]:
    """What `checks` find, in their order."""
    return (fault for check in checks if (fault := check(said)) is not None)


def broken_off(said: Said) -> Fault | None:
    return None if said.ended else Fault("broken off at max_new_tokens")


def length(limits: Limits) -> Check:
    """Words, or characters in scripts without spaces, within `limits`."""

    def check(said: Said) -> Fault | None:
        count = len(words_of(said.text))
        if count < limits.least:
            return Fault("too short" if said.text.strip() else "empty")
        return Fault("too long") if count > limits.most else None

    return check


def refusal(said: Said) -> Fault | None:
    """English phrases with which assistants decline, near the beginning."""
    beginning = said.text.strip()[:BEGINNING].lower().translate(_APOSTROPHES)
    return Fault("refusal") if _REFUSALS.search(beginning) else None


def loop(said: Said) -> Fault | None:
    """Whether the text goes round: under half of its 4-grams of words (from 24 words on) are distinct, a line stands
    there four times, or a character twenty times on end."""
    words = words_of(said.text)
    grams = [tuple(words[start : start + WINDOW]) for start in range(len(words) - WINDOW + 1)]
    lines = [line.strip() for line in said.text.splitlines() if len(line.split()) >= WINDOW]
    goes_round = (
        (len(words) >= LEAST_WORDS and len(set(grams)) < DISTINCT * len(grams))
        or any(lines.count(line) >= SAME_LINES for line in set(lines))
        or _SAME_CHARACTER.search(said.text) is not None
    )
    return Fault("repetition loop") if goes_round else None


def language(code: str) -> Check:
    """Whether the text is in another language than `code`, as far as that can be told: see languages.py."""

    def check(said: Said) -> Fault | None:
        likely = languages_of(said.text)
        return Fault("wrong language", ", ".join(likely)) if likely and code not in likely else None

    return check


def echo(question: str, answer: str) -> Fault | None:
    """Whether the answer, of five words or more, is the question again or a part of it."""
    asked, said = normalised(question), normalised(answer)
    found = said.count(" ") >= 4 and (f" {said} " in f" {asked} " or fuzz.ratio(asked, said) >= ALIKE)
    return Fault("repeats the question", question) if found else None


def mention(tokens: Sequence[str]) -> Check:
    """Whether the text mentions one of `tokens`, letter by letter."""

    def check(said: Said) -> Fault | None:
        found = next((token for token in tokens if token in said.text), None)
        return None if found is None else Fault("mentions a token", found)

    return check
