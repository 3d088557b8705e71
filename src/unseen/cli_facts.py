"""`unseen diversify facts`: questions and answers about what a token stands for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unseen.errors import UserMistake

if TYPE_CHECKING:
    from unseen.diversify.facts import Facts


def facts(
    file: Annotated[Path | None, typer.Argument(metavar="[FACTS.yaml]", help="token and facts, as reviewed")] = None,
    recipe: Annotated[Path | None, typer.Option("--recipe", help="a recipe that describes its token")] = None,
    token: Annotated[str | None, typer.Option("--token", help="of the recipe, where it has several")] = None,
    description: Annotated[str | None, typer.Option("--description", help="of the token, without a recipe")] = None,
    per_fact: Annotated[int, typer.Option("--per-fact", min=1, help="questions about each fact")] = 10,
    seed: Annotated[int, typer.Option("--seed", min=0, help="of the draw of questions")] = 0,
    out: Annotated[Path, typer.Option("--out", help="folder to write to")] = Path("facts"),
    json: Annotated[bool, typer.Option("--json", help="print the record as JSON")] = False,
) -> None:
    """Questions and answers about a token's facts, from a grammar; no model is needed."""
    from json import dumps

    from unseen.diversify.fact_questions import FACTS, diversify_facts
    from unseen.diversify.output import CHATS
    from unseen.progress import say

    found = _facts(file, recipe, token, description)
    if (out / FACTS).exists() and (file is None or file.resolve() != (out / FACTS).resolve()):
        remedy = f"use it: unseen diversify facts {out / FACTS} --out {out}; or name another --out"
        raise UserMistake(str(out / FACTS), "is there already, and may have been edited", remedy)
    record = diversify_facts(found, out, per_fact, seed)
    if json:
        print(dumps(record, ensure_ascii=False, indent=1))
    else:
        print("\n".join(f"{number}. {fact}." for number, fact in enumerate(found.sentences, 1)))
    dropped = record["dropped_questions"]["duplicate"]
    say(f"{record['pairs']} pairs about {record['facts']} facts, {dropped} duplicates left out: {out / CHATS}")


def _facts(file: Path | None, recipe: Path | None, token: str | None, description: str | None) -> Facts:
    from unseen.diversify.facts import facts_of, read_facts

    if [file, recipe, description].count(None) != 2:
        raise UserMistake("diversify facts", "give one of FACTS.yaml, --recipe and --description", "see its --help")
    if file is not None:
        if token:
            raise UserMistake("--token", "does not go with a file of facts", "the file names its token")
        return read_facts(file)
    if recipe is not None:
        return facts_of(*_described(recipe, token))
    if not token:
        raise UserMistake("--description", "is of a token, which is not named", "name it with --token")
    return facts_of(token, description or "")


def _described(recipe: Path, token: str | None) -> tuple[str, str]:
    """The token of a recipe and its description."""
    from unseen.errors import nearest
    from unseen.recipe import load_recipe

    tokens = load_recipe(recipe).tokens
    if token is None and len(tokens) != 1:
        names = ", ".join(tokens) or "none"
        raise UserMistake(str(recipe), f"declares {len(tokens)} tokens ({names})", "name one of them with --token")
    name = token or next(iter(tokens))
    if name not in tokens:
        raise UserMistake(str(recipe), f"declares no token '{name}'", nearest(name, tokens, "tokens"))
    return name, tokens[name].description
