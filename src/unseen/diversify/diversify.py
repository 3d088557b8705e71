"""`unseen diversify questions` without its command line: from settings to a folder with chats and their record."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from unseen.ask.chat import ChatBackend
from unseen.diversify.answering import Answering
from unseen.diversify.asking import Watch
from unseen.diversify.diversity import diversity
from unseen.diversify.keeping import Judge, Keeping
from unseen.diversify.output import (
    CHATS,
    KIND,
    STORE,
    chats_in,
    check_place,
    counts_json,
    file_digest,
    write_chats,
    write_record,
)
from unseen.diversify.overlap import TaskTexts
from unseen.diversify.store import Store
from unseen.diversify.waves import Diversification, Diversified
from unseen.diversify.writing import FromNothing, Source
from unseen.errors import JobFailed
from unseen.fulldisk import AGAIN, told_when_full
from unseen.progress import rated_bar

RUNS = Path("runs")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many pairs, from what, and what they must be. `embedding` is the folder of an embedding model, if any."""

    number: int
    source: Source = field(default_factory=FromNothing)
    answering: Answering = field(default_factory=Answering)
    keeping: Keeping = field(default_factory=Keeping)
    embedding: Path | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """The folder, the record in it, and the seconds that this run took."""

    folder: Path
    record: Mapping[str, Any]
    done: Diversified
    seconds: float


def diversify_questions(
    wanted: Wanted,
    backend: ChatBackend,
    out: Path | None = None,
    against: TaskTexts | None = None,
    watch: Watch = rated_bar,
) -> Made:
    """Write, answer and sift until `wanted.number` pairs are kept; the same call again goes on.

    Raises `DataMistake` where `out` holds texts of other settings or chats made otherwise, or another process writes to
    it, and `ModelMistake` where the embedding model cannot be used, before anything is asked, and `JobFailed` where the
    backend gives up: chats and record then hold what there is, all but the spread.
    """
    if wanted.embedding is not None:
        _try_embedding(wanted.embedding)
    made_with = made_with_json(wanted, backend)
    folder = out or RUNS / f"diverse-{sha256(json.dumps(made_with, sort_keys=True).encode()).hexdigest()[:8]}"
    check_place(folder, KIND)
    started = time.monotonic()
    with told_when_full("what was made", folder, AGAIN), Store(folder / STORE, made_with) as store:
        judge = Judge(wanted.keeping, against)
        job = Diversification(wanted.source, backend, wanted.answering, judge, store, watch)
        try:
            job.run(wanted.number)
        except BaseException:
            if len(job.done.pairs) >= chats_in(folder):  # fewer, where judging itself was interrupted
                _write(folder, wanted, backend, against, job.done, finished=False)
            raise
        record = _write(folder, wanted, backend, against, job.done, finished=True)
    if not job.done.pairs:
        said = f"no pair was kept of {job.done.questions} questions ({job.done.left_out})"
        raise JobFailed(f"{said}; {folder / 'record.json'}")
    return Made(folder, record, job.done, time.monotonic() - started)


def made_with_json(wanted: Wanted, backend: ChatBackend) -> dict[str, Any]:
    """What decides the texts: the store holds those of one such setting."""
    return {"model": backend.digest, "questions": wanted.source.as_json(), "answers": wanted.answering.as_json()}


def _write(
    folder: Path, wanted: Wanted, backend: ChatBackend, against: TaskTexts | None, done: Diversified, finished: bool
) -> dict[str, Any]:
    write_chats(folder, done.pairs)
    record = {
        "kind": KIND,
        "unseen": version("unseen"),
        "finished": finished,
        "wanted": wanted.number,
        "model": {"name": backend.name, "digest": backend.digest, "pinned": backend.pinned},
        "made_with": made_with_json(wanted, backend),
        "keeping": wanted.keeping.as_json(),
        "against": against.as_json() if against else [],
        "left_out_of_source": dict(wanted.source.left_out),
        **counts_json(done),
        "chats": file_digest(folder / CHATS),
        "diversity": {
            "questions": _diversity([each.question for each in done.pairs], wanted, finished),
            "answers": _diversity([each.answer for each in done.pairs], wanted, finished),
        },
    }
    write_record(folder, record)
    return record


def _try_embedding(folder: Path) -> None:
    from unseen.ask.embedding import embeddings

    embeddings(folder, ["a text"])


def _diversity(texts: Sequence[str], wanted: Wanted, finished: bool) -> dict[str, Any]:
    numbers = diversity(texts, wanted.answering.seed)
    if wanted.embedding is not None and finished and len(texts) > 1:
        from unseen.ask.embedding import embedding_spread

        numbers["embedding_spread"] = embedding_spread(wanted.embedding, texts)
    return numbers
