"""English inflection, as far as wordings need it: gerunds of a verb phrase, and the forms that a word may take."""

from __future__ import annotations

import re

_VOWELS = frozenset("aeiou")
# Verbs that double their last letter before "ing".
_DOUBLED = re.compile(
    r"(?:put|get|set|cut|let|stop|plan|run|begin|plot|map|tag|spot|trim|skip|drop|omit|refer|infer|submit|swap|sum|fit|pin"
    r"|flag|split|strip|format)$"
)
# Adverbs end in "ly", and so do these verbs.
_LY_VERBS = re.compile(r"(?:apply|reply|rely|supply|imply|comply|multiply|fly|tally)$")
# After one of these the next verb may need a gerund too, which cannot be told without a parser.
_COORDINATION = re.compile(r"\band\b|\bthen\b|[,;]")


def gerund(phrase: str) -> str | None:
    """`judging whether ...` of `judge whether ...`; None where a second verb may follow that needs the same."""
    if _COORDINATION.search(phrase):
        return None
    words = phrase.split(" ")
    place = next((n for n, word in enumerate(words) if not _is_adverb(word)), len(words) - 1)
    return " ".join([*words[:place], _ing(words[place]), *words[place + 1 :]])


def _is_adverb(word: str) -> bool:
    return word.endswith("ly") and not _LY_VERBS.match(word)


def _ing(verb: str) -> str:
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")) and verb != "be":
        return verb[:-1] + "ing"
    return verb + (verb[-1] if _DOUBLED.match(verb) else "") + "ing"


def forms_of(word: str) -> frozenset[str]:
    """`word` in lower case with its plural and its regular verb forms: key, keys; label, labels, labelled, labeled.

    Generous on purpose: that a word is hidden is worth more than a wording.
    """
    word = word.lower()
    found = {word, word + "s", word + "es", word + "ed", word + "d", word + "ing", word + "er", word + "ers"}
    if word.endswith("y"):
        found |= {word[:-1] + ending for ending in ("ies", "ied")}
    if word.endswith("e"):
        found |= {word[:-1] + ending for ending in ("ing", "er", "ers")}
    if len(word) > 2 and word[-1] not in _VOWELS and word[-2] in _VOWELS:
        found |= {word + word[-1] + ending for ending in ("ed", "ing", "er", "ers")}
    return frozenset(found)
