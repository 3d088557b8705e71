"""FLAN's list of options behind a prompt that chooses and lists none of its own: `templates.options: suffix`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from unseen.prompt.choices import lists_all
from unseen.prompt.example import Example, Segment, Span

HEAD, BULLET = "OPTIONS:", "\n- "


def with_options(example: Example, listed: bool | None = None) -> Example:
    """`example` with a blank line, "OPTIONS:" and a line "- choice" for each choice behind its last question.

    Unchanged where it does not choose, or lists its choices already: by what its template says (`listed`), else by
    `lists_choices`. FLAN's preprocessors.format_options writes the same list.
    """
    places = [place for place, segment in enumerate(example.segments) if segment.role == "user"]
    if not example.choices or not places:
        return example
    asked = example.segments[places[-1]]
    if lists_choices(asked, example.choices) if listed is None else listed:
        return example
    start = len(asked.text) + 2 + len(HEAD)
    text = f"{asked.text}\n\n{HEAD}{''.join(BULLET + choice for choice in example.choices)}"
    longer = replace(asked, text=text, spans=(*asked.spans, Span(start + len(BULLET), len(text), (), "choices")))
    segments = (*example.segments[: places[-1]], longer, *example.segments[places[-1] + 1 :])
    return replace(example, segments=segments)


def lists_choices(asked: Segment, choices: Sequence[str]) -> bool:
    """Whether a prompt names every choice: in the template's own words, or where it writes choices.

    A choice that only stands in a column's text is not listed: both names of a Winogrande sentence are in the sentence.
    """
    told = [""]
    end = 0
    for span in sorted(asked.spans):
        told[-1] += asked.text[end : span.start]
        shown = asked.text[span.start : span.end]
        if span.says == "column" and shown.strip() not in choices and not lists_all(shown, choices):
            told.append("")  # the words before and after a column's text are apart
        else:
            told[-1] += shown
        end = span.end
    told[-1] += asked.text[end:]
    return all(any(_names(text, choice) for text in told) for choice in choices)


def _names(text: str, choice: str) -> bool:
    """`choice` as whole words, however it is written: "Yes or no?" names "yes"."""
    return bool(re.search(rf"(?<!\w){re.escape(choice)}(?!\w)", text, re.IGNORECASE))
