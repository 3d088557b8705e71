"""Diverse data and many wordings of an instruction (DELIA, Zeng et al. 2024), from Python.

    from unseen import diversify

    backend = diversify.chat_backend("hf", "smollm2-135m-instruct")
    made = diversify.questions(diversify.Wanted(500), backend, Path("diverse"))
    wordings = diversify.instructions(diversify.form_of("Judge it. Answer in the <sep> format.", ["<sep>"]))

The names are those in `__all__`; they are loaded when they are first used. What they do is said in
docs/diverse_data.md and docs/wordings.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unseen.ask.chat import Drawing as Drawing
    from unseen.ask.chat_backends import Place as Place
    from unseen.ask.chat_backends import chat_backend as chat_backend
    from unseen.diversify.answering import Answering as Answering
    from unseen.diversify.derive import form_of as form_of
    from unseen.diversify.diversify import Wanted as Wanted
    from unseen.diversify.diversify import diversify_questions as questions
    from unseen.diversify.form import read_form as read_form
    from unseen.diversify.given import read_given as read_given
    from unseen.diversify.grammar_wordings import grammar_wordings as instructions
    from unseen.diversify.keeping import Keeping as Keeping
    from unseen.diversify.model_wordings import model_wordings as written_instructions
    from unseen.diversify.model_wordings import plain_rules as plain_rules
    from unseen.diversify.overlap import TaskTexts as TaskTexts
    from unseen.diversify.reworded import templates_of as templates_of
    from unseen.diversify.wording_file import read_wordings as read_wordings
    from unseen.diversify.wording_file import write_wordings as write_wordings
    from unseen.diversify.writing import FromFile as FromFile
    from unseen.diversify.writing import FromNothing as FromNothing
    from unseen.diversify.writing import FromSeeds as FromSeeds

_HOMES = {
    "questions": ("unseen.diversify.diversify", "diversify_questions"),
    "instructions": ("unseen.diversify.grammar_wordings", "grammar_wordings"),
    "written_instructions": ("unseen.diversify.model_wordings", "model_wordings"),
    "Answering": ("unseen.diversify.answering", "Answering"),
    "Drawing": ("unseen.ask.chat", "Drawing"),
    "FromFile": ("unseen.diversify.writing", "FromFile"),
    "FromNothing": ("unseen.diversify.writing", "FromNothing"),
    "FromSeeds": ("unseen.diversify.writing", "FromSeeds"),
    "Keeping": ("unseen.diversify.keeping", "Keeping"),
    "Place": ("unseen.ask.chat_backends", "Place"),
    "TaskTexts": ("unseen.diversify.overlap", "TaskTexts"),
    "Wanted": ("unseen.diversify.diversify", "Wanted"),
    "chat_backend": ("unseen.ask.chat_backends", "chat_backend"),
    "form_of": ("unseen.diversify.derive", "form_of"),
    "plain_rules": ("unseen.diversify.model_wordings", "plain_rules"),
    "read_form": ("unseen.diversify.form", "read_form"),
    "read_given": ("unseen.diversify.given", "read_given"),
    "read_wordings": ("unseen.diversify.wording_file", "read_wordings"),
    "templates_of": ("unseen.diversify.reworded", "templates_of"),
    "write_wordings": ("unseen.diversify.wording_file", "write_wordings"),
}
__all__ = [
    "Answering",
    "Drawing",
    "FromFile",
    "FromNothing",
    "FromSeeds",
    "Keeping",
    "Place",
    "TaskTexts",
    "Wanted",
    "chat_backend",
    "form_of",
    "instructions",
    "plain_rules",
    "questions",
    "read_form",
    "read_given",
    "read_wordings",
    "templates_of",
    "write_wordings",
    "written_instructions",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'unseen.diversify' has no attribute '{name}'")
    home, called = _HOMES[name]
    return getattr(import_module(home), called)


def __dir__() -> list[str]:
    return sorted(__all__)
