"""A run with the text of its rows taken out, so that no page made of it can show any."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from unseen.evaluation.aggregate import Found
from unseen.evaluation.extremes import Asking
from unseen.evaluation.prediction import Prediction
from unseen.reporting.run_data import RunData
from unseen.task.proof import Proof


def without_rows(run: RunData) -> RunData:
    """Prompts, answers, references and the proof's texts become hashes; choices become their places."""
    record = run.record.model_copy(
        update={
            "hold_out": _proof(run.record.hold_out),
            "seen_side": _proof(run.record.seen_side),
            "summary": run.record.summary and _summary(run.record.summary),
        }
    )
    return replace(run, record=record, predictions=tuple(map(_prediction, run.predictions)), hidden=True)


def text_hash(text: str) -> str:
    """What stands for a text: the first 16 digits of its SHA-256."""
    return "sha256 " + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _prediction(one: Prediction) -> Prediction:
    return replace(
        one,
        prompt=text_hash(one.prompt),
        text=text_hash(one.text),
        references=tuple(map(text_hash, one.references)),
        choices=tuple(f"choice {place + 1}" for place in range(len(one.choices))),
    )


def _summary(summary: Found) -> Found:
    return replace(
        summary,
        extremes=tuple(replace(each, worst=_asking(each.worst), best=_asking(each.best)) for each in summary.extremes),
    )


def _asking(asking: Asking) -> Asking:
    return replace(asking, prompt=text_hash(asking.prompt))


def _proof(proof: Proof | None) -> Proof | None:
    if proof is None:
        return None
    return replace(
        proof,
        pairs=tuple(
            replace(
                pair,
                seen_text=text_hash(pair.seen_text),
                unseen_text=text_hash(pair.unseen_text),
                shared=text_hash(pair.shared),
            )
            for pair in proof.pairs
        ),
        wordings=tuple(replace(each, example=text_hash(each.example)) for each in proof.wordings),
    )
