"""The one loop: `tune` takes a model and a plan of steps, tunes the model in place, and can be killed at any time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.encode.encoded import Encoded
from unseen.errors import RecipeMistake
from unseen.model.adapter import is_adapted, new_ids, trainable
from unseen.model.learned_rows import settle_rows
from unseen.model.quiet import quiet_transformers
from unseen.model.readout import probe_examples, readout_of
from unseen.model.save import save_model
from unseen.phases import TUNING, Phase, Phases
from unseen.progress import phased
from unseen.recipe import NOT_IN_FINGERPRINT, TrainSettings
from unseen.train.batch import Deal
from unseen.train.checkpoint import Checkpoints, Position, best_folder, load_weights
from unseen.train.dealing import Dealing, dealing_of
from unseen.train.kept import FOLDER, Keeping
from unseen.train.machine import autocast_dtype, start
from unseen.train.mode import tuning_mode
from unseen.train.optim import optimizer_of
from unseen.train.plan import StepPlan, check_supervised
from unseen.train.ranks import as_one, join
from unseen.train.run import Run, take_step, validation_loss
from unseen.train.spread import Spread, spread_of
from unseen.train.step import TrainStep
from unseen.train.steplog import StepLine, StepLog, read_steps

if TYPE_CHECKING:
    from unseen.model.load import LanguageModel

LOG = "steps.jsonl"


@dataclass(frozen=True, slots=True)
class Tuned:
    """What tuning did to `model`, whose weights are those after step `kept_step`.

    `steps` are the lines of steps.jsonl. `precision` is the dtype of matrix products; `batches` says whether prefixes
    were shared, and `attention` with what (see dealing.py); `readout` is `own` where logits are the model's own (see
    model/readout.py); `position` names the best step when there was a validation.
    """

    model: LanguageModel
    steps: tuple[dict[str, Any], ...]
    position: Position
    kept_step: int
    precision: str
    batches: str
    attention: str
    readout: str
    processes: int
    trained_parameters: int


def tune(
    model: LanguageModel,
    steps: StepPlan,
    settings: TrainSettings,
    out: Path,
    *,
    examples: Sequence[Encoded],
    validation: Sequence[Encoded] = (),
    seed: int = 0,
    resume: bool = False,
    dealing: Dealing | None = None,
    processes: int | None = None,
    replayed: frozenset[int] = frozenset(),
) -> Tuned:
    """Tune `model` on `steps`, which point into `examples`: a fresh adapter on it, or all of it.

    The module given is used up: it becomes part of the tuned model. `out` receives steps.jsonl and checkpoints/.
    `validation` are held-out rows of seen tasks. `dealing` makes a step's micro-batches, as the recipe and the
    model have it when absent. The state before the steps in `replayed` (from 0) is kept (kept.py). With `resume` the
    run goes on from the last whole checkpoint, or begins when there is none; without it a folder that holds a run is
    refused. `processes` is how many are asked for, None for what the launcher says.

    Raises `RecipeMistake` or `ModelMistake` for what does not fit, `NonFiniteLoss` when a step has no number.
    """
    _check(settings, out, validation, resume)
    keeping = Keeping(out / FOLDER, replayed)
    with ready(
        model, steps, settings, out, examples, validation=validation, seed=seed, dealing=dealing, processes=processes
    ) as (model, run, dealing):
        position = _all_steps(run, _starting_point(run), out, keeping)
        kept = _choose_weights(run, position)
    model, accelerator = replace(model, module=_tuned(run.spread.whole(model.module))), run.spread.accelerator
    autocast = autocast_dtype(settings.precision, accelerator.device)
    return Tuned(
        model=model,
        steps=tuple(read_steps(out / LOG)),
        position=position,
        kept_step=kept,
        precision=str(autocast or next(iter(run.trained.values())).dtype).removeprefix("torch."),
        batches=dealing.batches,
        attention=dealing.attention,
        readout=accelerator.unwrap_model(run.step).readout.kind,
        processes=run.spread.ranks.count,
        trained_parameters=sum(each.numel() for each in run.trained.values()),
    )


@contextmanager
def ready(
    model: LanguageModel,
    steps: StepPlan,
    settings: TrainSettings,
    out: Path,
    examples: Sequence[Encoded],
    *,
    validation: Sequence[Encoded] = (),
    seed: int = 0,
    dealing: Dealing | None = None,
    processes: int | None = None,
) -> Iterator[tuple[LanguageModel, Run, Dealing]]:
    """`model` as it is tuned, and all that its steps need, in the state that they run in. Its module is used up."""
    ranks = join(processes)
    accelerator = start(settings, out, ranks)
    if dealing is None:
        dealing = dealing_of(model, settings, accelerator.device)
    out.mkdir(parents=True, exist_ok=True)
    with quiet_transformers():
        model = replace(model, module=trainable(model.module, settings, seed, new_ids(model)))
    spread = spread_of(settings, model.module, accelerator, ranks)
    ranks.wait()  # every rank has seen the folder before one writes to it
    with as_one(), tuning_mode(model.module, settings, accelerator.device), dealing.running(model.module):
        yield model, _prepare(model, steps, settings, out, spread, examples, validation, seed, dealing.deal), dealing


def _tuned(module: Any) -> Any:
    """`module` as it is asked from now on."""
    if is_adapted(module):
        settle_rows(module)
    return module


def _check(settings: TrainSettings, out: Path, validation: Sequence[Encoded], resume: bool) -> None:
    if not resume and (out / LOG).exists():
        raise RecipeMistake(str(out), "already holds a run", "resume it with --resume, or name another --out")
    for example in validation:
        check_supervised(example)
    if settings.keep == "best_seen" and not validation:
        raise RecipeMistake("train.keep", "best_seen needs validation rows", "set train.validation_rows above 0")


def _prepare(
    model: LanguageModel,
    steps: StepPlan,
    settings: TrainSettings,
    out: Path,
    spread: Spread,
    examples: Sequence[Encoded],
    validation: Sequence[Encoded],
    seed: int,
    deal: Deal,
) -> Run:
    """The wrapped step, its optimizer, and all that the loop needs beside them."""
    accelerator = spread.accelerator
    model.module.to(accelerator.device)
    for parameter in model.module.parameters():
        if parameter.requires_grad:  # in bfloat16 an update of 1/512 of a weight is rounded away
            parameter.data = parameter.data.float()
    readout = readout_of(model.module, deal(probe_examples(model.module))[0])
    inner = TrainStep(model.module, readout, autocast_dtype(settings.precision, accelerator.device))
    step = spread.wrapped(inner)
    trained = inner.trained()  # the parameters as they are after sharding
    optimizer = optimizer_of(trained, settings)
    identity = _identity(model, steps, settings, seed)
    checkpoints = Checkpoints(out / "checkpoints", identity, spread.ranks, spread.write)
    if settings.tracker:
        accelerator.init_trackers("unseen", config=_flat(settings))
    return Run(spread, step, optimizer, trained, steps, examples, validation, settings, deal, seed, checkpoints)


def _identity(model: LanguageModel, steps: StepPlan, settings: TrainSettings, seed: int) -> dict[str, Any]:
    """What a checkpoint must share with the run that resumes it."""
    free = {key.removeprefix("train.") for key in NOT_IN_FINGERPRINT if key.startswith("train.")}
    if model.new_rows is None:
        free.add("new_rows")
    values = settings.model_dump(mode="json", exclude=free)
    named = {f"train.{key}": value for key, value in values.items()}
    if model.new_rows is not None:
        named["tokens"] = [each.to_json() for each in model.new_rows.tokens]
    return {**named, "model": model.digest, "seed": seed, "plan of steps": steps.digest}


def _flat(settings: TrainSettings) -> dict[str, Any]:
    values = settings.model_dump(mode="json").items()
    return {key: value if isinstance(value, int | float | str | bool) else str(value) for key, value in values}


def _starting_point(run: Run) -> Position:
    """Where the last whole checkpoint stands, its state put in place; the beginning when there is none."""
    last = run.spread.ranks.shared(run.checkpoints.last)
    return run.checkpoints.load(last, run.trained, run.optimizer) if last else Position()


def _all_steps(run: Run, position: Position, out: Path, keeping: Keeping) -> Position:
    """Every step from `position` on; validation, the log's line and the checkpoint follow each in this order."""
    log = StepLog(out / LOG, position.step) if run.spread.ranks.leads else None
    total = len(run.plan)
    with phased() as phases:
        advance = phases(Phase(TUNING))
        for number in range(position.step, total):
            keeping.before(run, position, number)
            line = take_step(run, number)
            keeping.after(run, number, line)
            position, line = _validated(run, replace(position, step=line.step), line, phases)
            _write(run, log, line)
            if line.step % run.settings.checkpoint_every == 0 or line.step == total:
                phases(Phase("writing a checkpoint"))
                _save(run, log, position)
            advance(line.step, total)
    for tracker in run.spread.accelerator.trackers:
        tracker.finish()
    return position


def _validated(run: Run, position: Position, line: StepLine, phases: Phases) -> tuple[Position, StepLine]:
    """The position with its best step, and the line with its validation loss, where one is due."""
    due = line.step % run.settings.validate_every == 0 or line.step == len(run.plan)
    if not run.validation or not due:
        return position, line
    phases(Phase("validating"))
    loss = validation_loss(run)
    if position.best_loss is None or loss < position.best_loss:
        position = replace(position, best_loss=loss, best_step=line.step)
        if run.settings.keep == "best_seen":
            run.checkpoints.save_best(position, run.trained)
    return position, replace(line, validation_loss=loss)


def _write(run: Run, log: StepLog | None, line: StepLine) -> None:
    if log is not None:
        log.write(line)
    if run.settings.tracker:
        values = {"loss": line.loss, "learning_rate": line.learning_rate, "grad_norm": line.grad_norm}
        validation = {} if line.validation_loss is None else {"validation_loss": line.validation_loss}
        run.spread.accelerator.log({**values, **validation}, step=line.step)


def _save(run: Run, log: StepLog | None, position: Position) -> None:
    """The log reaches the disk before the checkpoint that counts on it."""
    if log is not None:
        log.sync()
    run.checkpoints.save(position, run.trained, run.optimizer)


def _choose_weights(run: Run, position: Position) -> int:
    """Put the weights to keep in place, and say after which step they were."""
    if run.settings.keep == "last" or position.best_step is None:
        return position.step
    load_weights(best_folder(run.checkpoints.folder, position.best_step), run.trained)
    return position.best_step


def finish(tuned: Tuned, out: Path, tasks: Sequence[str] = (), origins: Sequence[str] = ()) -> Path:
    """Leave the tuned model in `out`/model, with the names of its seen tasks and their published datasets."""
    return save_model(tuned.model, out / "model", tasks, origins)
