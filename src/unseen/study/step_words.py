"""The seven steps of DELIA in words: a line for each, made from its facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Facts = Mapping[str, Any]


def words_of(step: int, facts: Facts | None) -> str:
    """What a run did in `step`, 1 to 7; that it is not known yet for None, and that there is none for no facts."""
    if facts is None:
        return "not yet"
    return _WORDS[step - 1](facts) if facts else "none in this recipe"


def _model(facts: Facts) -> str:
    revision = f" at {facts['revision']}" if facts["revision"] else ""
    return f"{facts['model']}{revision}, digest {facts['digest'][:16]}"


def _tokens(facts: Facts) -> str:
    each = (
        f"{token['text']} (id {token['id']}, its row began from: {token['began_from']})" for token in facts["tokens"]
    )
    return f"{', '.join(each)}; their rows {'learn' if facts['rows'] == 'learn' else 'stay as they began'}"


def _diverse(facts: Facts) -> str:
    parts = [f"{facts['chats']} chats from {facts['source']}, digest {facts['digest'][:16]}"]
    if facts["dropped_for_overlap"]:
        parts.append(f"{facts['dropped_for_overlap']} dropped for overlap with unseen rows")
    made = facts["made"]
    parts.append("how they were made is not recorded" if made is None else _made(made))
    if facts["unchanged"] is False:
        parts.append("the file was changed since then")
    return "; ".join(parts)


def _made(made: Facts) -> str:
    """Who wrote the chats, and what was left out of them."""
    model = made.get("model")
    name = model.get("name") if isinstance(model, Mapping) else "an unknown model"
    kept = f"{made.get('pairs', '?')} of {made.get('questions', '?')} questions kept"
    dropped = {**_named(made["dropped_questions"], "questions"), **_named(made["dropped_answers"], "answers")}
    left_out = ", ".join(f"{count} {rule}" for rule, count in dropped.items())
    return f"written by {name}, {kept}" + (f" (left out: {left_out})" if dropped else "")


def _named(counts: Mapping[str, int], of: str) -> dict[str, int]:
    return {f"{of} {rule}": count for rule, count in counts.items()}


def _wordings(facts: Facts) -> str:
    like = facts["largest_similarity"]
    alike = "" if like is None else f"; the sides are at most {like:.2f} alike"
    special = f", special: {', '.join(facts['special'])}" if facts["special"] else ""
    return (
        f"made by {facts['made']['by']}: {facts['train']} to tune on, {facts['test']} that are only asked"
        f"{special}{alike}; asked: {', '.join(facts['asked'])}"
    )


def _downstream(facts: Facts) -> str:
    return "; ".join(f"{name}: {_task(each)}" for name, each in facts["tasks"].items())


def _task(each: Facts) -> str:
    if not each["examples"]:
        return f"none of {each['rows_there']} rows"
    times = f"{each['fewest']}" if each["fewest"] == each["most"] else f"{each['fewest']} to {each['most']}"
    return (
        f"{each['examples']} examples of {each['rows']} of {each['rows_there']} rows in {each['wordings']} wordings, "
        f"each row {times} times"
    )


def _buffering(facts: Facts) -> str:
    got = (
        "no other example was drawn" if facts["ratio_got"] is None else f"{facts['ratio_got']:g} for each other example"
    )
    return (
        f"{facts['examples']} examples, {facts['distinct']} distinct and {facts['repeated']} repeated; "
        f"{got} (asked: {facts['ratio_asked']:g}), {facts['schedule']}"
    )


def _saved(facts: Facts) -> str:
    size = sum(facts["files"].values()) / 1e6
    return (
        f"{facts['method']}, {facts['trained_parameters']} parameters tuned in {facts['steps']} steps, kept after step "
        f"{facts['kept_step']}; {len(facts['files'])} files in model/, {size:.1f} MB"
    )


_WORDS: tuple[Callable[[Facts], str], ...] = (
    _model, _tokens, _diverse, _wordings, _downstream, _buffering, _saved,
)  # fmt: skip
