"""`unseen diversify ...`: diverse data, and many wordings of an instruction."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unseen.cli_backend import BACKEND, DEFAULT_BACKEND, DEFAULT_MODEL, MODEL, AtOnce, BaseUrl, Timeout, backend_of
from unseen.cli_dictionary import dictionary
from unseen.cli_facts import facts
from unseen.cli_wordings import constraints, instructions
from unseen.errors import UserMistake

if TYPE_CHECKING:
    from unseen.ask.chat import Drawing
    from unseen.diversify.diversify import Made, Wanted
    from unseen.diversify.overlap import TaskTexts
    from unseen.diversify.text_faults import Limits
    from unseen.diversify.writing import Source

diversifying = typer.Typer(
    help="Make data that buffers what a few rows and one wording teach by accident.", rich_markup_mode=None
)
diversifying.command()(instructions)
diversifying.command()(constraints)
diversifying.command()(facts)
diversifying.command()(dictionary)

SEEDS, CONTRAST = "seeds:", "contrast:"
Json = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]
Temperature = Annotated[float, typer.Option("--temperature", help="of answers")]
TopP = Annotated[float, typer.Option("--top-p", help="of answers")]
MaxNew = Annotated[int, typer.Option("--max-new-tokens", help="of an answer")]
QuestionTemperature = Annotated[float, typer.Option("--question-temperature", help="of questions that are written")]
QuestionTopP = Annotated[float, typer.Option("--question-top-p", help="of questions that are written")]
QuestionMaxNew = Annotated[int, typer.Option("--question-max-new-tokens", help="of a question that is written")]


@diversifying.command()
def questions(
    number: Annotated[int, typer.Option("--number", min=1, help="so many pairs of question and answer")],
    model: Annotated[str, MODEL] = DEFAULT_MODEL,
    backend: Annotated[str, BACKEND] = DEFAULT_BACKEND,
    from_: Annotated[
        str,
        typer.Option("--from", metavar="nothing|seeds:FILE|FILE|contrast:FILE", help="where questions come from"),
    ] = "nothing",
    task: Annotated[
        str | None,
        typer.Option("--task", help="with contrast:FILE, the task whose rows the wordings of FILE ask about"),
    ] = None,
    temperature: Temperature = 0.7,
    top_p: TopP = 0.95,
    max_new_tokens: MaxNew = 512,
    question_temperature: QuestionTemperature = 1.0,
    question_top_p: QuestionTopP = 0.95,
    question_max_new_tokens: QuestionMaxNew = 256,
    references: Annotated[
        str, typer.Option("--references", metavar="unseen|shown", help="whether the file's answers are shown")
    ] = "unseen",
    system: Annotated[str | None, typer.Option("--system", help="system turn; the model's own when absent")] = None,
    question_words: Annotated[str, typer.Option("--question-words", metavar="LEAST-MOST")] = "2-300",
    answer_words: Annotated[str, typer.Option("--answer-words", metavar="LEAST-MOST")] = "1-1000",
    cut_answers: Annotated[
        str, typer.Option("--cut-answers", metavar="dropped|kept", help="answers broken off at --max-new-tokens")
    ] = "dropped",
    language: Annotated[str | None, typer.Option("--language", help="leave other languages out, such as en")] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", help="leave out what mentions this text; can be given again")
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option("--against", help="globs over cluster/dataset: leave out what overlaps their rows, of all splits"),
    ] = None,
    embedding: Annotated[
        Path | None, typer.Option("--embedding", help="folder of an embedding model, to measure the spread")
    ] = None,
    base_url: BaseUrl = None,
    at_once: AtOnce = 8,
    timeout: Timeout = 120.0,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    out: Annotated[Path | None, typer.Option("--out", help="folder to write to")] = None,
    json: Json = False,
) -> None:
    """Questions that a model (or you) wrote, with its answers; the same command again goes on."""
    from unseen.ask.chat import Drawing
    from unseen.diversify.answering import Answering
    from unseen.diversify.diversify import Wanted, diversify_questions
    from unseen.diversify.keeping import Keeping
    from unseen.diversify.languages import known_language

    _choice("--references", references, "unseen", "shown")
    _choice("--cut-answers", cut_answers, "dropped", "kept")
    keeping = Keeping(
        question_words=_limits("--question-words", question_words),
        answer_words=_limits("--answer-words", answer_words),
        language=None if language is None else known_language(language),
        without=tuple(without or ()),
        cut_answers="kept" if cut_answers == "kept" else "dropped",
    )
    writing = Drawing(question_temperature, question_top_p, question_max_new_tokens)
    answering = Answering(
        Drawing(temperature, top_p, max_new_tokens), seed, "shown" if references == "shown" else "unseen", system
    )
    wanted = Wanted(number, _source(from_, task, writing, seed, system), answering, keeping, embedding)
    texts = _against(against)
    made = diversify_questions(wanted, backend_of(backend, model, base_url, at_once, timeout), out, texts)
    _print(made, wanted, json)


def _choice(option: str, value: str, *known: str) -> None:
    if value not in known:
        raise UserMistake(option, f"there is no '{value}'", f"choose {' or '.join(known)}")


def _source(name: str, task: str | None, drawing: Drawing, seed: int, system: str | None) -> Source:
    from unseen.diversify.given import read_given
    from unseen.diversify.writing import FromFile, FromNothing, FromSeeds

    if name.startswith(CONTRAST) != (task is not None):
        raise UserMistake("--from contrast:FILE", "and --task go together", "give both, or neither")
    if task is not None:
        return _contrast(Path(name.removeprefix(CONTRAST)).expanduser(), task, seed)
    if name == "nothing":
        return FromNothing(drawing, seed, system)
    if name.startswith(SEEDS):
        return FromSeeds(read_given(Path(name.removeprefix(SEEDS)).expanduser()), drawing, seed)
    return FromFile(read_given(Path(name).expanduser()))


def _contrast(wordings: Path, name: str, seed: int) -> Source:
    from unseen.diversify.contrast import contrast_questions
    from unseen.diversify.wording_file import read_wordings
    from unseen.task.catalog import load_catalog

    tasks = [each for each in load_catalog(("shipped", "data", "user")).match([name]) if not each.turned]
    if len(tasks) != 1:
        raise UserMistake("--task", f"'{name}' names {len(tasks)} tasks", "name one, as cluster/dataset")
    return contrast_questions(tasks[0], read_wordings(wordings), seed)


def _limits(option: str, text: str) -> Limits:
    from unseen.diversify.text_faults import Limits

    found = re.fullmatch(r"(\d+)-(\d+)", text)
    if found is None or int(found[1]) > int(found[2]):
        raise UserMistake(option, f"'{text}' is no pair of numbers LEAST-MOST", "write for example 2-300")
    return Limits(int(found[1]), int(found[2]))


def _against(globs: list[str] | None) -> TaskTexts | None:
    from unseen.diversify.overlap import TaskTexts
    from unseen.task.catalog import load_catalog

    return TaskTexts(load_catalog(("shipped", "data", "user")).match(globs)) if globs else None


def _print(made: Made, wanted: Wanted, json: bool) -> None:
    from json import dumps

    from unseen.diversify.output import CHATS
    from unseen.diversify.waves import MOST_TRIES
    from unseen.progress import say
    from unseen.reporting.terminal import print_table

    if json:
        print(dumps({"folder": str(made.folder), **made.record}, ensure_ascii=False, indent=1))
    else:
        record, measured = made.record, made.record["diversity"]["questions"]
        names = ("texts", "distinct_1", "distinct_2", "distinct_3", "self_bleu", "mean_words", "embedding_spread")
        sides = [{"of": side, **made.record["diversity"][side]} for side in ("questions", "answers")]
        print_table([{"of": each["of"], **{n: each[n] for n in names if n in measured}} for each in sides], False)
        for side in ("questions", "answers"):
            for reason, dropped in record[f"dropped_{side}"].items():
                print(f"{dropped['count']} {side} left out: {reason}")
    done, rate = made.done, f"; {made.done.new} new texts, {made.done.new / made.seconds:.1f} a second"
    say(f"{len(done.pairs)} pairs of {done.questions} questions: {made.folder / CHATS}{rate if done.new else ''}")
    if len(made.done.pairs) < wanted.number:
        ended = done.questions == wanted.source.size
        had = "the source has no more questions" if ended else f"{MOST_TRIES} questions were tried for each of them"
        say(f"{wanted.number - len(done.pairs)} fewer than wanted: {had}")
