"""Typographic habits: the same sentences, typed as different people type them. Tokens are never changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from unseen.diversify.form import Form

Sentences = Sequence[str]
Habit = Callable[[Sentences], str]


def _inline(sentences: Sentences) -> str:
    return " ".join(sentences)


def _lines(sentences: Sentences) -> str:
    return "\n".join(sentences)


def _paragraphs(sentences: Sentences) -> str:
    return "\n\n".join(sentences)


def _numbered(sentences: Sentences) -> str:
    return "\n".join(f"{number}. {each}" for number, each in enumerate(sentences, 1))


def _bulleted(sentences: Sentences) -> str:
    return "\n".join(f"- {each}" for each in sentences)


def _headed(sentences: Sentences) -> str:
    return "### Instruction\n" + _inline(sentences)


def _bracketed(sentences: Sentences) -> str:
    return f"[{_inline(sentences)}]"


def _colon(sentences: Sentences) -> str:
    return _inline(sentences).removesuffix(".") + ":"


def _unstopped(sentences: Sentences) -> str:
    return _inline(sentences).removesuffix(".")


LAYOUTS: Mapping[str, Habit] = {
    "plain": _inline,
    "lines": _lines,
    "paragraphs": _paragraphs,
    "numbered": _numbered,
    "bulleted": _bulleted,
    "headed": _headed,
    "bracketed": _bracketed,
    "colon": _colon,
    "no full stop": _unstopped,
}
STOPPING = ("colon", "no full stop")  # layouts that change the last full stop
QUOTES: Mapping[str, str] = {"double quotes": '"{}"', "single quotes": "'{}'", "backticks": "`{}`", "bold": "**{}**"}
CASES = ("lower case", "capitals")
# The first letter of a sentence, unless it begins an abbreviation.
_FIRST = re.compile(r"(?:^|(?<=[.!?:;] )|(?<=- )|(?<=\[))[A-Z](?![A-Z])", re.MULTILINE)


def typed(layout: str, sentences: Sentences) -> str:
    """`sentences` in a layout of `LAYOUTS`."""
    return LAYOUTS[layout](sentences)


def layouts_for(sentences: Sentences, imperative: bool, before: bool) -> tuple[str, ...]:
    """The layouts that suit: steps are orders, several of them; a colon ends one sentence before an input."""
    found = ["headed", "bracketed"]
    if len(sentences) > 1:
        found += ["lines", "paragraphs"]
        found += ["numbered", "bulleted"] * 2 if imperative else []
    if sentences[-1].endswith("."):
        found += ["no full stop"]
        found += ["colon"] if before and len(sentences) == 1 and ":" not in sentences[0] else []
    return tuple(found)


def quoted(quotes: str, text: str, tokens: Sequence[str]) -> str:
    """`text` with each token in quotes."""
    return _apart(text, tokens, lambda words: words, QUOTES[quotes].format)


def cased(case: str, text: str, form: Form) -> str:
    """`text` in lower case (the first letters of its sentences and the word I), or in capitals."""
    if case == "capitals":
        return _apart(text, form.tokens, str.upper, str)
    return _apart(text, form.tokens, _small, str)


def cases_for(form: Form) -> tuple[str, ...]:
    """The cases that lose nothing: none beside sentences that are kept, capitals only where there are none yet."""
    if form.details:
        return ()
    own = f"{form.task} {form.input}"
    return CASES if own == own.lower() else CASES[:1]


def _small(words: str) -> str:
    return re.sub(r"\bI\b", "i", _FIRST.sub(lambda letter: letter.group().lower(), words))


def _apart(text: str, tokens: Sequence[str], change: Callable[[str], str], keep: Callable[[str], str]) -> str:
    """`text` changed outside of its tokens."""
    if not tokens:
        return change(text)
    parts = re.split("(" + "|".join(map(re.escape, sorted(tokens, key=len, reverse=True))) + ")", text)
    return "".join(keep(part) if part in tokens else change(part) for part in parts)
