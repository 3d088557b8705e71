"""Whether a run is the arm that its study planned: its recipe, and as much of what is matched as its reference had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from unseen.recipe import TrainSettings
from unseen.study.fingerprint import deciding_values
from unseen.study.matching import AGREE, recorded_for_one, reference_of, what_it_got
from unseen.study.verify.outcome import Check, Difference, compared, judged
from unseen.study.verify.rule import called, filled
from unseen.train.plan import count_draws

Record = Mapping[str, Any]
GOT = {"exposures": "examples_per_task", "supervised_tokens": "supervised_tokens", "seconds": "positions"}
STEPS = 2  # mean steps that positions may be apart: the nearest whole step is within half of the longest one


def check_arm(arm: Record, study: Record, arms: Sequence[Record], records: Mapping[str, Record]) -> Check:
    """Whether the run of `arm` is the one planned. `arms` are all those of the study, as study.json lists them, and
    `records` those of the runs that are finished, by arm and seed.

    What matching gives is known without counting again: by the record of the arm that the others are matched to, or,
    where that has not finished, by the amount that this arm was matched to.
    """
    record, by = records[called(arm)], study["matched"]
    wanted, ran = (deciding_values(filled(each["recipe"])) for each in (arm, record))
    told = f"ran the recipe that its study gives it, with seed {arm['seed']}"
    differences: list[Difference] = []
    if arm["work"] == "tune":
        told += f" and {record['counts']['examples']} examples, matched by {by}"
        differences += _unlike_counts(record)
    if arm["work"] == "tune" and by in GOT:
        reference = called(reference_of({**study, "arms": arms}, arm["seed"]))
        amount = None if reference == called(arm) else _amount(arm, by, records.get(reference))
        wanted["train"]["examples"] = _examples(wanted, ran, record, by, amount)
        differences += _unlike_amount(record, by, amount)
    return judged("arm", told, [*differences, *compared(wanted, ran, "recipe")])


def _amount(arm: Record, by: str, reference: Record | None) -> float:
    return float(what_it_got(reference)[GOT[by]] if reference else arm["matched"]["target"])


def _examples(wanted: Record, ran: Record, record: Record, by: str, amount: float | None) -> int:
    """How many examples matching gives; `amount` is None for what others are matched to. Tokens and positions say no
    number: there the run's own is taken, and what it came to is compared."""
    if amount is None:
        return count_draws(TrainSettings.model_validate(wanted["train"]), record["counts"]["epoch_length"])
    return round(amount * recorded_for_one(record)) if by == "exposures" else ran["train"]["examples"]


def _unlike_amount(record: Record, by: str, amount: float | None) -> Iterator[Difference]:
    if amount is None or by == "exposures":
        return
    found = what_it_got(record)
    step = STEPS * found["positions"] / found["steps"] if by == "seconds" else 0.0
    if abs(found[GOT[by]] - amount) > max(AGREE * amount, step):
        yield Difference(f"{GOT[by]}, as matched", f"{amount:g}", f"{found[GOT[by]]:g}")


def _unlike_counts(record: Record) -> Iterator[Difference]:
    """Whether the run counted as many examples as its recipe asks for."""
    counts = record["counts"]
    wanted = count_draws(TrainSettings.model_validate(record["recipe"]["train"]), counts["epoch_length"])
    yield from compared(wanted, counts["examples"], "counts.examples")
