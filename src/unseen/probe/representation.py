"""How near a new token has come to what it stands for (DELIA, Zeng et al. 2024, experiment 1).

The paper measures the L2 distance between a token and the key words of its prior description; which layer, and which
words, is not known to us. Here it is any layer: 0 is the input embedding, where a token has one vector; at layer l it
is the state after l blocks, where the token stands in given texts and a key word in the description. A word of several
pieces is the mean of their vectors. Distances grow with the width and the layer, so that each is given beside the mean
distance of ordinary tokens to the same words (at layer 0), or of the texts' other tokens (in context); both are means
of the distances of single states, since the mean of many states is nearer to everything than any of them. What is read
stands behind a beginning that is not measured: the first token of many models is far from everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from unseen.errors import DataMistake
from unseen.model.backbone import backbone_of, base_of
from unseen.model.new_tokens import matrices
from unseen.probe.key_words import place_of

EXACT = "donot_use_mm_for_euclid_dist"  # by products of vectors a distance of 0 would not come out as one

if TYPE_CHECKING:
    from unseen.encode.tokenizer import Tokenizer
    from unseen.model.load import LanguageModel


@dataclass(frozen=True, slots=True)
class Distance:
    """At `layer`: the L2 distance of the token to each key word, their `mean`, and `others`, the mean distance of
    other tokens to the same words."""

    layer: int
    by_word: tuple[tuple[str, float], ...]
    others: float

    @property
    def mean(self) -> float:
        return sum(distance for _, distance in self.by_word) / len(self.by_word)


def representation(
    model: LanguageModel,
    token: str,
    description: str,
    words: Sequence[str],
    texts: Sequence[str],
    layers: Sequence[int],
) -> tuple[Distance, ...]:
    """Distances of `token` to the key `words` of its `description`, at each of `layers`; in context the mean over all
    places where it stands.

    `texts` are what the token stands in, for layers above 0. Raises `DataMistake` for a token that is not one id, for a
    word that the description does not hold, a text without the token, and a layer that the model does not have.
    """
    index = model.tokenizer.id_of(token)
    if index is None or not words:
        what = f"'{token}' is no token of the model" if words else "no key words to compare with"
        raise DataMistake("representation", what, "name a token and key words of its description")
    blocks = int(base_of(model.module).config.get_text_config().num_hidden_layers)
    wrong = [layer for layer in layers if not 0 <= layer <= blocks]
    if wrong:
        raise DataMistake("representation", f"there is no layer {wrong[0]}", f"layers are 0 to {blocks}")
    return tuple(
        _embedded(model, index, words) if layer == 0 else _in_context(model, index, description, words, texts, layer)
        for layer in layers
    )


def _embedded(model: LanguageModel, index: int, words: Sequence[str]) -> Distance:
    table = matrices(base_of(model.module))["input"].detach().float().cpu()
    vectors = {word: table[_spelled(model.tokenizer, word)].mean(0) for word in words}
    return _distance(0, table[index][None], table, vectors)


def _spelled(tokenizer: Tokenizer, word: str) -> list[int]:
    """Ids of a word that stands behind another: with the space before it where that is a part of its first token, and
    not where it is a token of its own (as Llama 2's makes of ours and of the one that it puts there itself)."""
    behind = tokenizer.split([f" {word}"])[0]
    ids: list[int] = tokenizer.ids(word).tolist() if any(end <= 1 for _, end in behind.offsets) else behind.ids
    return ids


def _in_context(
    model: LanguageModel, index: int, description: str, words: Sequence[str], texts: Sequence[str], layer: int
) -> Distance:
    _, states = _states(model, description, layer)
    vectors = {word: states[_pieces(model.tokenizer, description, word)].mean(0) for word in words}
    own, others = [], []
    for text in texts:
        ids, states = _states(model, text, layer)
        here = torch.tensor(ids) == index
        if not bool(here.any()):
            raise DataMistake("representation", f"the token does not stand in: {text[:60]}", "give texts that say it")
        own.append(states[here])
        others.append(states[~here])
    if not own:
        raise DataMistake("representation", "a layer in context needs texts", "give texts that the token stands in")
    return _distance(layer, torch.cat(own), torch.cat(others), vectors)


def _distance(layer: int, own: torch.Tensor, others: torch.Tensor, vectors: dict[str, torch.Tensor]) -> Distance:
    """`own` are the states of the token, `others` those of other tokens: [states, width] each."""
    words = torch.stack(list(vectors.values()))
    means = torch.cdist(own, words, compute_mode=EXACT).mean(0).tolist()
    return Distance(
        layer, tuple(zip(vectors, means, strict=True)), float(torch.cdist(others, words, compute_mode=EXACT).mean())
    )


def _states(model: LanguageModel, text: str, layer: int) -> tuple[list[int], torch.Tensor]:
    """Token ids of a text, and their states after `layer` blocks: float32 [tokens, width]. The text stands behind what
    the model's texts begin with, or a line break where that is nothing."""
    ids = model.tokenizer.ids(text).tolist()
    begin = [*model.tokenizer.begin] or model.tokenizer.ids("\n").tolist()
    backbone: Any = backbone_of(base_of(model.module))
    with torch.no_grad():
        found = backbone(input_ids=torch.tensor([begin + ids], device=model.module.device), output_hidden_states=True)
    return ids, found.hidden_states[layer][0][len(begin) :].float().cpu()


def _pieces(tokenizer: Tokenizer, description: str, word: str) -> list[int]:
    """The places, among the tokens of the description, of those that spell a word where it stands first."""
    start = place_of(word, description)
    offsets = tokenizer.split([description])[0].offsets
    return [place for place, (low, high) in enumerate(offsets) if low < start + len(word) and high > start]
