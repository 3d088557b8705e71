"""The parts of a model: what PEFT wraps, and what runs before the head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Stacks:
    """An encoder-decoder without its head, called as the model itself is.

    Some families (T5) have no module of their own for this.
    """

    encoder: Any
    decoder: Any

    def get_encoder(self) -> Any:
        return self.encoder

    def __call__(self, *, encoder_outputs: Any, attention_mask: Any, decoder_input_ids: Any, use_cache: bool) -> Any:
        """The decoder's output over given states of the encoder, which `attention_mask` belongs to."""
        return self.decoder(
            input_ids=decoder_input_ids,
            encoder_hidden_states=encoder_outputs[0],
            encoder_attention_mask=attention_mask,
            use_cache=use_cache,
        )


def base_of(module: Any) -> Any:
    """The transformers model in `module`, which may be wrapped by PEFT (its adapters sit inside the layers)."""
    return module.get_base_model() if hasattr(module, "get_base_model") else module


def backbone_of(base: Any) -> Any:
    """What runs before the head of the transformers model `base`; None where it does not say."""
    if base.config.is_encoder_decoder:
        return Stacks(base.get_encoder(), base.get_decoder())
    return None if base.base_model is base else base.base_model
