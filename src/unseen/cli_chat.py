"""`unseen chat`: talk to a model in the terminal, or to two side by side."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from unseen.errors import DataMistake, ModelMistake, UserMistake

if TYPE_CHECKING:
    from unseen.ask.chat import Message
    from unseen.ask.talker import Manner, Talker

UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # what would steer the terminal
FORMATS = ("auto", "chat", "plain")
HELP = "unseen: a line is a turn; /clear forgets the turns before, /exit (or the end of input) leaves"


def chat(
    model: Annotated[str, typer.Argument(help="a model, or the folder of a run")],
    against: Annotated[
        str | None, typer.Option("--against", metavar="MODEL", help="another that answers the same")
    ] = None,
    system: Annotated[str | None, typer.Option("--system", help="a system turn")] = None,
    format: Annotated[str, typer.Option("--format", metavar="auto|chat|plain", help="how turns are laid out")] = "auto",
    temperature: Annotated[float, typer.Option("--temperature", min=0, help="0: always the likeliest word")] = 0.0,
    top_p: Annotated[float, typer.Option("--top-p", help="draw from the likeliest words of this mass")] = 1.0,
    max_new_tokens: Annotated[int, typer.Option("--max-new-tokens", min=1, help="longest answer")] = 256,
    seed: Annotated[int, typer.Option("--seed", min=0, help="of what is drawn")] = 0,
) -> None:
    """Talk to a model; its words come as they are drawn."""
    if format not in FORMATS:
        raise UserMistake("--format", f"there is no format '{format}'", f"write {', '.join(FORMATS)}")
    from unseen.ask.chat import Drawing
    from unseen.ask.talker import Manner, Talker, load_to_talk
    from unseen.progress import phased

    manner = Manner(format, system, Drawing(temperature, top_p, max_new_tokens), seed)  # type: ignore[arg-type]
    talkers = []
    for name in (model, against):
        if name is not None:
            with phased(name) as phases:
                talkers.append(Talker(load_to_talk(name, phases)))
    if sys.stdin.isatty():
        print(HELP, file=sys.stderr)
    _talk(talkers, manner)


def _talk(talkers: list[Talker], manner: Manner) -> None:
    """Each line to every model, with what it said itself before; a line that one cannot take is told, and all go on."""
    from unseen.ask.chat import Message

    said: list[list[Message]] = [[] for _ in talkers]
    for line in _lines():
        if line == "/clear":
            said = [[] for _ in talkers]
            continue
        for talker, turns in zip(talkers, said, strict=True):
            turns.append(Message("user", line))
            if len(talkers) > 1:
                print(f"── {talker.model.name}")
            try:
                turns.append(Message("assistant", _shown(talker, turns, manner)))
            except (DataMistake, ModelMistake) as mistake:
                turns.pop()
                print(f"unseen: {mistake}", file=sys.stderr)


def _shown(talker: Talker, turns: list[Message], manner: Manner) -> str:
    """The answer, printed as it comes; Ctrl-C breaks it off, and what was said stands."""
    text = ""
    try:
        for piece in talker.reply(turns, manner):
            if not isinstance(piece, str):
                print(" …" if piece.broken_off else "", flush=True)
                if piece.cut:
                    print("unseen: what was said before is too long for the model, and was cut", file=sys.stderr)
                return piece.text
            text += piece
            print(UNPRINTABLE.sub("\ufffd", piece), end="", flush=True)
    except KeyboardInterrupt:
        print(" …", flush=True)
    return text


def _lines() -> Iterator[str]:
    """What is typed, or comes through a pipe, without empty lines, up to /exit or the end."""
    while True:
        try:
            line = (input("> ") if sys.stdin.isatty() else sys.stdin.readline() or "/exit").strip()
        except EOFError:
            return
        if line == "/exit":
            return
        if line:
            yield line
