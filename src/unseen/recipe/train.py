"""The section `train`: how the model is tuned."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from unseen.recipe.values import MANY, Share
from unseen.section import Section


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
