"""A model's tokenizer, read from its folder without torch or transformers.

It reads `tokenizer.json` (Hugging Face tokenizers), `tokenizer_config.json` (named tokens, whether a beginning token
is added) and the chat template, and gives the token ids that transformers gives.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding
from tokenizers import Tokenizer as Backend

from unseen.encode.chat_template import ChatTemplate, Endless
from unseen.encode.control import control_tokens, mark, marker, unmark, with_marked_tokens
from unseen.encode.declared import WHERE, Declared, declared_of, with_declared
from unseen.encode.prefix import splits_words
from unseen.errors import ModelMistake, RecipeMistake

KNOWN, SHORT = 20_000, 200  # texts remembered, and their longest, in characters
MEND = "mend chat_template.jinja, or remove it and use format: plain"
NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
REMEDY = "save it with the model: AutoTokenizer.from_pretrained(...).save_pretrained(folder)"


@dataclass(frozen=True, eq=False)
class Tokenizer:
    """Text to token ids and back, with the names and ids of the tokens that steer the model.

    Text given to `split` is in marked spelling: a control token is one only where `mark` or `mark_markup` wrote it.
    `begin` are the ids that plain text starts with (the beginning token, where the model's own tokenizer adds one),
    `finish` those that it puts after one (T5's and BART's end token).
    `vocabulary` is one more than the largest id that text can become; `splits_words`: see `prefix`; `declared` are the
    tokens that a recipe adds to what the folder has.
    """

    folder: Path
    backend: Backend
    control: re.Pattern[str]
    named: Mapping[str, str]
    begin: tuple[int, ...]
    finish: tuple[int, ...]
    chat_template: ChatTemplate | None
    digest: str
    vocabulary: int
    splits_words: bool
    declared: tuple[Declared, ...]
    mark_markup: Callable[[str], str] = field(repr=False)  # markup with its control tokens marked; cached
    known: dict[str, list[int]] = field(default_factory=dict, repr=False)  # of `split_again`
    heads: dict[tuple[str, str], tuple[int, ...] | None] = field(default_factory=dict, repr=False)  # of `head_ids`

    @property
    def end_token(self) -> str | None:
        return self.named.get("eos_token")

    @property
    def end_id(self) -> int | None:
        return self.id_of(self.end_token) if self.end_token else None

    @property
    def first_declared(self) -> int:
        """How many ids there are before those that declared tokens add."""
        fresh = [each.id for each in self.declared if not each.known]
        return min(fresh, default=max(self.backend.get_vocab().values(), default=-1) + 1)

    def id_of(self, token: str) -> int | None:
        """Id of a control token, or of another token of the vocabulary, by its own spelling."""
        index: int | None = self.backend.token_to_id(mark(token))
        return index if index is not None else self.backend.token_to_id(token)

    def split(self, texts: Sequence[str]) -> list[Encoding]:
        """Token ids and character offsets of texts in marked spelling, with nothing added."""
        return self.backend.encode_batch(list(texts), add_special_tokens=False)

    def split_again(self, texts: Collection[str]) -> dict[str, list[int]]:
        """Token ids of texts in marked spelling that come again and again; the short ones are remembered."""
        known = {text: ids for text in texts if (ids := self.known.get(text)) is not None}
        absent = [text for text in dict.fromkeys(texts) if text not in known]
        found = {text: encoding.ids for text, encoding in zip(absent, self.split(absent), strict=True)}
        if len(self.known) > KNOWN:
            self.known.clear()
        self.known.update((text, ids) for text, ids in found.items() if len(text) <= SHORT)
        return known | found

    def head_ids(self, head: str, opener: str) -> tuple[int, ...] | None:
        """Token ids of `head`, if they are its tokens too when the control token `opener` and some text follow."""
        if (head, opener) not in self.heads:
            own, after, whole = (encoding.ids for encoding in self.split([head, opener + "x", head + opener + "x"]))
            self.heads[head, opener] = tuple(own) if own + after == whole else None
        return self.heads[head, opener]

    def ids(self, text: str) -> NDArray[np.int32]:
        """Token ids of text, with nothing added; whatever it spells, no control token comes out."""
        return np.array(self.split([text])[0].ids, dtype=np.int32)

    def decode(self, ids: Sequence[int] | NDArray[Any], *, control: bool = False) -> str:
        """Text of token ids; with `control`, the control tokens among them are spelt out."""
        return unmark(self.backend.decode([int(i) for i in ids], skip_special_tokens=not control))


def load_tokenizer(folder: Path, now: datetime | None = None, tokens: Sequence[str] = ()) -> Tokenizer:
    """The tokenizer that lies in `folder`. `now` is the clock of chat templates that print a date; `tokens` are ones
    that it is to know beside its own (see `declared`).

    Raises `ModelMistake` naming the file that is missing or damaged, `RecipeMistake` for tokens that cannot be added.
    """
    try:
        return _loaded(folder, now or datetime.now(), tokens)
    except (AttributeError, LookupError, TypeError, ValueError, OSError) as error:
        what = f"has tokenizer files that do not hold what their names say ({type(error).__name__}: {error})"
        raise ModelMistake(str(folder), what, REMEDY) from None


def _loaded(folder: Path, now: datetime, tokens: Sequence[str]) -> Tokenizer:
    config = _json(folder / "tokenizer_config.json", {})
    values = _json(folder / "tokenizer.json")
    values["added_tokens"] = _added_tokens(values, config)
    named = _named_tokens(folder, config)
    source = _chat_template_source(folder, config)
    declared = declared_of(values, named, source or "", tokens)
    values = with_declared(values, declared)
    control = control_tokens(values, frozenset(named.values()), source or "")
    text = with_marked_tokens(values, control)
    try:
        backend = Backend.from_str(text)
    except Exception as error:  # the Rust library raises bare Exceptions
        raise ModelMistake(str(folder / "tokenizer.json"), f"is no tokenizer ({error})", REMEDY) from None
    _check_declared(backend, declared)
    pattern = marker(control)
    return Tokenizer(
        folder=folder,
        backend=backend,
        control=pattern,
        named=named,
        begin=_begin(values, config, named, backend),
        finish=_around(values)[1],
        chat_template=_compiled(folder, source, named, now),
        digest=hashlib.sha256(json.dumps([text, source, named, config.get("add_bos_token")]).encode()).hexdigest(),
        vocabulary=max(backend.get_vocab(with_added_tokens=False).values(), default=-1) + 1,
        splits_words=splits_words(values),
        declared=declared,
        mark_markup=lru_cache(maxsize=4096)(lambda markup: pattern.sub(lambda found: mark(found[0]), markup)),
    )


def _check_declared(backend: Backend, declared: Sequence[Declared]) -> None:
    """A token must come out of text as its id, and out of its id as it was spelt."""
    for each in declared:
        if each.id not in backend.encode(f"a{each.text}b", add_special_tokens=False).ids:
            what = f"'{each.text}' is not found in text by this model's tokenizer"
            raise RecipeMistake(WHERE, what, "choose a spelling in plain letters and signs")
        if (said := backend.decode([each.id])) != each.text:
            what = f"'{each.text}' comes out of this model's tokenizer as '{said}'"
            raise RecipeMistake(WHERE, what, "choose a spelling in plain letters and signs")


def _json(path: Path, absent: dict[str, Any] | None = None) -> dict[str, Any]:
    if not path.is_file():
        if absent is None:
            raise ModelMistake(str(path.parent), f"has no {path.name}", REMEDY)
        return absent
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise ModelMistake(str(path), f"is not JSON ({error})", REMEDY) from None
    sound = isinstance(values, dict) and (path.name != "tokenizer.json" or _is_tokenizer(values))
    if not sound:
        raise ModelMistake(str(path), "does not hold what its name says", REMEDY)
    return values  # type: ignore[no-any-return]


def _is_tokenizer(values: dict[str, Any]) -> bool:
    model, added = values.get("model"), values.get("added_tokens") or []
    tokens = isinstance(added, list) and all(isinstance(t, dict) and {"id", "content"} <= t.keys() for t in added)
    return tokens and isinstance(model, dict) and isinstance(model.get("vocab"), (dict, list))


def _added_tokens(values: dict[str, Any], config: dict[str, Any]) -> list[dict[str, Any]]:
    """The file's added tokens, and those that only the configuration of an older transformers lists."""
    added = {token["content"]: token for token in values.get("added_tokens") or []}
    for index, token in (config.get("added_tokens_decoder") or {}).items():
        added.setdefault(token["content"], {**token, "id": int(index)})
    return [{key: token[key] for key in token if key != "__type"} for token in added.values()]


def _named_tokens(folder: Path, config: dict[str, Any]) -> dict[str, str]:
    """`bos_token` and the like, as the tokenizer's configuration names them."""
    older = _json(folder / "special_tokens_map.json", {})
    named = {name: config.get(name, older.get(name)) for name in NAMED}
    texts = {name: token["content"] if isinstance(token, dict) else token for name, token in named.items()}
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def _chat_template_source(folder: Path, config: dict[str, Any]) -> str | None:
    """The chat template: a file of its own, else the configuration's (where a list, the one called 'default')."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    source = config.get("chat_template")
    if isinstance(source, list):
        source = next((each["template"] for each in source if each.get("name") == "default"), None)
    return source if isinstance(source, str) else None


def _compiled(folder: Path, source: str | None, named: dict[str, str], now: datetime) -> ChatTemplate | None:
    if source is None:
        return None
    try:
        return ChatTemplate(source, named, now)
    except jinja2.TemplateError as error:
        raise ModelMistake(str(folder), f"its chat template does not compile ({error})", MEND) from None
    except Endless as endless:
        raise ModelMistake(str(folder), str(endless), MEND) from None


def _begin(values: dict[str, Any], config: dict[str, Any], named: dict[str, str], backend: Backend) -> tuple[int, ...]:
    """Ids before plain text: as `add_bos_token` says, else as the post-processor does."""
    said = config.get("add_bos_token")
    if said is not None:
        index = backend.token_to_id(mark(named["bos_token"])) if said and "bos_token" in named else None
        return () if index is None else (index,)
    return _around(values)[0]


def _around(values: dict[str, Any]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Ids that the post-processor puts before and after one text."""
    processor = values.get("post_processor") or {}
    steps = processor.get("processors", [processor])
    template = next((step for step in steps if step.get("type") == "TemplateProcessing"), None)
    if template is None:
        pairs = [step for step in steps if step.get("type") in ("RobertaProcessing", "BertProcessing")]
        return tuple(step["cls"][1] for step in pairs), tuple(step["sep"][1] for step in pairs)
    place = next((place for place, item in enumerate(template["single"]) if "Sequence" in item), 0)
    return _special(template, template["single"][:place]), _special(template, template["single"][place:])


def _special(template: dict[str, Any], items: Sequence[dict[str, Any]]) -> tuple[int, ...]:
    names = [item["SpecialToken"]["id"] for item in items if "SpecialToken" in item]
    return tuple(index for name in names for index in template["special_tokens"][name]["ids"])
