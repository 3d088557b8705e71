"""What a form asks, and of which models: read, checked, and every mistake told in a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from unseen.ask.chat import Drawing
from unseen.errors import ModelMistake, UserMistake
from unseen.model.embedded import ALIAS
from unseen.named_path import named_path
from unseen.studio.model_sizes import runs_with_models
from unseen.studio.talk import Asked, Side, Where
from unseen.studio.workspace import Workspace
from unseen.study.record import NAME as RECORD
from unseen.study.record import read_if_there

FORMATS = ("auto", "chat", "plain")
MOST_NEW_TOKENS, MOST_CHOICES = 4096, 200
NUMBERS = {"temperature": 0.0, "top_p": 1.0, "max_new_tokens": 128, "seed": 0}


def sides_of(workspace: Workspace, values: Mapping[str, str]) -> list[Side]:
    """The columns: a run's base and tuned model and, where a token was chosen, the tuned one with it; or two models.

    Raises `UserMistake` for a run that is not there, where nothing was chosen, and for a name that can be none.
    """
    if run := values.get("run", ""):
        found = {each.name: each.folder for each in runs_with_models(workspace.runs)}
        if run not in found:
            raise UserMistake(run, "is no run with a model", "choose one of the list")
        base, tuned = recipe_of(workspace, run).get("model", ALIAS), str(found[run].absolute())
        sides = [Side(f"base: {base}", str(base)), Side(f"tuned: {run}", tuned)]
        named_path(str(base), ModelMistake)
        if token := values.get("token", ""):
            where: Where = "before" if values.get("where") == "before" else "behind"
            sides.append(Side(f"tuned, with {token} {where} it", tuned, token, where))
        return sides
    chosen = [name for name in (values.get("left", "").strip(), values.get("right", "").strip()) if name]
    if not chosen:
        raise UserMistake("ask", "no model is chosen", "choose a run, or name a model")
    for name in chosen:
        named_path(name, ModelMistake)
    return [Side(name, name) for name in chosen]


def asked_of(values: Mapping[str, str]) -> Asked:
    """The turn that a form says. Raises `UserMistake` for numbers that are none and for too many choices."""
    lines = [line.strip() for line in values.get("choices", "").splitlines() if line.strip()]
    choices = tuple(dict.fromkeys(lines))
    if len(choices) == 1 or len(choices) > MOST_CHOICES:
        raise UserMistake("choices", f"there are {len(choices)}", f"write 2 to {MOST_CHOICES}, one a line, or none")
    return Asked(values.get("text", "").replace("\r\n", "\n"), choices, manner_of(values))


def manner_of(values: Mapping[str, str]) -> dict[str, Any]:
    """`Manner`'s values, as a form says them. Raises `UserMistake`."""
    said = {name: _number(name, values.get(name, ""), default) for name, default in NUMBERS.items()}
    Drawing(said["temperature"], said["top_p"], int(said["max_new_tokens"]))
    for name, most in (("max_new_tokens", MOST_NEW_TOKENS), ("seed", 2**32 - 1)):
        if said[name] != int(said[name]) or not 0 <= said[name] <= most:
            raise UserMistake(name, f"{said[name]:g} is no whole number up to {most}", f"try {NUMBERS[name]}")
    format = values.get("format") or "auto"
    if format not in FORMATS:
        raise UserMistake("format", f"there is no format '{format}'", f"choose {', '.join(FORMATS)}")
    whole = {name: int(said[name]) for name in ("max_new_tokens", "seed")}
    return {**said, **whole, "format": format, "system": values.get("system", "").strip() or None}


def _number(name: str, said: str, default: float) -> float:
    try:
        found = float(said) if said.strip() else default
    except ValueError:
        raise UserMistake(name, f"'{said[:40]}' is no number", f"try {default:g}") from None
    if not -1e12 < found < 1e12:
        raise UserMistake(name, f"'{said[:40]}' cannot be", f"try {default:g}")
    return found


def anew(asked: Asked, manner: Mapping[str, Any]) -> Asked:
    """The same question in the manner of the form; where words are drawn, they are drawn anew."""
    same = manner["temperature"] > 0 and manner["seed"] == asked.manner["seed"]
    return replace(asked, manner={**manner, "seed": manner["seed"] + 1} if same else manner)


def recipe_of(workspace: Workspace, run: str) -> dict[str, Any]:
    """The recipe of a run, as its record has it; nothing where it has none."""
    found = read_if_there(workspace.runs / run / RECORD).get("recipe")
    return found if isinstance(found, dict) else {}
