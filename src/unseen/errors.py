"""The exceptions of `unseen`.

UnseenError
├── UserMistake            the command line answers with one line a mistake and exit code 2
│   ├── RecipeMistake      a recipe file or a `--set` that cannot be
│   ├── DataMistake        a dataset description or its rows
│   │   └── TooLong        a row that no cut allowed makes short enough
│   ├── TemplateMistake    a template, or a template that does not fit its rows
│   ├── WordingMistake     an instruction, its form, or a file of wordings
│   ├── TaskMistake        a glob without a match, an unknown task
│   ├── HoldOutMistake     the seen and the unseen side overlap
│   ├── ModelMistake       a model folder, alias or hub id
│   ├── ScoreMistake       predictions or a metric that cannot be judged
│   ├── MissingExtra       an optional dependency that is not installed
│   └── Mistakes           several of the above, told together
└── JobFailed              the command line answers with exit code 1
    ├── NonFiniteLoss      names the step, the examples and the last good checkpoint
    ├── ProcessLost        one of several processes ended before the others
    ├── DiskFull           a model, a checkpoint or a run finds no room
    ├── DownloadFailed     the network or a registry did not answer
    └── UploadFailed       the hub did not take what it was sent
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any


class UnseenError(Exception):
    """Root of everything that `unseen` raises on purpose. It can be sent to another process, whatever it is made of."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _made_again, (type(self), self.args, dict(vars(self)))


def _made_again(kind: type[UnseenError], args: tuple[Any, ...], values: dict[str, Any]) -> UnseenError:
    error = kind.__new__(kind)
    error.args = args
    vars(error).update(values)
    return error


class UserMistake(UnseenError):
    """Something that the user can put right: where it is, what is wrong, and what to do about it.

    `lines` holds one line of text a mistake, never a line break inside one.
    """

    def __init__(self, where: str, what: str, remedy: str = "") -> None:
        self.where, self.what, self.remedy = where, what, remedy
        place = where if len(where) <= 600 else f"{where[:200]} … {where[-200:]}"
        text = f"{place}: {what}" if where else what
        super().__init__(one_line(f"{text.removesuffix('.')}; {remedy}" if remedy else text))

    @property
    def lines(self) -> tuple[str, ...]:
        return (str(self),)


class RecipeMistake(UserMistake):
    """A recipe file or a `--set` that cannot be."""


class DataMistake(UserMistake):
    """A dataset description, or rows that do not fit it."""


class TooLong(DataMistake):
    """A row whose instruction and answer alone are longer than the limit; runs leave it out and count it."""


class TemplateMistake(UserMistake):
    """A template that does not compile, or that does not fit its rows."""


class WordingMistake(UserMistake):
    """An instruction that cannot be reworded, or a file of wordings that does not pass."""


class TaskMistake(UserMistake):
    """A glob without a match, or a task that nobody knows."""


class HoldOutMistake(UserMistake):
    """The seen and the unseen side are not apart."""


class ModelMistake(UserMistake):
    """A model that is not there, is damaged, or cannot do what is asked."""


class ScoreMistake(UserMistake):
    """Predictions or a metric that cannot be judged."""


class MissingExtra(UserMistake):
    """An optional dependency that is not installed."""

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__("", f"{purpose} needs the extra '{extra}'", f"pip install 'unseen[{extra}]'")


class Mistakes(UserMistake):
    """Several mistakes of one input, told together."""

    def __init__(self, mistakes: Iterable[UserMistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("", f"{len(self.mistakes)} mistakes: " + " | ".join(map(str, self.mistakes)))

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(line for mistake in self.mistakes for line in mistake.lines)


class JobFailed(UnseenError):
    """Work that was well asked for and went wrong."""


class NonFiniteLoss(JobFailed):
    """The loss of a step is not a number; the message names the step, the examples and the last good checkpoint."""


class ProcessLost(JobFailed):
    """One of the processes of a run ended before the others; what it said itself, if anything, says why."""


class DiskFull(JobFailed):
    """There is no room for what is written; the message says how much is free and how to go on."""


class DownloadFailed(JobFailed):
    """The network, or a registry, did not give what it should."""


class UploadFailed(JobFailed):
    """The hub did not take what it was sent, or the connection broke; pushing again goes on."""


def raise_all(mistakes: Sequence[UserMistake]) -> None:
    """Raise nothing, the one mistake, or all of them together."""
    if len(mistakes) == 1:
        raise mistakes[0]
    if mistakes:
        raise Mistakes(mistakes)


def nearest(name: str, known: Iterable[str], kind: str = "known") -> str:
    """A remedy for an unknown name: the closest known ones, or all of them when none is close."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(f"'{each}'" for each in close) + "?"
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return f"{kind}: {shown or 'none'}"


def one_line(text: str) -> str:
    """`text` without line breaks or control characters, so that a message stays one line whatever a file held."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
