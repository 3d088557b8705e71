"""Giving a model new tokens: their ids in its tokenizer, their rows in its embedding and, where it is another matrix,
in its head.

A row begins from the mean of the rows of the words that describe it, from the mean of all rows (Hewitt 2021,
https://nlp.stanford.edu/~johnhew/vocab-expansion.html), from random numbers spread as the rows are, or from what
transformers' `resize_token_embeddings` gives it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.encode.tokenizer import Tokenizer, load_tokenizer
from unseen.errors import ModelMistake, RecipeMistake
from unseen.model.adapter import merged
from unseen.model.backbone import base_of
from unseen.model.folder import NEW_ROWS
from unseen.model.new_token import NewToken
from unseen.model.quiet import quiet_transformers
from unseen.recipe import TokenSettings
from unseen.task.seeds import generator

if TYPE_CHECKING:
    import torch

    from unseen.model.load import LanguageModel


@dataclass(frozen=True, slots=True, eq=False)
class NewRows:
    """New tokens and the rows that they began from: of each side `rows[side]` [tokens, width], in the model's dtype.

    Side `output` is there where the head is another matrix than the embedding. `size` is how many rows each has.
    """

    tokens: tuple[NewToken, ...]
    size: int
    rows: Mapping[str, torch.Tensor]

    @property
    def ids(self) -> list[int]:
        return [token.id for token in self.tokens]


def with_tokens(model: LanguageModel, tokens: Mapping[str, TokenSettings], seed: int) -> LanguageModel:
    """`model`, whose module is used up, knowing `tokens` by their spellings; nothing else of it changes.

    A token that its tokenizer knows already keeps its row, unless its `init` is written. An adapter that is there is
    merged first. Random rows are drawn from (seed, spelling); the global random state is left as it was. Raises
    `RecipeMistake` for a token that cannot be added, `ModelMistake` for a model that cannot be given any.
    """
    if not tokens:
        return model
    if model.kind != "decoder":
        what = "declares tokens, which an encoder-decoder cannot be given yet"
        raise RecipeMistake("tokens", what, "take tokens out, or name a decoder")
    template = model.tokenizer.chat_template
    tokenizer = load_tokenizer(model.folder.tokenizer, template.now if template else None, tuple(tokens))
    starts = _starts(tokenizer, tokens)
    module = merged(model.module)
    known = tokenizer.first_declared
    _resize(module, max(each.id for each in starts) + 1, int(generator(seed, "new tokens").integers(2**62)))
    for side, weight in matrices(module).items():
        table = weight.detach()[:known].float()
        for token in starts:
            _begin(weight, token, tokenizer, tokens[token.text].description, table, seed, side)
    return replace(model, module=module, tokenizer=tokenizer, new_rows=_rows_of(module, starts))


def _starts(tokenizer: Tokenizer, tokens: Mapping[str, TokenSettings]) -> tuple[NewToken, ...]:
    return tuple(
        NewToken(each.text, each.id, each.known, "kept" if each.known and not said.init else said.start)
        for each in tokenizer.declared
        for said in [tokens[each.text]]
    )


def _rows_of(module: Any, tokens: tuple[NewToken, ...]) -> NewRows:
    ids = [token.id for token in tokens]
    found = matrices(module)
    return NewRows(tokens, len(found["input"]), {side: each.detach()[ids].clone() for side, each in found.items()})


def matrices(module: Any) -> dict[str, torch.Tensor]:
    """The embedding's weight (`input`), and the head's (`output`) where it is another one: [rows, width] each."""
    embedding, head = module.get_input_embeddings().weight, module.get_output_embeddings()
    return {"input": embedding} if head is None or head.weight is embedding else _both(embedding, head.weight)


def _both(embedding: torch.Tensor, head: torch.Tensor) -> dict[str, torch.Tensor]:
    if len(embedding) != len(head):
        what = f"has an embedding of {len(embedding):,} rows and a head of {len(head):,}"
        raise ModelMistake("tokens", f"the model {what}, which no new token fits", "name another model")
    return {"input": embedding, "output": head}


def _resize(module: Any, size: int, seed: int) -> None:
    """At least `size` rows; spare rows that a model has are used first. New ones are drawn by transformers."""
    import torch

    if size > len(module.get_input_embeddings().weight):
        with torch.random.fork_rng(), quiet_transformers():
            torch.manual_seed(seed)
            module.resize_token_embeddings(size)


def _begin(
    weight: torch.Tensor,
    token: NewToken,
    tokenizer: Tokenizer,
    description: str,
    table: torch.Tensor,
    seed: int,
    side: str,
) -> None:
    """Put the row of `token` where it begins; `table` [known rows, width] are the rows that the model had."""
    import torch

    if token.start in ("default", "kept"):
        return
    if token.start == "description":
        row = table[_words(description, token, tokenizer)].mean(0)
    else:
        row = table.mean(0)
    if token.start == "random":
        noise = generator(seed, "new row", token.text, side).standard_normal(len(row))
        row = row + table.std(0) * torch.from_numpy(noise).to(row)
    with torch.no_grad():
        weight[token.id] = row.to(weight)


def _words(description: str, token: NewToken, tokenizer: Tokenizer) -> list[int]:
    """Ids of a description's tokens, as often as they stand in it; declared ones, which have no meaning yet, left
    out, and the special ones that a tokenizer puts around a text too."""
    own = {each.id for each in tokenizer.declared}
    ids = [index for index in tokenizer.ids(description).tolist() if index not in own]
    if not ids:
        what = f"the description of '{token.text}' holds no token that the model knows"
        raise RecipeMistake("tokens", what, "describe it in words")
    return ids


def norms(model: LanguageModel) -> list[dict[str, Any]]:
    """Of each new token what it is, and the norms of its rows: where they began (`before`) and as they are (`now`)."""
    if model.new_rows is None:
        return []
    started, now = model.new_rows, _rows_of_adapted(model)
    return [
        token.to_json()
        | {
            f"{side}_norm": {
                "before": float(rows[place].float().norm()),
                "now": float(now[side][place].float().norm()),
            }
            for side, rows in started.rows.items()
        }
        for place, token in enumerate(started.tokens)
    ]


def _rows_of_adapted(model: LanguageModel) -> Mapping[str, torch.Tensor]:
    return _rows_of(base_of(model.module), model.new_rows.tokens).rows if model.new_rows else {}


def save_rows(new: NewRows, folder: Path) -> None:
    """Write the rows that new tokens began from: those that did not learn are nowhere else."""
    from safetensors.torch import save_file

    rows = {side: each.cpu().contiguous() for side, each in new.rows.items()}
    save_file(rows, folder / NEW_ROWS, metadata={"size": str(new.size)})


def put_rows(module: Any, folder: Path, tokens: Sequence[NewToken]) -> None:
    """Give a model, as its base is, the rows of `tokens` that `save_rows` left in `folder`.

    Raises `ModelMistake` naming the file that is missing, or does not fit.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    path = folder / NEW_ROWS
    try:
        with safe_open(path, framework="pt") as file:
            rows = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
            size = int((file.metadata() or {})["size"])
        _resize(module, size, 0)
        with torch.no_grad():
            for side, weight in matrices(module).items():
                weight[[token.id for token in tokens]] = rows[side].to(weight)
    except (OSError, KeyError, ValueError, IndexError, RuntimeError, SafetensorError) as error:
        what = f"does not hold the rows of {len(tokens)} new tokens ({type(error).__name__})"
        raise ModelMistake(str(path), what, "bring back the file that the run wrote") from None
