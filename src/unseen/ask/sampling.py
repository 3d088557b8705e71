"""Prompts are continued by drawn tokens: every text has a generator of its own, so it does not depend on its batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from unseen.ask.causal import Answers
from unseen.ask.nucleus import most_probable_first, nucleus_size, place_drawn, probabilities_of
from unseen.ask.question import Sample
from unseen.ask.reader import asking
from unseen.ask.ways import ROWS, Way
from unseen.task.seeds import generator

# To sort 64 rows of 49,152 probabilities takes as long as a step of a small model; the nucleus is rarely this large.
FIRST = 256


def drawn(
    module: Any,
    way: Way,
    alike: Mapping[tuple[int, ...], Sequence[int]],
    questions: Mapping[int, Sample],
    end: frozenset[int],
    finished: Callable[[list[int]], bool],
) -> Iterator[tuple[int, list[int], bool]]:
    """Index of a question, the tokens drawn for it, and whether they ended; `alike` has the indexes of each prompt.

    A prompt is read once, however many texts follow it; `ROWS` texts are drawn together.
    """
    made = way.batches(alike)
    read = way.read(made)
    for batch in made:
        with asking(module):
            state = next(read)
        rows = [(row, index) for row, prompt in enumerate(batch) for index in alike[prompt]]
        for start in range(0, len(rows), ROWS):
            places, indexes = zip(*rows[start : start + ROWS], strict=True)
            with asking(module):
                own = state.select(torch.tensor(places, device=state.next_logits.device))
            settings = [questions[index] for index in indexes]
            for row, ids, ended in sampled(module, own, settings, end, finished):
                yield indexes[row], ids, ended


class Continued(NamedTuple):
    """`ids` that were drawn after the prompt in `row`; `ended`, rather than broken off."""

    row: int
    ids: list[int]
    ended: bool


def sampled(
    module: Any, state: Answers, settings: Sequence[Sample], end: frozenset[int], finished: Callable[[list[int]], bool]
) -> Iterator[Continued]:
    """A continuation of each prompt of `state`, as soon as it is complete; `settings` are those of its row.

    A row ends before an end token or once `finished` holds of its tokens, and is broken off after `max_new_tokens`;
    rows that are complete leave the batch.
    """
    random = [generator(each.seed, "sample") for each in settings]
    said: list[list[int]] = [[] for _ in settings]
    running = list(range(len(said)))
    while running:
        tokens = [
            token_of(logits, settings[row].temperature, settings[row].top_p, random[row])
            for row, logits in zip(running, state.next_logits, strict=True)
        ]
        going = []
        for place, (row, token) in enumerate(zip(running, tokens, strict=True)):
            if token not in end:
                said[row].append(token)
            if token in end or finished(said[row]):
                yield Continued(row, said[row], ended=True)
            elif len(said[row]) == settings[row].max_new_tokens:
                yield Continued(row, said[row], ended=False)
            else:
                going.append(place)
        if going:
            state = _longer(module, state, going, [said[running[place]][-1] for place in going])
        running = [running[place] for place in going]


def one_by_one(module: Any, way: Way, prompt: tuple[int, ...], setting: Sample, end: frozenset[int]) -> Iterator[int]:
    """The tokens that `drawn` draws for one prompt, each as soon as it is drawn; an end token is the last where one
    comes before `max_new_tokens`."""
    with asking(module):
        state = next(way.read(way.batches([prompt])))
    random = generator(setting.seed, "sample")
    for left in range(setting.max_new_tokens, 0, -1):
        token = token_of(state.next_logits[0], setting.temperature, setting.top_p, random)
        yield token
        if token in end:
            return
        if left > 1:
            state = _longer(module, state, [0], [token])


def token_of(logits: torch.Tensor, temperature: float, top_p: float, random: np.random.Generator) -> int:
    """A token drawn from float32 `logits` [vocabulary]: one draw of `random`, whatever the settings."""
    uniform = float(random.random())
    if temperature == 0:
        return int(logits.argmax())
    if top_p < 1 and (found := _of_first(logits, temperature, top_p, uniform)) is not None:
        return found
    probabilities = probabilities_of(logits.double().cpu().numpy(), temperature)
    order = most_probable_first(probabilities)
    ordered = probabilities[order]
    return int(order[place_drawn(ordered[: nucleus_size(ordered, top_p) or len(ordered)], uniform)])


def _of_first(logits: torch.Tensor, temperature: float, top_p: float, uniform: float) -> int | None:
    """The token, where the nucleus lies in the `FIRST` most probable ones."""
    values, ids = logits.topk(min(FIRST, len(logits)))
    scaled = logits.double() / temperature if logits.device.type == "cpu" else logits / temperature
    normal = float(scaled.logsumexp(-1))
    probabilities = np.exp(values.double().cpu().numpy() / temperature - normal)
    if not np.isfinite(probabilities).all():
        return None  # what is wrong is told where all of them are looked at
    size = nucleus_size(probabilities, top_p)
    return None if size is None else int(ids[place_drawn(probabilities[:size], uniform)])


def _longer(module: Any, state: Answers, going: Sequence[int], tokens: Sequence[int]) -> Answers:
    with asking(module):  # never while the caller has the turn
        if len(going) < len(state.next_logits):
            state = state.select(torch.tensor(going, device=state.next_logits.device))
        return state.step(module, tokens)
