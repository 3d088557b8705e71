"""Tiny random models of real architectures, random examples, and short ways to tune on them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

from unseen.encode.encoded import Encoded
from unseen.model.new_token import NewToken
from unseen.model.new_tokens import NewRows, matrices
from unseen.recipe import TrainSettings
from unseen.train.kept import kept_in
from unseen.train.loop import Tuned, tune
from unseen.train.plan import StepPlan, plan_steps
from unseen.train.replay import Replayed, replay

VOCABULARY = 128
NEW = (20, 77)


SETTINGS = TrainSettings(
    method="full",
    learning_rate=1e-3,
    examples_per_step=4,
    batch_tokens=64,
    precision="float32",
    validation_rows=4,
    checkpoint_every=3,
    validate_every=3,
    warmup=0,
)


@dataclass(frozen=True)
class TinyModel:
    module: Any
    name: str = "tiny"
    digest: str = "tiny"
    kind: str = "decoder"
    context: int = 64
    new_rows: Any = None


def llama(tied: bool = False, **changes: Any) -> TinyModel:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        tie_word_embeddings=tied,
        pad_token_id=2,
        eos_token_id=2,
        bos_token_id=1,
        **changes,
    )
    return TinyModel(LlamaForCausalLM(config).eval())


def gpt2() -> TinyModel:
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=VOCABULARY, n_positions=64, n_embd=32, n_layer=2, n_head=4, bos_token_id=1, eos_token_id=2
    )
    return TinyModel(GPT2LMHeadModel(config).eval())


def t5(own_head: bool = False) -> TinyModel:
    """`own_head`: as T5 1.1 and Flan-T5, gated and with a head that is not the embedding."""
    torch.manual_seed(0)
    kind = {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False} if own_head else {}
    sizes = {"d_model": 32, "d_ff": 48, "d_kv": 8, "num_layers": 2, "num_heads": 4, "vocab_size": VOCABULARY}
    module = T5ForConditionalGeneration(T5Config(**sizes, **kind, eos_token_id=2, decoder_start_token_id=0))
    if own_head:
        module.lm_head.weight = torch.nn.Parameter(torch.randn(VOCABULARY, 32) * 0.02)
    return TinyModel(module.eval(), kind="encoder-decoder")


def bart() -> TinyModel:
    """With weights so large that no gradient is lost in rounding, which Adam would enlarge."""
    torch.manual_seed(0)
    sizes = {f"{side}_{name}": 2 for side in ("encoder", "decoder") for name in ("layers", "attention_heads")}
    config = BartConfig(
        vocab_size=VOCABULARY, d_model=32, encoder_ffn_dim=48, decoder_ffn_dim=48, max_position_embeddings=64,
        eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=None, init_std=0.3, **sizes,
    )  # fmt: skip
    return TinyModel(BartForConditionalGeneration(config).eval(), kind="encoder-decoder")


def with_lora(model: TinyModel, dropout: float = 0.0) -> TinyModel:
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(1)
    config = LoraConfig(r=4, lora_alpha=8, lora_dropout=dropout, target_modules="all-linear", task_type="CAUSAL_LM")
    with warnings.catch_warnings():  # PEFT asks transformers by a name that is going out of use
        warnings.simplefilter("ignore", FutureWarning)
        return TinyModel(get_peft_model(model.module, config).eval())


def with_new_rows(model: TinyModel, ids: Sequence[int] = NEW) -> TinyModel:
    """The model with rows that stand for tokens which it was given; random examples hold these ids as any others."""
    tokens = tuple(NewToken(f"<{index}>", index, True, "kept") for index in ids)
    rows = {side: each.detach()[list(ids)].clone() for side, each in matrices(model.module).items()}
    return replace(model, new_rows=NewRows(tokens, VOCABULARY, rows))


def random_examples(count: int, seed: int = 0, longest: int = 24) -> list[Encoded]:
    """Prompts and completions of many lengths; every completion ends in token 2, which is the pad token too."""
    draw = np.random.default_rng(seed)
    return [_example(f"row/{row}", draw, longest) for row in range(count)]


def alike_examples(count: int, seed: int = 0) -> list[Encoded]:
    """Random examples, every other of which begins as the one before it, so that tries share something."""
    found = random_examples(count, seed)
    return [_beginning_as(found[place - place % 2], each) for place, each in enumerate(found)]


def pair_examples(count: int, seed: int = 0) -> list[Encoded]:
    """Random sources with targets, three of a source one after the other."""
    found = random_examples(count, seed)
    return [_with_source_of(found[place - place % 3], each) for place, each in enumerate(found)]


def _with_source_of(first: Encoded, example: Encoded) -> Encoded:
    source, length = first.ids[: first.prompt_length], first.prompt_length
    ids = np.concatenate([source, example.ids[example.prompt_length :]])
    return Encoded(example.id, ids, (np.arange(len(ids)) >= length).astype(np.float32), length)


def _beginning_as(first: Encoded, example: Encoded) -> Encoded:
    ids = example.ids.copy()
    alike = min(first.prompt_length, example.prompt_length)
    ids[:alike] = first.ids[:alike]
    return replace(example, ids=ids)


def _example(name: str, draw: np.random.Generator, longest: int) -> Encoded:
    length = int(draw.integers(4, longest + 1))
    prompt = int(draw.integers(1, length - 1))
    ids = draw.integers(3, VOCABULARY, length).astype(np.int32)
    ids[-1] = 2
    weights = (np.arange(length) >= prompt).astype(np.float32)
    return Encoded(name, ids, weights, prompt)


def plan_of(examples: Sequence[Encoded], settings: TrainSettings) -> StepPlan:
    order = np.random.default_rng(7).permutation(len(examples))
    return plan_steps(np.tile(order, 40), examples, settings, epoch_length=len(examples))


def run_tiny(model: TinyModel, out: Path, settings: TrainSettings = SETTINGS, count: int = 24, **more: Any) -> Tuned:
    examples = more.pop("examples", None) or random_examples(count)
    return tune(model, plan_of(examples, settings), settings, out, examples=examples, **more)


def changed(settings: TrainSettings = SETTINGS, **values: Any) -> TrainSettings:
    return TrainSettings.model_validate({**settings.model_dump(), **values})


def losses(tuned: Tuned) -> list[float]:
    return [line["loss"] for line in tuned.steps]


def parameters_of(tuned: Tuned) -> dict[str, torch.Tensor]:
    """All parameters of the tuned model, frozen ones too, by name; tied ones once."""
    return {name: each.detach().contiguous() for name, each in tuned.model.module.named_parameters()}


def own_loss(model: TinyModel, example: Encoded) -> float:
    """transformers' own loss of one example, its mean over the supervised tokens."""
    ids = torch.tensor(example.ids.astype(np.int64))[None]
    labels = torch.where(torch.tensor(example.weights)[None] > 0, ids, -100)
    with torch.no_grad():
        return float(model.module(input_ids=ids, labels=labels).loss)


def _long_run(make: Any, **values: Any) -> Any:
    """A run of 40 steps with a checkpoint every third, a validation every fifth."""
    settings = changed(steps=40, checkpoint_every=3, validate_every=5, warmup=0.1, schedule="cosine", **values)

    def run(out: Path, resume: bool = False) -> Tuned:
        held = random_examples(4, seed=9)
        return run_tiny(make(), out, settings, resume=resume, validation=held, replayed=frozenset({0, 16}))

    return run


KILLED_RUNS = {
    "full": _long_run(llama, keep="best_seen"),
    "lora": _long_run(llama, method="lora", rank=4, dropout=0.3, learning_rate=1e-2),
    "adafactor": _long_run(lambda: llama(tied=True), optimizer="adafactor", learning_rate=1e-2),
    "noise": _long_run(llama, embedding_noise=5.0, batches="plain"),
    "t5": _long_run(t5, optimizer="adafactor", learning_rate=1e-2),
    "bart, lora": _long_run(bart, method="lora", rank=4, dropout=0.3, learning_rate=1e-2, keep="best_seen"),
    "new rows": _long_run(lambda: with_new_rows(llama(tied=True)), method="lora", rank=4, learning_rate=1e-2),
}


@dataclass(frozen=True)
class RankedRun:
    """A run that ranks may share; it keeps its first and its fifth step."""

    make: Any
    settings: TrainSettings

    def __call__(self, out: Path, sharding: str = "none") -> Tuned:
        examples, held = alike_examples(24), random_examples(3, seed=9)
        own = changed(self.settings, sharding=sharding)
        kept = frozenset({0, 4})
        return run_tiny(self.make(), out, own, examples=examples, validation=held, resume=True, replayed=kept)

    def replayed(self, out: Path) -> list[Replayed]:
        """The kept steps of the run in `out`, done again by this process alone."""
        examples, kept = alike_examples(24), kept_in(out / "replay")
        return list(replay(self.make, plan_of(examples, self.settings), self.settings, kept, examples=examples, seed=0))


def _ranked_run(make: Any = llama, **values: Any) -> RankedRun:
    """Six steps of five examples, an odd number of micro-batches among them, with validations and checkpoints."""
    return RankedRun(make, changed(**{"steps": 6, "examples_per_step": 5, "batch_tokens": 32} | values))


RANKED_RUNS = {
    "full": _ranked_run(),
    "plain": _ranked_run(batches="plain"),
    "tied": _ranked_run(lambda: llama(tied=True), keep="best_seen"),
    "lora": _ranked_run(method="lora", rank=4, dropout=0.3),
    "lora, plain": _ranked_run(method="lora", rank=4, gradient_checkpointing=True, batches="plain"),
    "gpt2": _ranked_run(gpt2),
    "noise": _ranked_run(gpt2, embedding_noise=5.0, batches="plain"),
    "one micro-batch": _ranked_run(batch_tokens=400, gradient_checkpointing=True),
    "adafactor": _ranked_run(optimizer="adafactor"),
    "t5": _ranked_run(t5, gradient_checkpointing=True),
    "flan": _ranked_run(lambda: t5(own_head=True), batches="plain", learning_rate=3e-4),
    "bart, lora": _ranked_run(bart, method="lora", rank=4, dropout=0.3, learning_rate=3e-4),
    "new rows": _ranked_run(lambda: with_new_rows(llama(tied=True)), method="lora", rank=4, learning_rate=1e-2),
    "new rows alone": _ranked_run(lambda: with_new_rows(llama()), method="tokens", learning_rate=1e-2),
}
TRACKED_RUNS = {"tracked": _ranked_run(tracker=["tensorboard"])}
