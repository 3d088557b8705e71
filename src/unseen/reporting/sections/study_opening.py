"""The opening of a study's page: its question, the verdict in words, the paper's finding beside it, what to know."""

from __future__ import annotations

from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import counted
from unseen.reporting.study_words import caveats, headline, kind_of, measure_of, told
from unseen.study.results import StudyResults
from unseen.study.verdict import Verdict

MOST_TOLD = 12  # arms in words; the table has them all


def opening(results: StudyResults, verdict: Verdict) -> Markup:
    judged = [arm for arm in verdict.arms if arm.word]
    kinds = {kind_of(arm) for arm in judged}
    kind = kinds.pop() if len(kinds) == 1 else "open"
    items = [tag("li", told(arm, verdict.rule)) for arm in judged[:MOST_TOLD]]
    rest = len(judged) - MOST_TOLD
    more = tag("li", f"{counted(rest, 'arm')} more in the table below.") if rest > 0 else None
    return tag(
        "section",
        tag("p", str(results.study["question"]), class_="asked"),
        tag("p", headline(verdict), class_=f"headline {kind}"),
        tag("ul", *items, more),
        _paper(results),
        tag("p", _rule(verdict), class_="note"),
        tag("ul", *(tag("li", each) for each in caveats(results, verdict)), class_="caveats"),
        id="verdict",
        aria_label="Verdict",
    )


def _paper(results: StudyResults) -> Markup | None:
    paper = results.study.get("paper")
    if not paper:
        return None
    return tag(
        "p", joined(tag("b", "The paper found: "), paper["finding"], " ", tag("small", paper["source"])), class_="paper"
    )


def _rule(verdict: Verdict) -> str:
    rule = verdict.rule
    return (
        f"Compared: {measure_of(rule)}. Decided beforehand: a difference counts when p, after Holm's correction over "
        f"{counted(verdict.comparisons, 'comparison')}, is at most {rule.level:g}; there is none of interest when the "
        f"whole interval lies within {rule.smallest:g} points of zero; anything else is not decidable at this size."
    )
