"""Randomness as an argument: generators and keys derived from (seed, purpose, ids).

Two different purposes, tasks or epochs never share a stream, and no stream depends on how many others there are: adding
a task to a mixture does not reshuffle the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray


def generator(seed: int, purpose: str, *ids: str | int) -> np.random.Generator:
    """A PCG64 generator that depends on nothing but its arguments, on every machine."""
    return np.random.Generator(np.random.PCG64(int.from_bytes(_digest(seed, purpose, ids, 16), "little")))


def shuffled(count: int, random: np.random.Generator) -> Iterator[int]:
    """The numbers below `count` in random order, made as they are asked for: a few of a million cost a few draws."""
    moved: dict[int, int] = {}  # Fisher and Yates's shuffle, of which only the places that changed are kept
    for place in range(count):
        other = int(random.integers(place, count))
        yield moved.get(other, other)
        moved[other] = moved.get(place, place)


def key(seed: int, purpose: str, *ids: str | int) -> np.uint64:
    """64 bits for `mixed`."""
    return np.uint64(int.from_bytes(_digest(seed, purpose, ids, 8), "little"))


def mixed(key: np.uint64, numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """64 well-mixed bits of each number under `key`, each independent of the others (splitmix64's finaliser)."""
    bits = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) ^ key
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def _digest(seed: int, purpose: str, ids: tuple[str | int, ...], size: int) -> bytes:
    # repr keeps the parts apart: ("a", "bc") and ("ab", "c"), 1 and "1" are different.
    return blake2b(repr((seed, purpose, *ids)).encode(), digest_size=size).digest()
