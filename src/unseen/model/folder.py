"""Which model a name means: an alias, a folder, a run, a GGUF file, a hub id."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Literal

from unseen.data.places import models_root
from unseen.errors import ModelMistake, nearest
from unseen.model import random_models
from unseen.model.contents import contents_of, read_json
from unseen.model.description import TunedOn, described, descriptions
from unseen.model.embedded import ALIAS, embedded_folder
from unseen.model.gguf import converted
from unseen.model.hub import HUB_ID, hub_folder
from unseen.model.new_token import NewToken, tokens_in
from unseen.named_path import named_path
from unseen.phases import Phases, untold

Kind = Literal["decoder", "encoder-decoder"]

ABOUT = "unseen.json"  # what a model that was tuned here says of itself
ADAPTER = "adapter_model.safetensors"
NEW_ROWS = "new_rows.safetensors"  # what the rows of new tokens began from, beside an adapter
REMEDY = " (or name a folder, a .gguf file, or a hub id org/name)"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model that is there, looked into but not loaded.

    `path` holds its files; for an adapter (`base` is set) the adapter's own, while the weights are those of `base`.
    `digest` is that of weights, configuration and adapter; `revision` the hub's commit; `size` the weights' bytes.
    `instruction_tuned_on` names published datasets; `tuned_here` those that runs of ours tuned it on, which are known
    even where the start model's own are not. `base_bits`: what the base was quantised to under the adapter.
    `remote_code`: the configuration asks to run code of its own. `kind` is what the configuration says it is. `tokens`
    are those that its own tuning gave it; the base may have others.
    """

    name: str
    path: Path
    digest: str
    size: int
    instruction_tuned_on: TunedOn
    revision: str | None = None
    base: ModelFolder | None = None
    embedded: bool = False
    remote_code: bool = False
    tuned_here: tuple[str, ...] = ()
    base_bits: Literal[4, 8] | None = None
    kind: Kind = "decoder"
    tokens: tuple[NewToken, ...] = ()

    @property
    def all_tokens(self) -> tuple[NewToken, ...]:
        """Those that its bases were given too; one that was given again counts as it was given last."""
        before = self.base.all_tokens if self.base else ()
        return tuple({each.text: each for each in (*before, *self.tokens)}.values())

    @property
    def tokenizer(self) -> Path:
        """The folder that holds the tokenizer."""
        return self.path if self.base is None or (self.path / "tokenizer.json").is_file() else self.base.tokenizer


def resolve(name: str, *, phases: Phases = untold) -> ModelFolder:
    """The model that `name` means: an alias, a model folder, a run folder, a `.gguf` file, a name under
    `$UNSEEN_MODELS`, or a hub id `org/name[@revision]`; fetched or converted when that is needed, which `phases`
    are told.

    Raises `ModelMistake` when it is not there or damaged, before torch is imported; `DownloadFailed`.
    """
    if name == ALIAS:
        return _plain_model(name, embedded_folder(phases), embedded=True)
    if name in random_models.ALIASES:
        return _plain_model(name, random_models.random_folder(name, phases))
    path = named_path(name, ModelMistake)
    if path.suffix == ".gguf":
        return _plain_model(name, converted(path, phases))
    named = [path] if not (root := models_root()) else [path, root / name]
    for folder in named:
        if folder.is_dir():
            return _local_model(name, folder.absolute(), phases)
    known = described(name)
    hub_id = known.hub[0] if known and known.hub and name == known.name else name
    if HUB_ID.fullmatch(hub_id) and not path.is_absolute():
        folder, commit = hub_folder(hub_id, phases)
        if (folder / "adapter_config.json").is_file():
            return replace(_adapted_model(name, folder, phases), revision=commit)
        return _plain_model(name, folder, revision=commit)
    raise ModelMistake(name, "no such model", nearest(name, descriptions(), "known models") + REMEDY)


def _local_model(name: str, folder: Path, phases: Phases) -> ModelFolder:
    """The model in `folder`, a plain one or a single GGUF file; for a run's folder, the one that the run tuned."""
    files = list(folder.glob("*.gguf"))
    if len(files) == 1 and not (folder / "config.json").is_file():
        return _plain_model(name, converted(files[0], phases))
    if not (folder / "config.json").is_file() and (folder / "model" / ABOUT).is_file():
        folder = folder / "model"
    if (folder / "adapter_config.json").is_file():
        return _adapted_model(name, folder, phases)
    return _plain_model(name, folder)


def _plain_model(name: str, folder: Path, revision: str | None = None, embedded: bool = False) -> ModelFolder:
    contents = contents_of(folder)
    return ModelFolder(
        name=name,
        path=folder,
        digest=contents.digest,
        size=contents.size,
        instruction_tuned_on=_tuned_on(name, folder),
        revision=revision,
        embedded=embedded,
        remote_code=contents.remote_code,
        tuned_here=_tuned_here(folder),
        kind="encoder-decoder" if contents.config.get("is_encoder_decoder") else "decoder",
        tokens=tokens_in(_about(folder), folder / ABOUT),
    )


def _adapted_model(name: str, folder: Path, phases: Phases) -> ModelFolder:
    """An adapter on the model that `unseen.json` names, which must hold the weights that the adapter was tuned on."""
    about = _about(folder)
    weights = folder / ADAPTER
    if not about or not weights.is_file():
        absent = ABOUT if not about else ADAPTER
        raise ModelMistake(str(folder), f"is an adapter without {absent}", "name a run folder, or a merged model")
    tokens = tokens_in(about, folder / ABOUT)
    base = _base(about, folder, phases)
    adapter = _file_digest(weights) + (folder / "adapter_config.json").read_text("utf-8")
    if tokens:
        adapter += _file_digest(folder / NEW_ROWS)
    return ModelFolder(
        name=name,
        path=folder,
        digest=sha256(f"{base.digest} {adapter}{about.get('base_bits') or ''}".encode()).hexdigest(),
        size=base.size + weights.stat().st_size,
        instruction_tuned_on=_tuned_on(name, folder),
        revision=base.revision,
        base=base,
        remote_code=base.remote_code,
        tuned_here=_tuned_here(folder),
        base_bits=about.get("base_bits"),
        kind=base.kind,
        tokens=tokens,
    )


def _file_digest(path: Path) -> str:
    if not path.is_file():
        raise ModelMistake(str(path.parent), f"has no {path.name}", "bring back the file that the run wrote")
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _base(about: dict[str, Any], folder: Path, phases: Phases) -> ModelFolder:
    said = about["base"]
    name = said["path"] if said.get("path") and Path(said["path"]).is_dir() else said["name"]
    _refuse_circle(folder)
    try:
        base = resolve(name, phases=phases)
    except ModelMistake as mistake:
        raise ModelMistake(str(folder), f"its base model cannot be used ({mistake})", "bring the base back") from None
    if base.digest != said["digest"]:
        what = f"was tuned on other weights than '{name}' holds now"
        raise ModelMistake(str(folder), what, "bring the base model back, or tune again")
    return base


def _refuse_circle(folder: Path) -> None:
    """An adapter whose base is an adapter whose base is the first would be resolved for ever."""
    met: list[Path] = []
    while (folder / ABOUT).is_file() and (folder / "adapter_config.json").is_file():
        if folder.resolve() in met:
            raise ModelMistake(str(folder), "is an adapter on itself", "bring back the file unseen.json of the run")
        met.append(folder.resolve())
        said = _about(folder).get("base", {})
        folder = Path(said.get("path") or said.get("name", "")).absolute()


def _tuned_on(name: str, folder: Path) -> TunedOn:
    """What the model says of itself, else what a description says of it."""
    said = _about(folder).get("instruction_tuned_on")
    if said is not None:
        return tuple(said) if isinstance(said, list) else said
    known = described(name)
    return known.instruction_tuned_on if known else "unknown"


def _tuned_here(folder: Path) -> tuple[str, ...]:
    return tuple(_about(folder).get("tuned_here") or ())


def _about(folder: Path) -> dict[str, Any]:
    path = folder / ABOUT
    values = read_json(path) if path.is_file() else {}
    base = values.get("base", {"name": "", "digest": ""})
    if not isinstance(base, dict) or not isinstance(base.get("name"), str) or not isinstance(base.get("digest"), str):
        raise ModelMistake(str(path), "does not name its base model", "bring back the file that the run wrote")
    if values.get("base_bits") not in (None, 4, 8):
        raise ModelMistake(str(path), "base_bits is neither 4 nor 8", "bring back the file that the run wrote")
    return values
