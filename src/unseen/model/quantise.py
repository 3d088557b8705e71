"""Bases of 8 and 4 bits under LoRA, through bitsandbytes: LLM.int8() (Dettmers et al. 2022), and NF4 with its
constants quantised too (QLoRA, Dettmers et al. 2023)."""

from __future__ import annotations

import importlib.util
from typing import Any, Literal

from unseen.errors import MissingExtra, RecipeMistake
from unseen.model.backbone import base_of
from unseen.recipe import TrainSettings

Bits = Literal[4, 8]
PURPOSE = "a base of 4 or 8 bits"


def check_base_bits(settings: TrainSettings) -> None:
    """Raise `RecipeMistake` where a quantised base is asked for and there is no CUDA device, `MissingExtra` where
    bitsandbytes is not installed."""
    if settings.base_bits is None:
        return
    need_bitsandbytes()
    import torch

    if not torch.cuda.is_available():
        what = f"a base of {settings.base_bits} bits needs a CUDA device, and there is none"
        raise RecipeMistake("train.base_bits", what, "take base_bits out")


def need_bitsandbytes() -> None:
    if importlib.util.find_spec("bitsandbytes") is None:
        raise MissingExtra("bitsandbytes", PURPOSE)


def quantisation(bits: Bits, dtype: str) -> Any:
    """What transformers is given to load a base of `bits` bits whose products are computed in `dtype`.

    The head and the embedding stay as they are.
    """
    import torch
    from transformers import BitsAndBytesConfig

    if bits == 8:
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, dtype),
    )


def is_quantised(module: Any) -> bool:
    """Whether the transformers model `module`, which may be wrapped by PEFT, has a base of 4 or 8 bits."""
    return bool(getattr(base_of(module), "is_quantized", False))
