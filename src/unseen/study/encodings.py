"""What a run tunes on, in tokens and in steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.encode.encoded import Encoded
from unseen.encode.store import EncodedStore
from unseen.progress import phased
from unseen.study.examples import EXAMPLES, encode_examples
from unseen.study.exposures import Exposures, exposures_of
from unseen.study.prepare import Prepared
from unseen.study.seven_steps import is_delia
from unseen.train.ranks import Ranks

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel
    from unseen.train.plan import StepPlan


@dataclass(frozen=True, slots=True, eq=False)
class Encodings:
    """The examples and those that are validated on, their counts, and the steps, which point into the examples.
    `exposures` says how often each task is met where the recipe has a part of DELIA, whose record says it."""

    examples: EncodedStore
    validation: list[Encoded]
    counts: dict[str, Any]
    steps: StepPlan
    exposures: Mapping[str, Exposures]

    @property
    def digests(self) -> dict[str, str]:
        """For the record."""
        from unseen.train.kept import validation_digest

        validation = validation_digest(self.validation)
        return {"digest": self.examples.digest, "steps": self.steps.digest, "validation": validation}


def encodings(ranks: Ranks, prepared: Prepared, model: LanguageModel, folder: Path) -> Encodings:
    """The first rank writes the store that all read, in `folder`."""
    from unseen.train.plan import plan_steps

    with phased() as phases:
        held, counts = ranks.shared(lambda: encode_examples(prepared, model, folder, phases)[1:])
    stored = EncodedStore(folder / EXAMPLES)
    steps = plan_steps(range(len(stored)), stored, prepared.recipe.train, counts["epoch_length"])
    exposures = exposures_of(each.id for each in stored) if is_delia(prepared.recipe) else {}
    return Encodings(stored, held, counts, steps, exposures)
