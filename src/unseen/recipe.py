"""What a recipe file may say.

A recipe is YAML; every section is frozen, forbids unknown keys and answers them with the nearest known one. All
mistakes of a file are told at once. Nothing here imports more than pydantic and PyYAML.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, field_validator, model_validator

from unseen.errors import RecipeMistake
from unseen.section import Section, check_model
from unseen.yamlfile import read_yaml_mapping, yaml_value

MANY = 10**9  # a number beyond it is a slip of the keyboard
MOST_TOKENS = 256
SPELLING = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]{1,64}")  # of a new token
Share = Annotated[float, Field(ge=0.0, lt=1.0)]
SHOTS = {"zero": 0, "one": 1, "few": 16}  # few as in FLAN, which then shows as many as fit
InstructionPart = Literal["title", "definition", "prompt", "avoid", "emphasis", "negative", "positive"]
Wording = Literal["instructions", "dataset_name", "none", "context"]
AskedWording = Literal["original", "trained", "unseen", "bare", "forbidding", "no_token"]


def _number_of_shots(said: Any) -> Any:
    if isinstance(said, str) and said not in SHOTS:
        raise ValueError(f"'{said}' is no number of shots: write a number, zero, one or few")
    return SHOTS[said] if isinstance(said, str) else said


def _listed(said: Any) -> Any:
    return said if isinstance(said, list | tuple) else [said]


def _fraction(said: Any) -> Any:
    if not isinstance(said, str):
        return said
    try:
        return float(Fraction(said))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"'{said}' is no number and no fraction such as 1/256") from None


Shots = Annotated[int, Field(ge=0, le=1000), BeforeValidator(_number_of_shots)]
SeveralShots = Annotated[tuple[Shots, ...], Field(min_length=1), BeforeValidator(_listed)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class HoldOutSettings(Section):
    """The claim, and what happens where the sides' texts overlap."""

    level: Literal["row", "task", "dataset", "cluster"] = Field(
        "cluster", description="the claim: what the unseen side shares nothing of with the seen side"
    )
    overlap: Literal["refuse", "drop_seen", "clean_subset"] = Field(
        "refuse", description="where texts lie on both sides: stop, leave the seen rows out, or ask only clean rows"
    )
    rules: str | None = Field(None, description="rules on clusters that exclude each other: flan")
    near: float = Field(0.9, gt=0.5, le=1.0, description="similarity from which two short rows are near-duplicates")
    ngram: int = Field(13, ge=5, le=50, description="length, in words, of the n-grams compared")


class TemplateSettings(Section):
    per_task: int = Field(
        10, ge=1, le=MANY, description="at most so many templates a task, in the order of its description"
    )
    turned: bool = Field(True, description="tune on turned-around templates of seen tasks too")
    options: Literal["as_written", "suffix"] = Field(
        "as_written", description="suffix: FLAN's list of OPTIONS behind prompts that choose and list no choices"
    )
    wording: Wording = Field("instructions", description="what of the templates' own words is tuned on")


class EncodingSettings(Section):
    """An encoding of instructions; what it leaves out is as in the encoding that its layout is named after."""

    manual: ClassVar[str] = "docs/instructions.md"

    layout: Literal["tk_instruct", "natural_instructions"] = Field(
        "tk_instruct", description="the collection whose layout is written"
    )
    parts: tuple[InstructionPart, ...] | None = Field(None, description="in the order in which v1's layout writes them")
    positive: int | None = Field(None, ge=0, le=1000, description="at most so many positive examples")
    negative: int | None = Field(None, ge=0, le=1000, description="at most so many negative examples")
    explanations: bool | None = Field(None, description="show the reasons and suggestions of examples")
    without: tuple[str, ...] = Field((), description="parts to take away, or `examples`, or `explanations`")


Encodings = Annotated[tuple[str | EncodingSettings, ...], BeforeValidator(_listed)]


class MixtureSettings(Section):
    rate: Literal["examples", "equal", "temperature"] = Field(
        "examples", description="how often a task is drawn: by its rows up to cap, all alike, or by rows to a power"
    )
    cap: int = Field(3000, ge=1, le=MANY, description="rows of a task beyond this do not raise its rate")
    temperature: float = Field(
        2.0, ge=1.0, le=1000.0, description="with rate: temperature, 1 is by rows and more is evener"
    )
    group: int = Field(1, ge=1, le=MANY, description="rows of a task that are drawn together")
    rows: int | None = Field(
        None, ge=1, le=MANY, description="rows of a dataset that are tuned on; fewer ones are among more ones"
    )


class DiversitySettings(Section):
    """Diverse data that buffers the tasks' biased features (DELIA)."""

    ratio: float = Field(0.0, ge=0.0, le=100_000.0, description="diverse examples for each example of the tasks")
    wordings: str | None = Field(
        None,
        description="a file of diversify instructions; templates.per_task of its wordings are tuned on",
    )
    source: str | None = Field(None, description="a file of chats, or the folder that diversify questions wrote")
    schedule: Literal["shuffled", "alternating", "stages"] = Field(
        "shuffled", description="diverse examples among the others, taking turns with them, or after them"
    )
    fraction: Annotated[float, Field(gt=0.0, le=1.0), BeforeValidator(_fraction)] = Field(
        1 / 256, description="with schedule: stages, as much of the tasks' examples comes again among the diverse ones"
    )

    @model_validator(mode="after")
    def _where_it_lies(self) -> DiversitySettings:
        if self.ratio and self.source is None:
            raise ValueError("a ratio needs a source; write one with: unseen diversify questions --out FOLDER")
        if self.schedule == "stages" and not self.ratio:
            raise ValueError("schedule: stages has diverse data in its second stage; give it a ratio and a source")
        return self


class TrainSettings(Section):
    method: Literal["lora", "full", "tokens"] = Field(
        "lora", description="an adapter, every weight, or the rows of new tokens alone"
    )
    new_rows: Literal["learn", "frozen"] = Field("learn", description="whether the rows of new tokens are tuned")
    rank: int = Field(16, ge=1, le=65_536, description="LoRA's rank: the width of the adapter")
    alpha: float | None = Field(None, gt=0, le=MANY, description="LoRA's alpha; twice the rank when absent")
    dropout: float = Field(0.0, ge=0.0, lt=1.0, description="LoRA's dropout")
    targets: Literal["all-linear", "attention"] | tuple[str, ...] = Field(
        "all-linear", description="the layers that LoRA adapts: all-linear, attention, or a list of their names"
    )
    base_bits: Literal[4, 8] | None = Field(None, description="quantise LoRA's frozen base to so many bits, on CUDA")
    optimizer: Literal["adamw", "adafactor"] = Field(
        "adamw", description="AdamW, or Adafactor as T0 and Tk-Instruct were tuned"
    )
    learning_rate: float = Field(2.0e-4, gt=0, le=100, description="the highest rate, after the warm-up")
    betas: tuple[Share, Share] = Field((0.9, 0.999), description="AdamW's two decay rates")
    weight_decay: float = Field(0.0, ge=0, le=100, description="of matrices; other parameters do not decay")
    clip: float | None = Field(1.0, gt=0, description="largest gradient norm; null for none")
    schedule: Literal["constant", "linear", "cosine"] = Field(
        "linear", description="how the rate falls after the warm-up: not at all, linearly or as a cosine to 0"
    )
    warmup: int | float = Field(0.03, ge=0, le=MANY, description="steps, or a share of the steps when below 1")
    examples_per_step: int = Field(32, ge=1, le=MANY, description="examples of an optimizer step")
    epochs: float = Field(1, gt=0, le=100_000, description="how often the mixture is gone through")
    steps: int | None = Field(None, ge=1, le=MANY, description="overrides epochs")
    examples: int | None = Field(None, ge=1, le=MANY, description="of the whole run; overrides steps and epochs")
    max_tokens: int = Field(1024, ge=8, le=MANY, description="the longest example, or source of an encoder-decoder")
    max_target_tokens: int = Field(256, ge=2, le=MANY, description="the longest target of an encoder-decoder")
    batch_tokens: int = Field(
        4096, ge=8, le=MANY, description="tokens that are computed at once: changes time and memory, not the result"
    )
    batches: Literal["trie", "plain"] = Field(
        "trie", description="compute shared prefixes (encoder-decoders: sources) once, or every row alone"
    )
    embedding_noise: float | None = Field(
        None, gt=0, le=MANY, description="alpha of NEFTune's uniform noise on the input embeddings; none when absent"
    )
    loss: Literal["completion", "all"] | dict[Literal["prompt_weight"], float] = Field(
        "completion", description="what is learned: the completion, all tokens, or {prompt_weight: 0.1}"
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="of products; auto is bfloat16 where the machine has it"
    )
    gradient_checkpointing: bool = Field(False, description="compute activations twice to hold fewer of them")
    sharding: Literal["none", "fsdp"] = Field(
        "none", description="whether each of several processes holds the whole model, or a part of it"
    )
    validation_rows: int = Field(64, ge=0, le=MANY, description="held-out rows of seen tasks, over all of them")
    validate_every: int = Field(25, ge=1, le=MANY, description="steps between two validations")
    keep: Literal["last", "best_seen"] = Field(
        "last", description="the model after the last step, or that of the best validation on seen tasks"
    )
    checkpoint_every: int = Field(25, ge=1, le=MANY, description="steps between two checkpoints")
    keep_for_verify: bool = Field(True, description="keep the state before two steps, for `unseen verify` to replay")
    tracker: tuple[Literal["trackio", "tensorboard", "wandb"], ...] = Field(
        (), description="where the numbers of steps are sent too; needs the extra track"
    )

    @field_validator("loss")
    @classmethod
    def _prompt_weight(cls, loss: Any) -> Any:
        if isinstance(loss, dict) and not 0.0 <= loss.get("prompt_weight", -1.0) <= 1.0:
            raise ValueError("prompt_weight must lie between 0 and 1")
        return loss

    @model_validator(mode="after")
    def _something_to_choose_by(self) -> TrainSettings:
        if self.keep == "best_seen" and not self.validation_rows:
            raise ValueError("keep: best_seen chooses by validation rows, and validation_rows is 0")
        return self

    @model_validator(mode="after")
    def _what_noise_is_added_to(self) -> TrainSettings:
        if self.embedding_noise and self.batches == "trie":
            raise ValueError("embedding_noise is drawn for each example, and a trie shares vectors; set batches: plain")
        return self

    @model_validator(mode="after")
    def _what_can_be_sharded(self) -> TrainSettings:
        if self.sharding == "fsdp" and self.optimizer == "adafactor":
            raise ValueError("sharding: fsdp needs adamw; adafactor scales an update by the whole of its matrix")
        return self

    @model_validator(mode="after")
    def _what_can_be_quantised(self) -> TrainSettings:
        if self.base_bits and self.method == "full":
            raise ValueError("base_bits quantises a frozen base, and method: full tunes all of it; set method: lora")
        if self.base_bits and self.sharding == "fsdp":
            raise ValueError("base_bits and sharding: fsdp do not go together; take one of them out")
        return self

    @property
    def prompt_weight(self) -> float:
        """Loss weight of a prompt token; a completion token weighs 1."""
        if isinstance(self.loss, dict):
            return self.loss["prompt_weight"]
        return 1.0 if self.loss == "all" else 0.0


class TokenSettings(Section):
    """A new token: what it stands for, in words, and where its row of the embedding begins."""

    description: str = Field("", max_length=10_000, description="what the token stands for, in words")
    init: Literal["description", "mean", "random", "default"] | None = Field(
        None, description="description where there is one, else mean; a token that the model knows keeps its row"
    )

    @model_validator(mode="after")
    def _words_to_begin_from(self) -> TokenSettings:
        if self.init == "description" and not self.description.strip():
            raise ValueError("init: description begins from the description's tokens, and there is no description")
        return self

    @property
    def start(self) -> Literal["description", "mean", "random", "default"]:
        """What the row of a token that the model does not know begins from."""
        return self.init or ("description" if self.description.strip() else "mean")


class HintSettings(Section):
    """Senses of rare words of a row, behind the prompts that are asked (DiPMT)."""

    dictionary: str = Field(min_length=1, description="a file of words with their senses: diversify dictionary")
    column: str = Field("text", description="the column whose words get hints")
    most: int = Field(5, ge=1, le=1000, description="words of a row that get a hint, the rarest ones")
    senses: int = Field(3, ge=1, le=1000, description="senses of a word that are told")
    rare: int | None = Field(
        10, ge=0, le=MANY, description="how often a rare word stands at most in the dictionary's rows; null for any"
    )


class EvaluateSettings(Section):
    shots: SeveralShots = Field((0,), description="numbers of exemplars to ask with: numbers, zero, one or few")
    rows: int | None = Field(200, ge=1, le=MANY, description="rows of a task; null for all")
    seen_rows: int | None = Field(None, ge=1, le=MANY, description="rows of a seen task; as rows when absent")
    exemplars: Literal["task", "row"] = Field("task", description="few-shot exemplars fixed per task, or drawn per row")
    exemplar_layout: Literal["turns", "one_turn"] = Field(
        "turns", description="exemplars as turns of a chat, or all in the turn that asks"
    )
    balanced: bool = Field(False, description="as many exemplars of each right answer, as far as the shots allow")
    wording: Wording | None = Field(None, description="as templates.wording, in evaluation; the same when absent")
    wordings: Annotated[tuple[AskedWording, ...], Field(min_length=1), BeforeValidator(_listed)] = Field(
        ("unseen",), description="kinds of wordings that are asked in, where diversity.wordings has some"
    )
    formats: int | None = Field(
        None, ge=1, le=1000, description="ask through so many formats of a grammar in place of the templates"
    )
    instructions: Encodings = Field((), description="encodings asked through; as instructions when absent")
    scoring: Literal["sum", "tokens", "unconditional"] = Field(
        "sum", description="choices ranked by summed log-probability, its mean a token, or against no question"
    )
    max_new_tokens: int = Field(64, ge=1, le=MANY, description="the longest generation, in tokens")
    seen: bool = Field(True, description="ask the seen tasks too, on rows that were not tuned on")
    base: bool = Field(True, description="ask the untuned model too; its scores are what tuning is compared with")
    plain_base: bool = Field(True, description="also ask the untuned model with plain GPT-3-style prompts")
    templates: int | None = Field(
        None, ge=1, le=MANY, description="templates a task in evaluation; as templates.per_task when absent"
    )
    seeds: tuple[Seed, ...] = Field((0,), min_length=1, description="seeds of the exemplar draw")
    hints: HintSettings | None = Field(None, description="dictionary hints behind the prompts that are asked")
    bleurt: str | None = Field(None, description="folder of a converted BLEURT-20; adds the metric bleurt")

    @model_validator(mode="after")
    def _formats_or_wording(self) -> EvaluateSettings:
        if self.formats and self.wording not in (None, "instructions"):
            raise ValueError("formats ask in place of the templates, so there is no wording to change; leave one out")
        return self

    def rows_of(self, side: Literal["seen", "unseen"]) -> int | None:
        """At most so many rows of a task on this side are asked."""
        return self.seen_rows if side == "seen" and self.seen_rows is not None else self.rows


class Recipe(Section):
    manual: ClassVar[str] = "docs/recipe.md"

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="letters, digits and _.-; names the run's folder"
    )
    model: str = Field(
        "smollm2-135m-instruct", description="an alias, a folder, a .gguf file, or a hub id org/name@revision"
    )
    catalogs: tuple[str, ...] = Field(
        ("shipped",), min_length=1, description="where tasks are looked for: shipped, data, p3, user, or folders"
    )
    seen: tuple[str, ...] = Field(
        (), description="what is tuned on: globs over cluster/dataset; !glob takes away, list:NAME names a list"
    )
    unseen: tuple[str, ...] = Field((), description="what is only asked, in the same way")
    languages: tuple[str, ...] = Field((), description="only tasks that have no other language than these")
    hold_out: HoldOutSettings = Field(
        HoldOutSettings(), description="the claim, and what happens where the sides' texts overlap"
    )
    templates: TemplateSettings = Field(TemplateSettings(), description="which templates ask, and how they are changed")
    instructions: Encodings = Field(
        (),
        description="how tasks that have an instruction are put: an encoding, or several, one drawn for each example",
    )
    mixture: MixtureSettings = Field(MixtureSettings(), description="how often each task is drawn")
    diversity: DiversitySettings = Field(
        DiversitySettings(), description="diverse data that buffers the tasks' biased features (DELIA)"
    )
    format: Literal["auto", "plain", "chat"] = Field(
        "auto", description="how prompts are laid out; auto is chat where the model has a chat template"
    )
    system: str | None = Field(
        None, description="system turn in the chat format; the template's own default when absent"
    )
    shots: SeveralShots = Field((0,), description="exemplars in each tuning example; of several, one drawn for each")
    tokens: dict[str, TokenSettings] = Field({}, description="tokens that the model is given, by their spelling")
    train: TrainSettings = Field(TrainSettings(), description="how the model is tuned")
    evaluate: EvaluateSettings = Field(EvaluateSettings(), description="what is asked of base and tuned, and how")
    trust_remote_code: bool = Field(False, description="run Python code that comes with the model")
    seed: Seed = Field(0, description="of every draw")

    _beside: Path = PrivateAttr(default=Path())

    @field_validator("tokens")
    @classmethod
    def _spellings(cls, tokens: dict[str, TokenSettings]) -> dict[str, TokenSettings]:
        wrong = [repr(each) for each in tokens if not SPELLING.fullmatch(each)]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: a token is 1 to 64 characters without white space, such as <sep>")
        if len(tokens) > MOST_TOKENS:
            raise ValueError(f"declares {len(tokens)} tokens; {MOST_TOKENS} are the most")
        return tokens

    @model_validator(mode="after")
    def _rows_that_learn(self) -> Recipe:
        frozen = self.train.new_rows == "frozen"
        if self.train.method == "tokens" and (frozen or not self.tokens):
            why = "new_rows is frozen" if frozen else "there are no tokens"
            raise ValueError(f"train.method: tokens tunes the rows of new tokens alone, and {why}")
        if self.train.method == "full" and frozen:
            raise ValueError("train.method: full tunes every row; take new_rows: frozen out, or set method: lora")
        return self

    @model_validator(mode="after")
    def _some_task(self) -> Recipe:
        if not self.seen and not self.unseen:
            raise ValueError("name at least one task under 'seen' or 'unseen'")
        return self

    @model_validator(mode="after")
    def _hints_keep_the_words(self) -> Recipe:
        asked = self.evaluate
        if asked.hints and (asked.formats or (asked.wording or self.templates.wording) != "instructions"):
            raise ValueError("evaluate.hints stand behind whole prompts; leave formats and wording out")
        return self

    @model_validator(mode="after")
    def _every_encoding_is_asked(self) -> Recipe:
        most = self.templates.per_task
        for key, count, limit in (
            ("instructions", len(self.instructions), most),
            ("evaluate.instructions", len(self.evaluate.instructions), self.evaluate.templates or most),
        ):
            if count > limit:
                raise ValueError(f"{key} names {count} encodings, of which {limit} would be taken; raise templates")
        return self

    def canonical(self) -> dict[str, Any]:
        """The recipe as plain JSON values, with every default written out."""
        return self.model_dump(mode="json")

    @property
    def beside(self) -> Path:
        """The folder of the recipe's own file, where files that it names are looked for first."""
        return self._beside

    def lying_in(self, folder: Path) -> Recipe:
        """The same recipe, its own file in `folder`."""
        found = self.model_copy()
        found._beside = folder
        return found

    def place_of(self, said: str) -> Path:
        """Where a file lies that the recipe names: beside its own, or, where none is there, from where the command
        runs."""
        named = Path(said).expanduser()
        near = self._beside / named
        return near if near.exists() else named

    @property
    def files(self) -> tuple[str, ...]:
        """The files that the recipe names, as it names them."""
        return tuple(place[last] for _, place, last in named_files(self.canonical()))


# Values that say where and how fast, not what: they stay out of the fingerprint.
NOT_IN_FINGERPRINT = (
    "name",
    "diversity.wordings",  # their texts are: as templates, and as rows
    "diversity.source",
    "evaluate.bleurt",  # its content is in the record
    "evaluate.hints.dictionary",  # what it says is: beside the templates
    "train.batch_tokens",
    "train.batches",
    "train.gradient_checkpointing",
    "train.sharding",
    "train.tracker",
    "train.checkpoint_every",
    "train.keep_for_verify",
)


def load_recipe(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read and check a recipe file; `overrides` are `key.path=value` strings, their values read as YAML.

    Raises `RecipeMistake` (or `Mistakes`, one line each) naming the file, the key and the remedy.
    """
    path = Path(path)
    values = read_yaml_mapping(path, RecipeMistake)
    override_values(values, overrides, path.parent)
    return check_model(Recipe, values, str(path), RecipeMistake).lying_in(path.parent)


FILES = ("diversity.wordings", "diversity.source", "evaluate.hints.dictionary", "evaluate.bleurt")  # keys that name one


def named_files(values: Any) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Each of `FILES` that recipe values name a file by, the mapping that it stands in, and its last part."""
    for key in FILES:
        *parents, last = key.split(".")
        place = values
        for parent in parents:
            place = place.get(parent) if isinstance(place, dict) else None
        if isinstance(place, dict) and isinstance(place.get(last), str):
            yield key, place, last


def beside(path: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Recipe values that stand in the file `path`, with the paths of the files that lie beside it."""
    found = deepcopy(dict(values))
    for _, place, last in named_files(found):
        if (path.parent / place[last]).exists():
            place[last] = str(path.parent / place[last])
    return found


def named_alike(values: Mapping[str, Any], like: Mapping[str, Any]) -> dict[str, Any]:
    """Recipe values with their files named as `like` names them, where these are the same but for a folder before
    them, which versions up to 0.1 wrote down too."""
    found, names = deepcopy(dict(values)), {key: PurePath(place[last]) for key, place, last in named_files(like)}
    for key, place, last in named_files(found):
        if key in names and PurePath(place[last]).parts[-len(names[key].parts) :] == names[key].parts:
            place[last] = str(names[key])
    return found


def override_values(values: dict[str, Any], overrides: Sequence[str], folder: Path) -> None:
    """Apply each `key.path=value` to recipe values, in place. A file that one names from where the command runs is then
    named from `folder`, in which the recipe lies."""
    for override in overrides:
        set_value(values, override)
    given = {override.partition("=")[0] for override in overrides}
    for key, place, last in named_files(values):
        said = Path(place[last])
        if key in given and not said.is_absolute() and said.exists():
            place[last] = os.path.relpath(said.resolve(), folder.resolve())


def set_value(values: dict[str, Any], override: str) -> None:
    """Apply one `key.path=value` to nested mappings, in place."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise RecipeMistake("--set", f"'{override}' is not KEY=VALUE", "write for example --set train.rank=32")
    value = yaml_value(text, f"--set {key}", RecipeMistake)
    *parents, last = key.split(".")
    place: Any = values
    for parent in parents:
        place = place.setdefault(parent, {})
        if not isinstance(place, dict):
            raise RecipeMistake("--set", f"'{key}' goes through '{parent}', which is no section", "check the key")
    place[last] = value
