"""The turns of a talk, and answers as they come: words piece by piece, or choices with their probabilities."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from typing import Any

from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import CHOSEN, RIGHT, counted
from unseen.studio.events import Event
from unseen.studio.frame import note
from unseen.studio.talk import Answering, Talk, Turn
from unseen.studio.waiting import waiting

EVERY = 1.0  # seconds after which a page is told again that it waits


def turns_of(talk: Talk) -> Markup:
    """Every turn, with its answers in columns; those under way are streamed."""
    if not talk.turns:
        return tag("p", "Nothing was asked yet. Write below, or begin from a row of a task.", class_="nothing")
    return joined(*(_turn(talk.id, number, turn) for number, turn in enumerate(talk.turns)))


def answers_come(answer: Answering, right: str = "") -> Iterator[Event]:
    """An answer from its beginning, whoever asks for it and however late; `right` is the row's own, if it has one."""
    shown, began = 0, monotonic()
    while True:
        with answer.changed:
            if len(answer.text) == shown and not answer.ended:
                answer.changed.wait(EVERY)
            text, ended = answer.text, answer.ended
        if ended:
            break
        if shown == 0:
            yield Event("part", _waits(answer, monotonic() - began) if not text else Markup(""))
        yield Event("more", text[shown:]) if text[shown:] else Event("still")
        shown = len(text)
    yield Event("part", _answer(answer, right))
    yield Event("end")


def _turn(talk: str, number: int, turn: Turn) -> Markup:
    columns = [
        tag(
            "section",
            tag("h3", side.label),
            tag(
                "div",
                _answer(answer, turn.asked.right) if answer.ended else None,
                class_="answer",
                data_stream=None if answer.ended else f"/ask/stream/{talk}/{number}/{column}",
            ),
        )
        for column, (side, answer) in enumerate(zip(turn.sides, turn.answers, strict=True))
    ]
    asked = tag("div", turn.asked.text, class_="asked", role="group", aria_label="You asked")
    return tag("article", asked, _manner(turn), tag("div", *columns, class_="columns"), class_="turn")


def _manner(turn: Turn) -> Markup:
    said = turn.asked.manner
    drawn = f"drawn at temperature {said['temperature']:g}, seed {said['seed']}" if said["temperature"] else "likeliest"
    how = "choices ranked" if turn.asked.choices else drawn
    parts = [f"{said['format']} format", how, *(["a system turn"] if said["system"] else [])]
    return tag("p", ", ".join(parts), class_="faint manner-said")


def _waits(answer: Answering, seconds: float) -> Markup:
    worker = answer.worker
    if worker is not None and worker.state == "loading":
        return waiting("Its model", worker.standing, seconds)
    return tag("p", f"Waiting for its first word, {seconds:.0f} s so far.", class_="faint")


def _answer(answer: Answering, right: str) -> Markup:
    if answer.wrong:
        return note("wrong", answer.wrong)
    facts = answer.facts or {}
    if "log_probs" in facts:
        return joined(_ranked(answer.choices, facts, right), _told(facts, []))
    tokens = [counted(facts["tokens"], "token")] if "tokens" in facts else []
    broken = ["broken off at its longest"] if facts.get("broken_off") else []
    stopped = ["stopped"] if facts.get("stopped") else []
    text = answer.text or tag("i", "nothing: it ended at once", class_="faint")
    return joined(tag("div", text, class_="words"), _told(facts, [*tokens, *broken, *stopped]))


def _told(facts: Mapping[str, Any], more: list[str]) -> Markup:
    cut = ["what it was asked was too long, and was cut"] if facts.get("cut") else []
    return tag("p", ", ".join([*more, f"{facts['seconds']:.1f} s", *cut]), class_="faint told-last")


def _ranked(choices: Sequence[str], facts: Mapping[str, Any], right: str) -> Markup:
    """Each choice with its share of the choices' probability, as a bar and in numbers; the likeliest is marked as the
    one that is chosen, and by a mark of its own the one that is right, where the question is a row's."""
    sums, lengths = facts["log_probs"], facts["lengths"]
    head = tag(
        "tr", *(tag("th", name, scope="col") for name in ("Choice", "Share", "", "Log-probability, summed", "Tokens"))
    )
    rows = [
        tag(
            "tr",
            tag(
                "td",
                choices[at],
                tag("b", f" {CHOSEN}", class_="chosen") if at == facts["chosen"] else None,
                tag("b", f" {RIGHT}", class_="chosen") if right and choices[at] == right else None,
            ),
            tag("td", f"{share:.1%}", class_="number"),
            tag("td", tag("meter", min=0, max=1, value=round(share, 4), aria_label="share")),
            tag("td", f"{sums[at]:.2f}", class_="number"),
            tag("td", lengths[at], class_="number"),
        )
        for at, share in enumerate(_shares(sums))
    ]
    return tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="wide", tabindex="0")


def _shares(sums: Sequence[float]) -> list[float]:
    most = max(sums)
    weights = [math.exp(each - most) for each in sums]
    return [each / sum(weights) for each in weights]
