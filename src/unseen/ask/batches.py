"""Which questions run together: those whose prompts begin alike, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Ids = Sequence[int]

PART = 2**21  # tokens in one trie, whose arrays take some hundred bytes each

# Reading a start once saves its copies, but costs one more call of the model: worth it from so many tokens on.
WORTH = 256


def batches(prompts: Mapping[int, Ids], tokens: int, most: int | None = None) -> list[list[int]]:
    """Keys of `prompts` in batches of at most `most`.

    A batch's longest prompt times its size is at most `tokens` (a single one may be longer). Prompts that begin alike
    (the same exemplars, the same template) stand next to each other; a prompt joins the batch before it where that
    costs fewer computed positions than a batch of its own.
    """
    made: list[list[int]] = []
    batch = _Batch(())
    for key in sorted(prompts, key=lambda key: (tuple(prompts[key]), key)):
        joined = batch.joined(prompts[key])
        full = joined.size * joined.longest > tokens or joined.size - 1 == most
        if not made or full or joined.cost > batch.cost + len(prompts[key]):
            made.append([])
            joined = _Batch(prompts[key])
        made[-1].append(key)
        batch = joined
    return made


def batches_in_order(prompts: Iterable[tuple[int, ...]], tokens: int, most: int) -> list[list[tuple[int, ...]]]:
    """The distinct ones of `prompts` in lexicographic order, in batches of at most `most`, whose longest prompt times
    size is at most `tokens` (a single one may be longer)."""
    made: list[list[tuple[int, ...]]] = []
    longest = 0
    for prompt in sorted(set(prompts)):
        longest = max(longest, len(prompt))
        if not made or len(made[-1]) == most or longest * (len(made[-1]) + 1) > tokens:
            made.append([])
            longest = len(prompt)
        made[-1].append(prompt)
    return made


def parts(lengths: Sequence[int]) -> list[range]:
    """Places of neighbours that are read from one trie, of at most `PART` tokens together; one at least."""
    made: list[range] = []
    held = PART
    for place, length in enumerate(lengths):
        if held + length > PART:
            made.append(range(place, place))
            held = 0
        made[-1] = range(made[-1].start, place + 1)
        held += length
    return made


def shared_start(prompts: Sequence[Ids]) -> int:
    """How many tokens all prompts begin with, so that reading them once pays; every prompt keeps one of its own."""
    ordered = sorted(map(tuple, prompts))
    first, last = ordered[0], ordered[-1]
    length = min(_common(first, last), min(map(len, prompts)) - 1)
    return length if length * (len(prompts) - 1) >= WORTH else 0


class _Batch:
    """Prompts in lexicographic order, by their first, their number, their longest and shortest."""

    def __init__(self, first: Ids) -> None:
        self.first, self.size, self.longest, self.shortest, self.shared = first, 1, len(first), len(first), len(first)

    def joined(self, prompt: Ids) -> _Batch:
        other = _Batch(self.first)
        other.size = self.size + 1
        other.longest, other.shortest = max(self.longest, len(prompt)), min(self.shortest, len(prompt))
        other.shared = min(self.shared, _common(self.first, prompt))
        return other

    @property
    def cost(self) -> int:
        """Positions that are computed: the shared start once where that pays, the rest padded to the longest."""
        shared = min(self.shared, self.shortest - 1)
        shared = shared if shared * (self.size - 1) >= WORTH else 0
        return shared + self.size * (self.longest - shared)


def _common(one: Ids, other: Ids) -> int:
    """How many tokens two prompts begin with alike."""
    most = min(len(one), len(other))
    return next((place for place in range(most) if one[place] != other[place]), most)


def before_stop(text: str, stop: tuple[str, ...]) -> str | None:
    """What `text` says before the first of the `stop` strings in it; None where it holds none."""
    places = [place for place in (text.find(each) for each in stop) if place >= 0]
    return text[: min(places)] if places else None
