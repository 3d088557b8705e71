"""`probe representation`: how near a token comes to the key words of its description, by rows tuned on or by steps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from unseen.errors import DataMistake, RecipeMistake, nearest
from unseen.probe.kept import Kept, key_of
from unseen.probe.key_words import KeyWords, key_words
from unseen.progress import bar
from unseen.study.diverse import CLUSTER
from unseen.study.grids import JOINED
from unseen.study.prepare import prepare
from unseen.study.probes.asked import asked_examples, to_be_asked, told
from unseen.study.probes.runs import TunedRun, loaded, start_facts, start_folder, start_model, tuned_run

if TYPE_CHECKING:
    from unseen.model.folder import ModelFolder
    from unseen.model.load import LanguageModel

Axis = Literal["rows", "steps"]
NOT_THE_SERIES = ("name", "seed", "evaluate")  # of a recipe: runs that differ in nothing else are one curve


@dataclass(frozen=True, slots=True)
class RepresentationAsked:
    """`token` may be absent where the runs have one. `words` are its key words; those of its description when empty.
    `rows` of each task give the texts that it stands in, for layers above 0."""

    runs: tuple[Path, ...]
    token: str | None = None
    words: tuple[str, ...] = ()
    layers: tuple[int, ...] = (0,)
    axis: Axis = "rows"
    rows: int = 32
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Measurement:
    """One model of a run: `at` so many rows or steps, of curve `series`. `mean` is its token's distance to the key
    words `by_word` at `layer`, `others` that of other tokens; `start` says that nothing was tuned yet."""

    series: str
    run: str
    seed: int
    at: int
    start: bool
    layer: int
    mean: float
    by_word: Mapping[str, float]
    others: float


@dataclass(frozen=True, slots=True, eq=False)
class RepresentationFound:
    asked: RepresentationAsked
    token: str
    description: str
    words: KeyWords
    measurements: tuple[Measurement, ...]
    models: dict[str, Any]
    counts: dict[str, Any]


def probe_representation(asked: RepresentationAsked, kept: Kept) -> RepresentationFound:
    """Measure the start model, and what each run made of it.

    Raises `DataMistake` for runs that have no such token, or describe it in other words.
    """
    if len(set(asked.runs)) < len(asked.runs):
        raise DataMistake("representation", "a run is named twice", "name each once")
    runs = [tuned_run(folder) for folder in asked.runs]
    _check_apart(runs)
    token, description = _described(runs, asked.token)
    words = key_words(description, asked.words)
    texts, counts = _texts(runs, token, asked) if any(asked.layers) else ([], {})
    names, found, models = _series(runs), list[Measurement](), dict[str, Any]()
    with bar("measuring") as advance:
        for done, run in enumerate(runs, 1):
            own = names[run.folder], str(run.folder), run.recipe.seed
            for model in _models(run, asked.axis):
                models[f"{run.folder}{' at its start' if model.start else f' at {model.at} {asked.axis}'}"] = (
                    model.facts
                )
                values = _distances(model, token, description, words, texts, asked.layers, kept)
                found += [Measurement(*own, model.at, model.start, **each) for each in values]
            advance(done, len(runs))
    return RepresentationFound(asked, token, description, words, tuple(found), models, counts | {"texts": len(texts)})


def _check_apart(runs: Sequence[TunedRun]) -> None:
    """Raise `DataMistake` where one run was made twice, which would count as two seeds."""
    first: dict[str, Path] = {}
    for run in runs:
        other = first.setdefault(run.record["fingerprint"], run.folder)
        if other != run.folder:
            raise DataMistake(str(run.folder), f"is the same run as {other}", "name one of them")


def _described(runs: Sequence[TunedRun], wanted: str | None) -> tuple[str, str]:
    """The token, and its description, which all runs share."""
    known = runs[0].recipe.tokens
    if not known:
        raise RecipeMistake(str(runs[0].folder), "its recipe declares no token", "name runs of a recipe with 'tokens'")
    if wanted is None and len(known) > 1:
        raise RecipeMistake(str(runs[0].folder), f"has {len(known)} tokens: {', '.join(known)}", "choose with --token")
    token = wanted or next(iter(known))
    for run in runs:
        said = run.recipe.tokens.get(token)
        if said is None:
            raise RecipeMistake(
                str(run.folder), f"has no token '{token}'", nearest(token, run.recipe.tokens, "its tokens")
            )
        if not said.description.strip():
            raise RecipeMistake(str(run.folder), f"does not describe '{token}'", "name runs that describe it")
        if said.description != known[token].description:
            what = f"describes '{token}' in other words than {runs[0].folder}"
            raise RecipeMistake(str(run.folder), what, "probe them apart")
    return token, known[token].description


def _texts(runs: Sequence[TunedRun], token: str, asked: RepresentationAsked) -> tuple[list[str], dict[str, Any]]:
    """Prompts, as the first run asks them, of rows that none of the runs was tuned on, and that say the token; a system
    turn and chat marks are left out."""
    prepared, *others = (prepare(to_be_asked(run.recipe)) for run in runs)
    left_out: Counter[tuple[str, str]] = Counter()
    examples = asked_examples(prepared, prepared.seen, asked.rows, asked.seed, left_out, others)
    texts = [each.prompt for each in examples]
    saying = [text for text in texts if token in text]
    if not saying:
        what = f"none of {len(texts)} rows says '{token}', so it has no place in context"
        raise DataMistake(str(runs[0].folder), what, "take --layer 0, or ask tasks in wordings that name it")
    return saying, {"texts_without_the_token": len(texts) - len(saying), "left_out": told(left_out)}


@dataclass(frozen=True, slots=True)
class _ModelAt:
    """A model of a run `at` so many rows or steps: what it follows from, and how to have it."""

    at: int
    start: bool
    facts: dict[str, Any]
    load: Callable[[], LanguageModel]


def _distances(
    model: _ModelAt,
    token: str,
    description: str,
    words: KeyWords,
    texts: Sequence[str],
    layers: Sequence[int],
    kept: Kept,
) -> list[dict[str, Any]]:
    """Of each layer the values of a `Measurement`; kept, so that the start model of several runs is measured once."""
    from unseen.probe.representation import representation

    def measured() -> list[dict[str, Any]]:
        found = representation(model.load(), token, description, words.words, texts, layers)
        return [{**asdict(each), "by_word": dict(each.by_word), "mean": each.mean} for each in found]

    what = {"token": token, "description": description, "words": words.words, "texts": list(texts), "layers": layers}
    values: list[dict[str, Any]] = kept.once(key_of(probe="single states", model=model.facts, **what), measured)
    return values


def _models(run: TunedRun, axis: Axis) -> Iterator[_ModelAt]:
    folder, trusted = start_folder(run), run.recipe.trust_remote_code
    yield _ModelAt(0, True, start_facts(run.recipe, folder), partial(start_model, run.recipe, folder))
    if axis == "steps":
        yield from _checkpoints(run, folder)
    at = rows_tuned_on(run.record) if axis == "rows" else int(run.record["training"]["kept_step"])
    yield _ModelAt(at, False, {"digest": run.model.digest}, partial(loaded, run.model, trusted))


def _checkpoints(run: TunedRun, folder: ModelFolder) -> Iterator[_ModelAt]:
    """What lies between: the checkpoints that a run still has, and the states that it kept for `unseen verify`."""
    from unseen.train.checkpoint import WEIGHTS, is_whole, position_of

    there = [*run.folder.glob("replay/step-*"), *run.folder.glob("checkpoints/step-*")]
    places = {position_of(path).step: path for path in there if is_whole(path) and (path / WEIGHTS).is_file()}
    for step, path in sorted(places.items()):
        if 0 < step < int(run.record["training"]["kept_step"]):
            with (path / WEIGHTS).open("rb") as file:
                facts = {**start_facts(run.recipe, folder), "weights": file_digest(file, "sha256").hexdigest()}
            yield _ModelAt(step, False, facts, partial(_at_checkpoint, run, folder, path))


def _at_checkpoint(run: TunedRun, folder: ModelFolder, path: Path) -> LanguageModel:
    """The model as it was in the middle of its tuning."""
    from unseen.model.adapter import merged, new_ids, trainable
    from unseen.train.checkpoint import load_weights

    model = start_model(run.recipe, folder)
    module = trainable(model.module, run.recipe.train, run.recipe.seed, new_ids(model))
    load_weights(path, {name: each for name, each in module.named_parameters() if each.requires_grad})
    return replace(model, module=merged(module))


def rows_tuned_on(record: Mapping[str, Any]) -> int:
    """Rows of the tasks' datasets that a run met in tuning, its diverse data left aside; of a record that does not say
    how many it met, those that it was dealt."""
    counts = record["counts"]["rows"]
    return sum(
        int(each.get("met", each["tuned_on"])) for name, each in counts.items() if name.partition("/")[0] != CLUSTER
    )


def _series(runs: Sequence[TunedRun]) -> dict[Path, str]:
    """The curve that each run belongs to: runs whose recipes differ in seed, or in how many rows, are one curve."""
    curves: dict[str, list[Path]] = {}
    for run in runs:
        values = {name: value for name, value in run.recipe.canonical().items() if name not in NOT_THE_SERIES}
        values["mixture"] = {name: value for name, value in values["mixture"].items() if name != "rows"}
        curves.setdefault(json.dumps(values, sort_keys=True), []).append(run.folder)
    names = list[str]()
    for folders in curves.values():
        own = _called(folders)
        names.append(f"{own} ({len(names) + 1})" if own in names else own)
    return {folder: name for name, folders in zip(names, curves.values(), strict=True) for folder in folders}


def _called(folders: Sequence[Path]) -> str:
    """What the names of the runs' folders, or of their arms in a study, have in common: `both` of `rows_15+both` and
    `rows_60+both`. The first of them where that is nothing."""
    places = [folder.absolute() for folder in folders]
    arms = [place.parent.name if place.name.startswith("seed-") else place.name for place in places]
    common = [part for part in arms[0].split(JOINED) if all(part in arm.split(JOINED) for arm in arms)]
    return JOINED.join(common) or arms[0]
