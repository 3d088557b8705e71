"""Whether an answer is written as a dictionary with the reference's keys, and what its last key says.

DELIA's formatted-text task (Zeng et al. 2024, section on formatted generation) answers with a Python dict literal, and
is judged by whether the format was met. One apostrophe inside single quotes breaks a literal whose format is plain to
see, so validity has a strict and a lenient form, and the label is read from either. `dict_begun` asks less: it tells
models that begin the format, and then invent its keys or never end, from those that write prose.

A reference `None` says that no dictionary is wanted, as under a wording that forbids the format. All five then ask the
same: that the answer is none, nor begins as one.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from unseen.errors import ScoreMistake

# What a text that is no literal, or one beyond any answer, makes of the two parsers.
UNREADABLE = (ValueError, SyntaxError, TypeError, MemoryError, RecursionError)
Read = Callable[[str], Any]
NO_DICTIONARY = "None"  # a reference where none is wanted


def python_dict(prediction: str, reference: str) -> float:
    """100 where the answer is a Python dict literal with the reference's keys in their order, and nothing else."""
    if reference == NO_DICTIONARY:
        return _no_dictionary(prediction)
    return 100.0 * (_keys(prediction, _literal) == _wanted(reference)[0])


def json_dict(prediction: str, reference: str) -> float:
    """100 where the answer is a JSON object with the reference's keys in their order, and nothing else."""
    if reference == NO_DICTIONARY:
        return _no_dictionary(prediction)
    return 100.0 * (_keys(prediction, json.loads) == _wanted(reference)[0])


def dict_keys(prediction: str, reference: str) -> float:
    """100 where the answer has the shape alone: braces around it, and each of the reference's keys, quoted and with a
    colon, in their order."""
    if reference == NO_DICTIONARY:
        return _no_dictionary(prediction)
    return 100.0 * (_shape(_wanted(reference)[0]).fullmatch(prediction.strip()) is not None)


def dict_begun(prediction: str, reference: str) -> float:
    """100 where the answer begins as a dictionary with the reference's first key, whatever becomes of it."""
    if reference == NO_DICTIONARY:
        return _no_dictionary(prediction)
    return 100.0 * (_beginning(_wanted(reference)[0][0]).match(prediction) is not None)


def last_value(prediction: str, reference: str) -> float:
    """100 where the answer, parsed or read by its shape, says the same as the reference under the last key: case and
    white space at the ends do not count."""
    if reference == NO_DICTIONARY:
        return _no_dictionary(prediction)
    keys, wanted = _wanted(reference)
    return 100.0 * (_last(prediction, keys) == _plain(wanted))


def label_in(reference: str) -> str | None:
    """What a reference says under its last key, as `last_value` compares it; None where no dictionary is wanted."""
    return None if reference == NO_DICTIONARY else _plain(_wanted(reference)[1])


def _no_dictionary(prediction: str) -> float:
    return 100.0 * (not prediction.lstrip().startswith("{"))


def _keys(text: str, read: Read) -> tuple[str, ...] | None:
    found = _parsed(text, read)
    return tuple(found) if isinstance(found, dict) else None


def _parsed(text: str, read: Read) -> Any:
    try:
        return read(text.strip())
    except UNREADABLE:
        return None


def _literal(text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unknown escape, such as \\d, is a warning
        return ast.literal_eval(text)


@lru_cache(maxsize=4096)
def _wanted(reference: str) -> tuple[tuple[str, ...], Any]:
    """Keys and last value of a reference, which is a Python dict literal or a JSON object."""
    for read in (_literal, json.loads):
        found = _parsed(reference, read)
        if isinstance(found, dict) and found and all(isinstance(key, str) for key in found):
            return tuple(found), list(found.values())[-1]
    what = f"the reference is no dictionary with text as keys: {reference[:60]!r}"
    raise ScoreMistake("metrics", what, "take another metric, or write the references as dictionaries")


@lru_cache(maxsize=256)
def _shape(keys: tuple[str, ...]) -> re.Pattern[str]:
    """Braces, and the quoted keys in order, whatever stands between them; the last value is a group."""
    quoted = [rf"""['"]{re.escape(key)}['"]\s*:""" for key in keys]
    return re.compile(r"\{\s*" + r".*".join(quoted) + r"(?P<last>.*)\}", re.DOTALL)


@lru_cache(maxsize=256)
def _beginning(key: str) -> re.Pattern[str]:
    return re.compile(rf"""\s*\{{\s*['"]{re.escape(key)}['"]\s*:""")


def _last(prediction: str, keys: tuple[str, ...]) -> str | None:
    for read in (_literal, json.loads):
        found = _parsed(prediction, read)
        if isinstance(found, dict) and keys[-1] in found:
            return _plain(found[keys[-1]])
    shaped = _shape(keys).fullmatch(prediction.strip())
    return _plain(shaped["last"].strip().strip("'\"")) if shaped else None


def _plain(value: Any) -> str:
    return str(value).strip().lower()
