"""BLEURT (Sellam et al. 2020; BLEURT-20: Pu et al. 2021) through a converted checkpoint folder that the user names.

Google's checkpoint is for TensorFlow. Two layouts of conversions are read:

- of transformers: `model_type` `rembert` or `bert` with one label, its weights, a `tokenizer.json`. BLEURT-20 is a
  RemBERT encoder, earlier BLEURTs are BERT;
- of lucadiliello/bleurt-pytorch: `model_type` `bleurt`. Its network is RemBERT's where it has an `embedding_size`, as
  BLEURT-20 has, else BERT's, under other names (`bleurt.` for the encoder); the tokenizer is `spm.model`, or a
  `tokenizer.json`.

Neither was tried with the real weights, which are not here; a test holds both layouts to the same scores on random
weights.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from unseen.errors import ModelMistake, one_line
from unseen.model.quiet import quiet_transformers
from unseen.model.safetensors_file import tensors_digest
from unseen.model.sentencepiece_file import unigram_tokenizer

ROWS = 16
MOST_TOKENS = 512
TOKENIZERS = ("tokenizer.json", "spm.model")
FAMILIES = ("rembert", "bert")
WEIGHTS = "model.safetensors"
PICKLED = "pytorch_model.bin"
UNPICKLE = f"write them again: safetensors.torch.save_file(torch.load('{PICKLED}', weights_only=True), '{WEIGHTS}')"
REMEDY = "name a folder with config.json, model.safetensors and tokenizer.json or spm.model, of RemBERT with one label"


@dataclass(frozen=True, slots=True, eq=False)
class Bleurt:
    """A regression model over a reference and what was said, and its tokenizer. `digest`: SHA-256 of its contents."""

    module: Any
    tokenizer: Any
    digest: str

    def scores(self, references: Sequence[str], hypotheses: Sequence[str]) -> list[float]:
        """A score for each pair: about 0 for unrelated texts, about 1 for the same text; the model sets no bounds.

        Pairs of over 512 tokens are cut, the longer text first, as BLEURT cuts them; `cut` says how many those are.
        A score does not depend on what else is scored.
        """
        scores = [0.0] * len(references)
        order = sorted(range(len(references)), key=lambda at: len(references[at]) + len(hypotheses[at]))
        for start in range(0, len(order), ROWS):
            places = order[start : start + ROWS]
            found = self._batch([references[at] for at in places], [hypotheses[at] for at in places])
            for at, score in zip(places, found, strict=True):
                scores[at] = score
        return scores

    def cut(self, references: Sequence[str], hypotheses: Sequence[str]) -> int:
        """How many of these pairs are longer than what the model reads."""
        ids = self.tokenizer(list(references), list(hypotheses))["input_ids"] if references else []
        return sum(len(each) > MOST_TOKENS for each in ids)

    def _batch(self, references: list[str], hypotheses: list[str]) -> list[float]:
        inputs = self.tokenizer(
            references,
            hypotheses,
            padding=True,
            truncation="longest_first",
            max_length=MOST_TOKENS,
            return_token_type_ids=True,
            return_tensors="pt",
        )
        with torch.inference_mode():
            logits = self.module(**inputs.to(self.module.device)).logits
        found: list[float] = logits[:, 0].double().tolist()
        return found


def load_bleurt(folder: Path) -> Bleurt:
    """The BLEURT in `folder`, in float32, on a GPU where there is one.

    Raises `ModelMistake`, one line, for a folder that is not there or is of another layout.
    """
    config = read_config(folder)
    try:
        with quiet_transformers():
            module = _module(folder, config)
            tokenizer = _tokenizer(folder, module.config)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        what = f"is no BLEURT that can be read ({one_line(str(error))[:200]})"
        raise ModelMistake(str(folder), what, REMEDY) from None
    module = module.float().eval().to("cuda" if torch.cuda.is_available() else "cpu")
    return Bleurt(module, tokenizer, _digest(folder, config))


def read_config(folder: Path) -> dict[str, Any]:
    """config.json of a folder that has the files of either layout. Raises `ModelMistake` for any other."""
    if not folder.is_dir():
        raise ModelMistake(str(folder), "there is no such folder of a BLEURT checkpoint", REMEDY)
    absent = [name for name in ("config.json", WEIGHTS) if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in TOKENIZERS):
        absent.append(" or ".join(TOKENIZERS))
    if WEIGHTS in absent and (folder / PICKLED).is_file():
        raise ModelMistake(str(folder), f"has its weights only in {PICKLED}, which can run code", UNPICKLE)
    if absent:
        raise ModelMistake(str(folder), f"is no converted BLEURT: it has no {', no '.join(absent)}", REMEDY)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind, labels = str(config.get("model_type")), len(config.get("id2label") or {"0": "", "1": ""})
    except (ValueError, AttributeError):
        raise ModelMistake(str(folder / "config.json"), "is no configuration", REMEDY) from None
    if kind not in (*FAMILIES, "bleurt") or labels != 1:
        told = f"is no BLEURT: its model_type is {kind}, with {labels} labels"
        raise ModelMistake(str(folder), told, REMEDY)
    return dict(config)


def bleurt_digest(folder: Path) -> str:
    """SHA-256 of weights, configuration and tokenizer. Raises as `load_bleurt` does."""
    return _digest(folder, read_config(folder))


def _digest(folder: Path, config: Mapping[str, Any]) -> str:
    told = hashlib.sha256((json.dumps(config, sort_keys=True) + tensors_digest([folder / WEIGHTS])).encode())
    told.update(next(path for name in TOKENIZERS if (path := folder / name).is_file()).read_bytes())
    return told.hexdigest()


def _module(folder: Path, config: Mapping[str, Any]) -> Any:
    """The network with the folder's weights, every one of them used."""
    from safetensors.torch import load_file
    from transformers import AutoConfig, AutoModelForSequenceClassification

    family = str(config["model_type"])
    said = dict(config)
    if family == "bleurt":
        family = "rembert" if config.get("embedding_size") else "bert"
        said |= {"input_embedding_size": config.get("embedding_size")} if family == "rembert" else {}
    kept = {name: value for name, value in said.items() if name not in ("model_type", "architectures")}
    module = AutoModelForSequenceClassification.from_config(AutoConfig.for_model(family, **kept))
    weights = load_file(folder / WEIGHTS)
    renamed = {_name(name, family): value for name, value in weights.items() if not name.endswith("position_ids")}
    module.load_state_dict(renamed)
    return module


def _name(name: str, family: str) -> str:
    """A weight's name in transformers."""
    if name.startswith("bleurt."):
        name = f"{family}.{name.removeprefix('bleurt.')}"
    return name.replace("encoder.embedding_projection.", "encoder.embedding_hidden_mapping_in.")


def _tokenizer(folder: Path, config: Any) -> Any:
    """The folder's tokenizer, which writes `[CLS] reference [SEP] hypothesis [SEP]` with types 0 and 1."""
    from tokenizers import Tokenizer, processors
    from transformers import PreTrainedTokenizerFast

    fast = folder / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(fast)) if fast.is_file() else unigram_tokenizer(folder / "spm.model")
    pad = next((text for text in ("[PAD]", "<pad>") if tokenizer.token_to_id(text) is not None), None)
    ends = {text: tokenizer.token_to_id(text) for text in ("[CLS]", "[SEP]")}
    if pad is None or None in ends.values():
        raise ValueError("its tokenizer lacks [CLS], [SEP] or [PAD]")
    if tokenizer.get_vocab_size() > config.vocab_size:
        raise ValueError("its tokenizer has more words than its embedding")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=list(ends.items())
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=pad, cls_token="[CLS]", sep_token="[SEP]")
