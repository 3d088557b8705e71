"""An encoded example: token ids with a loss weight each."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Encoded:
    """`ids` int32 [length]; `weights` float32 [length]: weight of predicting `ids[i]` from `ids[:i]`, 0 in the prompt.

    `prompt_length` tokens come before the completion (of the last assistant segment). `cuts` counts what fitting to
    length did (`exemplars_dropped`, `field_trimmed`) and `boundary_moved` (the prompt's own tokens were no prefix).
    """

    id: str
    ids: NDArray[np.int32]
    weights: NDArray[np.float32]
    prompt_length: int
    cuts: dict[str, int] = field(default_factory=dict)

    @property
    def supervised(self) -> int:
        return int(np.count_nonzero(self.weights))
