"""Wordings that are asked in evaluation only: does a model do it without the words, and leave it when told to?"""

from __future__ import annotations

from unseen.diversify.form import Form, sentence
from unseen.diversify.wording import Features, Wording


def special_wordings(form: Form) -> tuple[Wording, ...]:
    """`bare`: the tokens alone. `forbidding`: the task, and that the format is not to be used (the DELIA authors' check
    of a token that is a plug-in). `no_token`: the task alone. None where the form has no tokens."""
    if not form.tokens:
        return ()
    task = " ".join((sentence(form.task), *form.details))
    forbidden = f"{task} Do NOT use the {form.token} {form.whats}."
    return (
        Wording("bare", "", " ".join(form.tokens), "test", Features(mentions=1)),
        Wording("forbidding", "", forbidden, "test", Features(act="command", mentions=1)),
        Wording("no_token", "", task, "test", Features(act="command")),
    )
