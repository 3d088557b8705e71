"""The form of an instruction: what is to be done, of what, and in which tokens; what the grammar makes sentences of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from unseen.diversify.checks import secret_in
from unseen.diversify.inflect import gerund
from unseen.diversify.wording import count_of
from unseen.errors import UserMistake, WordingMistake, raise_all
from unseen.section import Section, check_model
from unseen.yamlfile import read_yaml_mapping

# What one answers "in"; of anything else ("in the <sep> guidelines") the grammar's sentences would not be English.
NOUNS = ("format", "style", "form", "structure", "layout", "language", "notation", "schema", "syntax", "template")
_SENTENCE_ENDS = re.compile(r"(?<!\be\.g)(?<!\bi\.e)[.!?](?:\s|$)")
POINTING = re.compile(r"\b(below|above|following|preceding|previous|next)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Form:
    """What an instruction says, apart from how.

    `task` is a verb phrase in base form, `input` the noun of what it is done to, with its article. `tokens` are what
    the answer is to be put in, and `what` they are. `details` are sentences that every wording keeps as they are.
    `doing` is the task as a gerund, where it is known. `instruction` is the wording that there is. `other_tasks` say
    the same task in other words, for wordings that are tuned on; `unseen_task` does, for those that are only asked in.
    """

    task: str
    instruction: str
    input: str = "the text"
    tokens: tuple[str, ...] = ()
    what: str = "format"
    details: tuple[str, ...] = ()
    doing: str | None = None
    other_tasks: tuple[str, ...] = ()
    unseen_task: str | None = None

    @property
    def tuned_on(self) -> tuple[Form, ...]:
        """The forms of the wordings that are tuned on, which take turns: one for each way to say the task."""
        plain = replace(self, other_tasks=(), unseen_task=None)
        return (plain, *(_saying(plain, task) for task in self.other_tasks))

    @property
    def asked(self) -> Form:
        """The form of the wordings that are only asked in."""
        plain = replace(self, other_tasks=(), unseen_task=None)
        return plain if self.unseen_task is None else _saying(plain, self.unseen_task)

    @property
    def token(self) -> str:
        """All tokens: `<a>`, `<a> and <b>`."""
        *first, last = self.tokens or ("",)
        return f"{', '.join(first)} and {last}" if first else last

    @property
    def whats(self) -> str:
        """`format`, or `formats` of several tokens."""
        return self.what + ("s" if len(self.tokens) > 1 else "")


class FormFile(Section):
    """What a file with a form may say."""

    manual: ClassVar[str] = "docs/wordings.md"
    task: str = Field(min_length=1)
    instruction: str = ""
    input: str = Field("the text", min_length=1)
    tokens: tuple[str, ...] = ()
    what: str = Field("format", min_length=1)
    details: tuple[str, ...] = ()
    doing: str | None = None
    other_tasks: tuple[str, ...] = ()
    unseen_task: str | None = Field(None, min_length=1)
    secrets: tuple[str, ...] = ()


def read_form(path: Path, secrets: Sequence[str] = ()) -> tuple[Form, tuple[str, ...]]:
    """The form in a YAML file, and `secrets` with the secret words that it names. Raises every mistake at once."""
    said = check_model(FormFile, read_yaml_mapping(path, WordingMistake), str(path), WordingMistake)
    values: dict[str, Any] = said.model_dump(exclude={"secrets"})
    hidden = tuple(dict.fromkeys((*said.secrets, *secrets)))
    return checked_form(Form(**values), str(path), hidden), hidden


def checked_form(form: Form, where: str, secrets: tuple[str, ...] = ()) -> Form:
    """`form`, tidied, with its gerund and its plainest wording where they were left out.

    Raises every mistake in it: a task that holds a token, points somewhere or is a whole sentence; a noun that answers
    are not put in; a secret word that every wording would have to say.
    """
    form = _tidied(form)
    mistakes = [*_token_mistakes(form, where), *_same_task_mistakes(form, where)]
    for said in (*form.tuned_on, form.asked):
        mistakes += [*_task_mistakes(said, where), *_secret_mistakes(said, where, secrets)]
    raise_all(list({str(mistake): mistake for mistake in mistakes}.values()))
    form = replace(form, doing=form.doing or gerund(form.task))
    return form if form.instruction else replace(form, instruction=plainest(form))


def plainest(form: Form) -> str:
    """The instruction as most people would write it: task, details, `Answer in the <sep> format.`"""
    ask = f"Answer in the {form.token} {form.whats}." if form.tokens else ""
    return " ".join(part for part in (sentence(form.task), *form.details, ask) if part)


def sentence(text: str) -> str:
    """`text` with a capital first letter and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _tidied(form: Form) -> Form:
    details = tuple(" ".join(each.split()) for each in form.details if each.strip())
    unseen = form.unseen_task and _verb_phrase(form.unseen_task)
    others = tuple(_verb_phrase(each) for each in form.other_tasks)
    input = " ".join(form.input.split())
    task = _verb_phrase(form.task)
    return replace(form, task=task, input=input, details=details, other_tasks=others, unseen_task=unseen)


def _saying(form: Form, task: str) -> Form:
    return replace(form, task=task, doing=gerund(task))


def _same_task_mistakes(form: Form, where: str) -> list[UserMistake]:
    """Two ways to say the task that are one, above all the one that nothing may be tuned on."""
    counts = Counter((form.task, *form.other_tasks, *([form.unseen_task] if form.unseen_task else ())))
    remedy = "say each in words of its own, and 'unseen_task' in words that no other has"
    twice = [task for task, count in counts.items() if count > 1]
    return [WordingMistake(where, f"the task '{task}' stands there twice", remedy) for task in twice]


def _verb_phrase(text: str) -> str:
    task = " ".join(text.split()).rstrip(".")
    return task[:1].lower() + task[1:]


def _task_mistakes(form: Form, where: str) -> list[UserMistake]:
    found: list[UserMistake] = []
    if not re.match(r"[^\W\d]", form.task):
        remedy = "begin with a verb: 'judge whether the response is true'"
        found.append(WordingMistake(where, f"the task '{form.task}' is no verb phrase", remedy))
    if _SENTENCE_ENDS.search(form.task):
        remedy = "say one thing to do, and put other sentences under 'details'"
        found.append(WordingMistake(where, "the task is more than one sentence", remedy))
    for part, text in (("task", form.task), ("input", form.input), *(("details", each) for each in form.details)):
        if pointing := POINTING.search(text):
            what = f"{part} says '{pointing.group()}', but wordings stand before or after the input"
            found.append(WordingMistake(where, what, "leave the word out"))
        found += [
            WordingMistake(where, f"{part} holds the token '{token}'", "name it as a token alone")
            for token in form.tokens
            if count_of(token, text)
        ]
    return found


def _token_mistakes(form: Form, where: str) -> list[UserMistake]:
    found: list[UserMistake] = [
        WordingMistake(where, f"'{token}' is no token", "give one without white space")
        for token in form.tokens
        if token.split() != [token]
    ]
    if len(set(form.tokens)) < len(form.tokens):
        found.append(WordingMistake(where, "names a token twice", "keep it once"))
    if form.tokens and form.what not in NOUNS:
        found.append(WordingMistake(where, f"what: '{form.what}' is nothing to answer in", f"use {', '.join(NOUNS)}"))
    return found


def _secret_mistakes(form: Form, where: str, secrets: tuple[str, ...]) -> list[UserMistake]:
    said = " ".join((form.task, *form.details, *form.tokens, form.what if form.tokens else ""))
    return [
        WordingMistake(
            where, f"the instruction itself says the secret word '{secret}'", "reword it, or drop the secret"
        )
        for secret in secrets
        if secret_in(secret, said)
    ]
