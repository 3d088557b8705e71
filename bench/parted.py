"""Where the prompt of a choice ends and its options begin, for both sides alike. Nothing of ours is imported here."""

from __future__ import annotations

from typing import Any


def parted(row: dict[str, Any]) -> tuple[str, list[str]]:
    """The prompt without the white space at its end, and the options with that before them; with a space where the
    prompt ends in none.

    lm-evaluation-harness moves it so (`TemplateLM._encode_pair`), and scores it as part of the option: before a digit
    a space is a token of its own, and so is a newline before a word.
    """
    prompt = row["prompt"].rstrip()
    between = row["prompt"][len(prompt) :] or " "
    return prompt, [between + option for option in row["options"]]
