"""How an example is laid out for a model: in the model's chat format, plainly, or as source and target."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from unseen.encode.chat_template import ChatTemplate, Refused, Turn
from unseen.encode.control import CLOSE, OPEN, shared_start
from unseen.encode.tokenizer import Tokenizer
from unseen.errors import ModelMistake

Kind = Literal["chat", "plain", "pair"]


@dataclass(frozen=True, slots=True)
class Format:
    """`system` is put before every example that has no system turn of its own; None leaves the template's default.

    A `pair` is what an encoder-decoder takes: a source, on which the limits of callers are, and a target of at most
    `longest_target` tokens, None for any number.
    """

    kind: Kind
    system: str | None = None
    longest_target: int | None = None


@dataclass(frozen=True, slots=True)
class FormatFacts:
    """What a format writes that no row and no template of ours said; part of the record.

    `injected` is the system prompt that the chat template adds by itself, `date` the date that it prints (so two days
    give two prompts), `system` where a system turn of ours goes, `end` the token that a completion ends with
    (supervised; generation stops there), `begin` the ids that plain text starts with, `finish` those that a source
    ends with.
    """

    kind: Kind
    injected: str | None
    date: str | None
    system: Literal["system turn", "first user turn", "text"]
    end: str | None
    begin: tuple[int, ...]
    finish: tuple[int, ...] = ()


def format_of(wanted: Literal["auto", "chat", "plain"], tokenizer: Tokenizer, system: str | None = None) -> Format:
    """The format that a recipe asks for: `auto` is chat where the model has a chat template, else plain.

    Raises `ModelMistake` for `chat` with a model that has no chat template.
    """
    if wanted == "chat" and tokenizer.chat_template is None:
        raise ModelMistake(str(tokenizer.folder), "has no chat template", "use format: auto or plain")
    chat = wanted != "plain" and tokenizer.chat_template is not None
    return Format("chat" if chat else "plain", system)


def pair_format(
    wanted: Literal["auto", "chat", "plain"],
    tokenizer: Tokenizer,
    system: str | None = None,
    longest_target: int | None = None,
) -> Format:
    """The format that a recipe asks for with an encoder-decoder.

    Raises `ModelMistake` for `chat`: a chat template writes one text, and nothing says where to part it.
    """
    if wanted == "chat":
        what = "is an encoder-decoder, whose prompts are written plainly"
        raise ModelMistake(str(tokenizer.folder), what, "use format: auto or plain")
    return Format("pair", system, longest_target)


def format_facts(tokenizer: Tokenizer, format: Format) -> FormatFacts:
    """What `format` writes by itself around the text of an example."""
    template = tokenizer.chat_template
    if format.kind == "pair":
        return FormatFacts("pair", None, None, "text", tokenizer.end_token, tokenizer.begin, tokenizer.finish)
    if format.kind == "plain" or template is None:
        return FormatFacts("plain", None, None, "text", tokenizer.end_token, tokenizer.begin)
    return FormatFacts(
        kind="chat",
        injected=_injected(template, tokenizer) if format.system is None else None,
        date=_date(template),
        system="system turn" if template.takes_system else "first user turn",
        end=chat_end_token(tokenizer),
        begin=(),
    )


def end_ids(tokenizer: Tokenizer, format: Format) -> tuple[int, ...]:
    """Ids at which generation stops: the end of an assistant's turn, and the model's end token."""
    turn_end = chat_end_token(tokenizer) if format.kind == "chat" else None
    ids = [tokenizer.id_of(token) for token in (turn_end, tokenizer.end_token) if token]
    return tuple(dict.fromkeys(i for i in ids if i is not None))


def chat_end_token(tokenizer: Tokenizer) -> str | None:
    """The control token that closes an assistant's turn in the chat template, else the model's end token."""
    assert tokenizer.chat_template is not None
    try:
        closing = tokenizer.chat_template.pieces([Turn("user", "a"), Turn("assistant", "b")])[-1].text
    except Refused:
        return tokenizer.end_token
    found = closing_token(tokenizer.mark_markup(closing))
    return found[1] if found else tokenizer.end_token


def closing_token(markup: str) -> re.Match[str] | None:
    """The control token that marked `markup` opens with, white space aside."""
    return re.match(rf"\s*{OPEN}(.*?){CLOSE}", markup, re.DOTALL)


def _injected(template: ChatTemplate, tokenizer: Tokenizer) -> str | None:
    """Text before the first user turn beyond what stands before every later one, less the control tokens."""
    try:
        first = template.pieces([Turn("user", "a")])[0].text
        later = template.pieces([Turn("user", "a"), Turn("assistant", "b"), Turn("user", "c")])[4].text
    except (Refused, IndexError):
        return None
    shared = shared_start(first[::-1], later[::-1])
    text = tokenizer.control.sub("", first[: len(first) - shared]).strip()
    return text or None


def _date(template: ChatTemplate) -> str | None:
    """The template's date, when another date changes what it prints."""
    another = ChatTemplate(template.source, template.tokens, template.now + timedelta(days=400))
    turns = [Turn("user", "a")]
    try:
        changed = template.render(turns) != another.render(turns)
    except Refused:
        return None
    return template.now.date().isoformat() if changed else None
