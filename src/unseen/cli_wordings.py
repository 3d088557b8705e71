"""`unseen diversify instructions` and `unseen diversify constraints`: many wordings, from a grammar or from a model."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unseen.cli_backend import BACKEND, DEFAULT_BACKEND, DEFAULT_MODEL, MODEL, AtOnce, BaseUrl, Timeout, backend_of
from unseen.errors import UserMistake

if TYPE_CHECKING:
    from unseen.diversify.checks import Rules
    from unseen.diversify.form import Form
    from unseen.diversify.special import Beside

MOST = 5000  # wordings a side


def instructions(
    instruction: Annotated[str | None, typer.Option("--instruction", help="the wording that there is")] = None,
    form: Annotated[
        Path | None, typer.Option("--form", help="a file that says its task, input and tokens apart")
    ] = None,
    check: Annotated[Path | None, typer.Option("--check", help="look through a file of wordings, and stop")] = None,
    token: Annotated[
        list[str] | None, typer.Option("--token", help="stands in every wording; can be given again")
    ] = None,
    secret: Annotated[
        list[str] | None, typer.Option("--secret", help="a word that no wording may say; can be given again")
    ] = None,
    input_: Annotated[str | None, typer.Option("--input", help="what the input is called: 'the record'")] = None,
    train: Annotated[int, typer.Option("--train", min=0, max=MOST, help="wordings to tune on")] = 60,
    test: Annotated[int, typer.Option("--test", min=1, max=MOST, help="wordings that are never tuned on")] = 20,
    contrast: Annotated[
        int, typer.Option("--contrast", min=0, max=MOST, help="wordings without the token, and such that forbid it")
    ] = 10,
    otherwise: Annotated[
        str | None,
        typer.Option("--otherwise", help="what is answered where no token is asked for; None: no dictionary"),
    ] = None,
    model: Annotated[str | None, MODEL] = None,
    backend: Annotated[str | None, BACKEND] = None,
    base_url: BaseUrl = None,
    at_once: AtOnce = 8,
    timeout: Timeout = 120.0,
    seed: Annotated[int, typer.Option("--seed", help="of the draw")] = 0,
    out: Annotated[Path | None, typer.Option("--out", help="file to write to")] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON instead of a table")] = False,
) -> None:
    """Many wordings of one instruction, from a grammar, or from a model where one is named."""
    from unseen.diversify.grammar_wordings import grammar_wordings
    from unseen.diversify.model_wordings import model_wordings
    from unseen.diversify.review import check_wordings
    from unseen.diversify.wording_file import read_wordings, write_wordings
    from unseen.reporting.wordings import print_wordings

    if [instruction, form, check].count(None) != 2:
        raise UserMistake("diversify instructions", "give one of --instruction, --form and --check", "see its --help")
    if check:
        wordings = read_wordings(check)
        check_wordings(wordings, str(check))
        print_wordings(wordings, json)
        return
    _check_new(out)
    asked = (instruction, form, token or (), secret or (), input_)
    if backend or model:
        store, (rules, others) = _store(out), _rules(*asked, contrast, seed, otherwise)
        writer = backend_of(backend or DEFAULT_BACKEND, model or DEFAULT_MODEL, base_url, at_once, timeout)
        wordings = model_wordings(rules, writer, store, train, test, seed, others)
    elif base_url:
        raise UserMistake("--base-url", "the grammar asks no server", "name --backend and --model too")
    else:
        made, secrets = _form(*asked)
        wordings = grammar_wordings(made, train, test, seed, secrets, contrast=contrast, otherwise=otherwise)
    if out:
        write_wordings(wordings, out)
    print_wordings(wordings, json)
    if not json:
        _tell(out)


def _store(out: Path | None) -> Path:
    """Where a model's texts are kept as they arrive."""
    if out is None:
        raise UserMistake("--out", "is missing: what a model writes is kept beside it", "name a file to write to")
    return out.with_name(f"{out.name}.sqlite")


def _rules(
    instruction: str | None,
    file: Path | None,
    tokens: Sequence[str],
    secrets: Sequence[str],
    input_: str | None,
    contrast: int,
    seed: int,
    otherwise: str | None,
) -> tuple[Rules, Beside]:
    """What a model's wordings are checked against, and what a set has beside them; that needs the form."""
    from unseen.diversify.grammar_wordings import rules_of
    from unseen.diversify.model_wordings import plain_rules
    from unseen.diversify.special import NOTHING, beside

    plain = None if instruction is None else plain_rules(instruction, tokens, secrets)
    try:
        form, hidden = _form(instruction, file, tokens, secrets, input_)
    except UserMistake as mistake:
        if plain is None:
            raise
        for line in mistake.lines:
            print(f"no special wordings, and no task that all of them share: {line}", file=sys.stderr)
        return plain, NOTHING
    rules = rules_of(form, hidden)
    return rules, beside(form, rules, contrast, seed, otherwise)


def constraints(
    file: Annotated[Path, typer.Argument(metavar="CONSTRAINTS.yaml", help="the constraints, and ways to say each")],
    asked: Annotated[Path, typer.Option("--wordings", help="the wordings that are asked in evaluation")],
    train: Annotated[int, typer.Option("--train", min=1, max=MOST, help="wordings to tune on")] = 60,
    seed: Annotated[int, typer.Option("--seed", help="of the draw")] = 0,
    out: Annotated[Path | None, typer.Option("--out", help="file to write to")] = None,
    json: Annotated[bool, typer.Option("--json", help="print JSON instead of a table")] = False,
) -> None:
    """Wordings that state the constraints on an answer before its input, to tune on; no model is needed."""
    from unseen.diversify.constraints import constraint_wordings, read_constraints
    from unseen.diversify.wording_file import read_wordings, write_wordings
    from unseen.reporting.wordings import print_wordings

    _check_new(out)
    wordings = constraint_wordings(read_constraints(file), read_wordings(asked), train, seed)
    if out:
        write_wordings(wordings, out)
    print_wordings(wordings, json)
    if not json:
        _tell(out)


def _tell(out: Path | None) -> None:
    from unseen.progress import say

    if out is None:
        say("nothing was written; name a file with --out to keep them")
    else:
        say(f"wordings: {out}; look them over, then name the file in a recipe's diversity.wordings")


def _check_new(out: Path | None) -> None:
    if out and out.exists():
        raise UserMistake(str(out), "is there already, and may have been edited", "name another file, or remove it")


def _form(
    instruction: str | None, file: Path | None, tokens: Sequence[str], secrets: Sequence[str], input_: str | None
) -> tuple[Form, tuple[str, ...]]:
    """The form that was given or can be told from an instruction, and the words that must be absent."""
    from unseen.diversify.derive import form_of
    from unseen.diversify.form import read_form

    if file is None:
        told = form_of(instruction or "", tokens, input_, secrets)
        print(f"task: {told.task} | input: {told.input}{_answer(told)}", file=sys.stderr)
        return told, tuple(secrets)
    if tokens or input_:
        option = "--token" if tokens else "--input"
        raise UserMistake(option, "does not go with --form", "say it in the file")
    return read_form(file, secrets)


def _answer(form: Form) -> str:
    """How the answer is put, and what every wording keeps, for the line that says what was understood."""
    put = f" | answer: in the {form.token} {form.whats}" if form.tokens else ""
    return put + "".join(f" | kept: {detail}" for detail in form.details)
