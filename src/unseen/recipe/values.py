"""Kinds of values that several sections of a recipe have, and how a person may write them."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

MANY = 10**9  # a number beyond it is a slip of the keyboard
SHOTS = {"zero": 0, "one": 1, "few": 16}  # few as in FLAN, which then shows as many as fit


def number_of_shots(said: Any) -> Any:
    if isinstance(said, str) and said not in SHOTS:
        raise ValueError(f"'{said}' is no number of shots: write a number, zero, one or few")
    return SHOTS[said] if isinstance(said, str) else said


def listed(said: Any) -> Any:
    return said if isinstance(said, list | tuple) else [said]


def as_number(said: Any) -> Any:
    if not isinstance(said, str):
        return said
    try:
        return float(Fraction(said))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"'{said}' is no number and no fraction such as 1/256") from None


Share = Annotated[float, Field(ge=0.0, lt=1.0)]
Shots = Annotated[int, Field(ge=0, le=1000), BeforeValidator(number_of_shots)]
SeveralShots = Annotated[tuple[Shots, ...], Field(min_length=1), BeforeValidator(listed)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
