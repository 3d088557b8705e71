"""`probe divergence`: whether a model tuned on one wording is farther from the general model than one tuned on many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.ask.contents import contents_digest
from unseen.encode.encoded import Encoded
from unseen.errors import DataMistake, TaskMistake, nearest
from unseen.probe.divergence import Divergence, Hypothesis, compared, estimated, hypothesis
from unseen.probe.drawn import Drawing, DrawnAnswers, draw_answers
from unseen.probe.kept import Kept, key_of
from unseen.progress import bar
from unseen.prompt.example import Example
from unseen.recipe import AskedWording
from unseen.study.diverse import CLUSTER
from unseen.study.formats import format_for
from unseen.study.prepare import Prepared, prepare
from unseen.study.probes.asked import asked_examples, to_be_asked, told
from unseen.study.probes.runs import TunedRun, found_model, loaded, start_facts, start_folder, start_model, tuned_run
from unseen.task.task import Task

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

AT_ONCE = 16  # answers that are compared between two writes of what is kept


@dataclass(frozen=True, slots=True)
class DivergenceAsked:
    """`general` is the start model of the runs when absent. `rows` of each task that `tasks` (globs, of the broad run's
    tasks) match, the seen ones when empty; `draws` answers to each."""

    narrow: Path
    broad: Path
    general: str | None = None
    tasks: tuple[str, ...] = ()
    wordings: tuple[AskedWording, ...] = ()
    rows: int = 64
    draws: int = 1
    max_new_tokens: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class DivergenceFound:
    """Both divergences from the general model and their difference, with what they were measured on."""

    asked: DivergenceAsked
    narrow: Divergence
    broad: Divergence
    hypothesis: Hypothesis
    models: dict[str, Any]
    counts: dict[str, Any]


def probe_divergence(asked: DivergenceAsked, kept: Kept) -> DivergenceFound:
    """Draw answers of both runs' models to the same prompts, and measure them under the general model.

    Raises `DataMistake` for runs that cannot be compared, `TaskMistake` for a glob without a match.
    """
    runs = {"narrow": tuned_run(asked.narrow), "broad": tuned_run(asked.broad)}
    _check_pair(runs["narrow"], runs["broad"])
    broad = prepare(to_be_asked(runs["broad"].recipe, asked.wordings))
    narrow = prepare(to_be_asked(runs["narrow"].recipe))
    left_out: Counter[tuple[str, str]] = Counter()
    examples = asked_examples(broad, _tasks(broad, asked.tasks), asked.rows, asked.seed, left_out, [narrow])
    if not examples:
        raise DataMistake("divergence", "there is no row to ask", "name tasks with a test split, or raise --rows")
    folder = start_folder(runs["broad"]) if asked.general is None else found_model(asked.general)
    general = start_model(runs["broad"].recipe, folder)
    settings = broad.recipe.evaluate
    most = settings.max_new_tokens if asked.max_new_tokens is None else asked.max_new_tokens
    drawing = Drawing(asked.draws, most, broad.recipe.train.max_tokens, asked.seed)
    found, counts = {}, {}
    for name, run in runs.items():
        found[name], drawn = _from(general, name, run, examples, drawing, kept)
        counts[name] = _counts(drawn, found[name])
    facts = {"general": start_facts(runs["broad"].recipe, folder), **{n: _facts(run) for n, run in runs.items()}}
    more = {
        "rows": len(examples),
        "wordings": list(settings.wordings),
        "left_out": told(left_out),
        "max_new_tokens": most,
    }
    return DivergenceFound(
        asked, found["narrow"], found["broad"], hypothesis(found["narrow"], found["broad"]), facts, more | counts
    )


def _check_pair(narrow: TunedRun, broad: TunedRun) -> None:
    """Raise `DataMistake` where what differs is more than what they were tuned on."""
    for name, values in {
        "start model": [run.record["model"]["digest"] for run in (narrow, broad)],
        "tokens": [sorted(run.recipe.tokens) for run in (narrow, broad)],
    }.items():
        if values[0] != values[1]:
            what = f"the narrow and the broad run have another {name.rstrip('s')}"
            raise DataMistake("divergence", what, "name two runs that differ in their wordings")
    if narrow.model.digest == broad.model.digest:
        raise DataMistake("divergence", "the narrow and the broad run came to one model", "name two that differ")
    if (ways := _ways(narrow)) > _ways(broad):
        what = f"the narrow run was tuned in more wordings ({ways}) than the broad one ({_ways(broad)})"
        raise DataMistake("divergence", what, "give --narrow and --broad the other way round")


def _ways(run: TunedRun) -> int:
    """In how many wordings, or templates, the tasks of a run were tuned on."""
    counts = run.record["counts"]["templates"]
    return sum(number for name, number in counts.items() if name.partition("/")[0] != CLUSTER)


def _tasks(prepared: Prepared, globs: Sequence[str]) -> list[Task]:
    known = {task.name: task for task in (*prepared.seen, *prepared.unseen)}
    if not globs:
        return list(prepared.seen)
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in known):
            raise TaskMistake(
                "--tasks", f"'{glob}' matches no task of the broad run", nearest(glob, known, "its tasks")
            )
    return [task for name, task in known.items() if any(fnmatchcase(name, glob) for glob in globs)]


def _from(
    general: LanguageModel, name: str, run: TunedRun, examples: Sequence[Example], drawing: Drawing, kept: Kept
) -> tuple[Divergence, DrawnAnswers]:
    """D(the run's model || general), and the answers that it was measured on."""
    model = loaded(run.model, run.recipe.trust_remote_code)
    _check_vocabulary(general, model, run)
    with bar(f"drawing answers of the {name} model") as advance:
        drawn = draw_answers(model, examples, format_for(run.recipe, model), drawing, kept, advance)
    values = compared_answers(model, general, drawn.answers, kept, name)
    return estimated(values, drawn.answers, drawn.prompts), drawn


def compared_answers(
    p: LanguageModel, g: LanguageModel, answers: Sequence[Encoded], kept: Kept, name: str
) -> list[tuple[float, float]]:
    """The exact and the sampled log-ratio of each answer under two models, kept as they come."""
    digests = [contents_digest(each.module) for each in (p, g)]
    keys = [key_of(models=digests, ids=each.ids.tolist(), prompt=each.prompt_length) for each in answers]
    known = {place: kept.find(key) for place, key in enumerate(keys)}
    missing = [place for place, value in known.items() if value is None]
    missing.sort(key=lambda place: len(answers[place].ids))
    with bar(f"comparing the {name} model") as advance:
        for start in range(0, len(missing), AT_ONCE):
            part = missing[start : start + AT_ONCE]
            for index, value in compared(p.module, g.module, [answers[place] for place in part]):
                known[part[index]] = value
                kept.keep(keys[part[index]], value)
            advance(start + len(part), len(missing))
    return [(known[place][0], known[place][1]) for place in range(len(answers))]


def _check_vocabulary(general: LanguageModel, model: LanguageModel, run: TunedRun) -> None:
    rows = [len(each.module.get_input_embeddings().weight) for each in (general, model)]
    ids = [[each.tokenizer.id_of(token) for token in run.recipe.tokens] for each in (general, model)]
    if rows[0] != rows[1] or ids[0] != ids[1]:
        what = f"has another vocabulary ({rows[1]} rows) than the general model ({rows[0]})"
        raise DataMistake(str(run.folder), what, "name the start model of the runs with --general")


def _counts(drawn: DrawnAnswers, found: Divergence) -> dict[str, int]:
    said = {"answers": len(drawn.answers), "answer_tokens": found.tokens}
    return said | {"broken_off": drawn.broken_off, "prompts_cut": drawn.cut}


def _facts(run: TunedRun) -> dict[str, Any]:
    return {"folder": str(run.folder), "digest": run.model.digest, "fingerprint": run.record["fingerprint"]}
