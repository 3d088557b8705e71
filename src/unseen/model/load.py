"""A model in memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from unseen.encode.tokenizer import Tokenizer, load_tokenizer
from unseen.errors import ModelMistake
from unseen.model.adapter import merged
from unseen.model.contents import contents_of
from unseen.model.folder import Kind, ModelFolder
from unseen.model.learned_rows import settle_rows
from unseen.model.new_tokens import NewRows, put_rows
from unseen.model.quantise import Bits, need_bitsandbytes, quantisation
from unseen.model.quiet import quiet_transformers
from unseen.model.safetensors_file import tensors_of

Dtype = Literal["float32", "bfloat16", "float16"]
CONTEXT_NAMES = ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length", "seq_length")
MOST_PACKED = 16  # numbers in one stored one: quantised files pack several
NO_LIMIT = 1 << 30  # tokens; for models that count positions relatively, such as T5


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """`module` is a transformers model, or a PEFT model around one, in evaluation mode with its dropout set to 0.

    `context` is the longest sequence in tokens. `digest` is that of the files which it was loaded from. `base_bits`:
    how many bits a weight of the base's layers has, None where it has those of `dtype`. `new_rows` are the tokens that
    it was given since it was loaded (new_tokens.py).
    """

    module: Any
    tokenizer: Tokenizer
    folder: ModelFolder
    kind: Kind
    context: int
    dtype: Dtype
    base_bits: Bits | None = None
    new_rows: NewRows | None = None

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def digest(self) -> str:
        return self.folder.digest


def load_model(
    folder: ModelFolder, dtype: Dtype = "float32", trust_remote_code: bool = False, base_bits: Bits | None = None
) -> LanguageModel:
    """Load the model of `folder`, its adapter included.

    With `base_bits` the layers of a model without an adapter are quantised as they are loaded (see quantise.py). An
    adapter that was tuned on such a base gets it again.

    Raises `ModelMistake` when it asks to run code of its own and that is not allowed, when transformers does not know
    its kind, or when the files do not hold exactly the weights that its configuration asks for.
    """
    if folder.remote_code and not trust_remote_code:
        remedy = "read that code, then set trust_remote_code: true in the recipe"
        raise ModelMistake(folder.name, "wants to run Python code that comes with it (auto_map)", remedy)
    tokenizer = load_tokenizer(folder.tokenizer)
    bits = _bits(folder, base_bits)
    with quiet_transformers():
        module = _module(folder, dtype, trust_remote_code, bits)
    _check_vocabulary(folder, module, tokenizer)
    config = module.config
    return LanguageModel(
        module=module.eval(),
        tokenizer=tokenizer,
        folder=folder,
        kind="encoder-decoder" if getattr(config, "is_encoder_decoder", False) else "decoder",
        context=context_of(config),
        dtype=dtype,
        base_bits=bits,
    )


def _bits(folder: ModelFolder, asked: Bits | None) -> Bits | None:
    bits = folder.base_bits or asked
    if folder.base is not None and asked != folder.base_bits and asked is not None:
        remedy = "merge it, or take base_bits out"
        raise ModelMistake(folder.name, f"is an adapter that was not tuned on a base of {asked} bits", remedy)
    if bits is not None:
        need_bitsandbytes()
    return bits


def context_of(config: Any) -> int:
    """The longest sequence, in tokens, that the configuration allows, and that is read as it is in any batch. T5's
    `n_positions` is what it was pre-trained with: its positions are distances, which have no end."""
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    if hasattr(text, "relative_attention_num_buckets"):
        return NO_LIMIT
    found = (getattr(text, name, None) for name in CONTEXT_NAMES)
    declared = next((value for value in found if isinstance(value, int) and value > 0), NO_LIMIT)
    return min(declared, one_rotation(text))


def one_rotation(text: Any) -> int:
    """Up to how many tokens the positions of a text configuration are rotated in one way.

    LongRoPE (Ding et al. 2024; Phi-3 and 4) has one set of frequencies for short and one for long sequences, and
    transformers takes that of the longest row for a whole batch: longer than this, a row's numbers would depend on
    what stands beside it, and on where its cache was cut.
    """
    rope = getattr(text, "rope_parameters", None) or {}
    kinds = [rope, *(each for each in rope.values() if isinstance(each, dict))]  # for all layers, or by their kind
    limits = (each.get("original_max_position_embeddings") for each in kinds if each.get("rope_type") == "longrope")
    return min((limit for limit in limits if limit), default=NO_LIMIT)


def _module(folder: ModelFolder, dtype: Dtype, trust_remote_code: bool, bits: Bits | None) -> Any:
    if folder.base is None:
        return _pretrained(folder.path, dtype, trust_remote_code, bits)
    from peft import PeftModel

    base = merged(_module(folder.base, dtype, trust_remote_code, bits))
    if folder.tokens:
        put_rows(base, folder.path, folder.tokens)
    try:
        module = PeftModel.from_pretrained(base, folder.path)
    except (ValueError, KeyError, RuntimeError, OSError) as error:
        raise ModelMistake(str(folder.path), f"the adapter does not fit its base ({_short(error)})") from None
    settle_rows(module)
    return module


def _pretrained(path: Path, dtype: Dtype, trust_remote_code: bool, bits: Bits | None) -> Any:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    allowed = {"trust_remote_code": trust_remote_code, "local_files_only": True}
    _need_known_kind(path)
    try:
        config = AutoConfig.from_pretrained(path, **allowed)
        _without_dropout(config)
        _refuse_huge(path, config)
        kind = AutoModelForSeq2SeqLM if getattr(config, "is_encoder_decoder", False) else AutoModelForCausalLM
        module, found = kind.from_pretrained(
            path,
            config=config,
            dtype=getattr(torch, dtype),
            use_safetensors=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
            **({} if bits is None else _quantised(bits, dtype)),
            **allowed,
        )
    except ModelMistake:
        raise
    except Exception as error:  # transformers raises whatever the configuration leads it to
        raise ModelMistake(str(path), f"does not load ({_short(error)})", "see whether transformers knows it") from None
    _check_weights(path, found)
    return module


def _quantised(bits: Bits, dtype: Dtype) -> dict[str, Any]:
    """A model is quantised where it is loaded to."""
    import torch

    place = "cuda" if torch.cuda.is_available() else "cpu"
    return {"quantization_config": quantisation(bits, dtype), "device_map": {"": place}}


def _check_vocabulary(folder: ModelFolder, module: Any, tokenizer: Tokenizer) -> None:
    """A tokenizer of another model, with ids beyond the embedding, would fail far away from here."""
    rows = module.get_input_embeddings().weight.shape[0]
    if tokenizer.vocabulary > rows:
        what = f"its tokenizer has {tokenizer.vocabulary:,} ids, its embedding only {rows:,} rows"
        raise ModelMistake(folder.name, what, "bring back the tokenizer that belongs to this model")


def _need_known_kind(path: Path) -> None:
    import transformers

    config = contents_of(path).config
    if config["model_type"] not in transformers.CONFIG_MAPPING and not config.get("auto_map"):
        what = f"is of a kind that transformers {transformers.__version__} does not know ('{config['model_type']}')"
        raise ModelMistake(str(path), what, "update transformers, or name another model")


def _refuse_huge(path: Path, config: Any) -> None:
    """transformers would build, and fill with random numbers, whatever config.json asks for, before it compares that
    with what the files hold."""
    held = [tensor for file in contents_of(path).weights for tensor in tensors_of(file)]
    numbers = sum(math.prod(tensor.shape) for tensor in held)
    text = config.get_text_config()
    layers = getattr(text, "num_hidden_layers", 0)
    embedded = getattr(text, "vocab_size", 0) * getattr(text, "hidden_size", 0)
    if layers > len(held) or embedded > MOST_PACKED * numbers:
        asked = f"{layers:,} layers" if layers > len(held) else f"a vocabulary of {text.vocab_size:,}"
        what = f"config.json asks for {asked}, its files hold {len(held):,} tensors of {numbers:,} numbers in all"
        raise ModelMistake(str(path), what, "download the model again")


def _check_weights(path: Path, found: dict[str, Any]) -> None:
    """transformers fills absent weights with random numbers, and only warns; here that is a mistake."""
    absent = sorted(found.get("missing_keys") or ())
    if absent:
        what = f"holds no weights for {len(absent)} parameters that config.json asks for ({absent[0]})"
        raise ModelMistake(str(path), what, "download the model again")
    unlike = sorted(str(each[0]) for each in found.get("mismatched_keys") or ())
    if unlike:
        what = f"{len(unlike)} weights have another shape than config.json asks for ({unlike[0]})"
        raise ModelMistake(str(path), what, "download the model again")


def _without_dropout(config: Any) -> None:
    """Dropout is 0 unless a recipe asks for it, whatever the model was pre-trained with."""
    for part in (config, config.get_text_config()):
        for name, value in list(vars(part).items()):
            if isinstance(value, float) and ("dropout" in name or name.endswith("_pdrop")):
                setattr(part, name, 0.0)


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
