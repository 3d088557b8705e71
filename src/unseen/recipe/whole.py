"""A whole recipe: its sections, and what they may not say together."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from unseen.errors import RecipeMistake
from unseen.named_path import named_path
from unseen.recipe.diversity import DiversitySettings
from unseen.recipe.evaluate import EvaluateSettings
from unseen.recipe.files import named_files
from unseen.recipe.hold_out import HoldOutSettings
from unseen.recipe.instructions import Encodings
from unseen.recipe.mixture import MixtureSettings
from unseen.recipe.templates import TemplateSettings
from unseen.recipe.tokens import MOST_TOKENS, SPELLING, TokenSettings
from unseen.recipe.train import TrainSettings
from unseen.recipe.values import Seed, SeveralShots
from unseen.section import Section

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


class Recipe(Section):
    manual: ClassVar[str] = "docs/recipe.md"

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="letters, digits and _.-; names the run's folder"
    )
    model: str = Field(
        "smollm2-135m-instruct", description="an alias, a folder, a .gguf file, or a hub id org/name@revision"
    )
    catalogs: tuple[str, ...] = Field(
        ("shipped",), min_length=1, description="where tasks are looked for: shipped, asked, data, p3, user, or folders"
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
        decayed = self.train.weight_decay > 0 or self.train.sharding == "fsdp"
        if self.train.method == "full" and frozen and decayed:
            raise ValueError("new_rows: frozen with method: full needs weight_decay: 0 and sharding: none")
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
        named = named_path(said, RecipeMistake)
        near = self._beside / named
        return near if near.exists() else named

    @property
    def files(self) -> tuple[str, ...]:
        """The files that the recipe names, as it names them."""
        return tuple(place[last] for _, place, last in named_files(self.canonical()))
