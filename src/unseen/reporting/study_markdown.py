"""A study's verdict and table as Markdown, for a repository or an issue."""

from __future__ import annotations

from collections.abc import Iterator

from unseen.reporting.markdown import line, text
from unseen.reporting.numbers import counted, limits, plain, signed
from unseen.reporting.study_facts import amounts, seconds
from unseen.reporting.study_words import caveats, ends_of, headline, measure_of, shown_p, told, word_of
from unseen.study.results import StudyResults
from unseen.study.verdict import ArmVerdict, Verdict

HEADS: tuple[str, ...] = ("arm", "score", "95 %", "rows, tasks, seeds", "difference", "95 %", "p (Holm)", "verdict")


def study_markdown(results: StudyResults, verdict: Verdict) -> str:
    """The question, the verdict, the paper's finding, what to know, and a line an arm."""
    return "\n".join(_lines(results, verdict)) + "\n"


def _lines(results: StudyResults, verdict: Verdict) -> Iterator[str]:
    study = results.study
    yield f"# {study['study']} ({study['size']}, {study['fingerprint'][:8]})\n"
    yield f"{text(study['question'])}\n\n**{text(headline(verdict))}**\n"
    yield from (f"- {text(told(arm, verdict.rule))}" for arm in verdict.arms if arm.word)
    if study.get("paper"):
        yield f"\nThe paper found: {text(study['paper']['finding'])} ({text(study['paper']['source'])})"
    yield f"\nCompared: {text(measure_of(verdict.rule))}.\n"
    yield from (f"- {text(each)}" for each in caveats(results, verdict))
    heads = (*HEADS, *amounts(results), "time a seed", "fingerprints")
    yield f"\n{line(heads)}\n{line(['---'] * len(heads))}"
    yield from (line(_cells(results, verdict, arm)) for arm in verdict.arms)


def _cells(results: StudyResults, verdict: Verdict, arm: ArmVerdict) -> list[str]:
    runs, own, less = results.finished(arm.name), arm.own, arm.difference
    score = ["", "", ""]
    if own:
        main = own.main
        counts = f"{counted(main.rows, 'row')}, {counted(main.tasks, 'task')}, {counted(main.seeds, 'seed')}"
        score = [plain(main.value), limits(ends_of(main)), counts]
    found = ["", "", ""]
    if less:
        ends = limits(ends_of(less.main), difference=True)
        found = [signed(less.main.value), ends, "" if arm.corrected is None else shown_p(arm.corrected)]
    prints = ", ".join(str(run.record.get("fingerprint", ""))[:8] for run in runs)
    facts = [shown(runs)[0] for shown in (*amounts(results).values(), seconds)]
    return [arm.name, *score, *found, word_of(arm, verdict.rule), *facts, prints]
