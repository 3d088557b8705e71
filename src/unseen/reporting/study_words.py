"""A study's verdict in words: what each arm did, what a decision would cost, what is claimed, what must be known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unseen.reporting.numbers import Ends, counted, duration, limits, listed, metric_name, plain, shots_name, signed
from unseen.study.compare import BASE
from unseen.study.estimate import Estimate
from unseen.study.power import MOST_ROWS, SEEDS
from unseen.study.results import StudyResults
from unseen.study.rule import Rule
from unseen.study.verdict import ArmVerdict, Cost, Verdict

SPREADS = {"iqr": "interquartile range over templates", "range": "range over templates (highest less lowest)"}
SHOWN = ("better", "worse", "wider", "narrower")
OVERS = {
    "clusters": "for new seeds, new clusters of tasks and new rows",
    "tasks": "for new seeds, new tasks like these and new rows",
    "rows": "for new seeds and new rows of these very tasks",
}
HALF_A_DIGIT = 0.05  # of a score on the page
LARGEST = 100.0  # points between two scores
SIDES = {"unseen": "unseen tasks", "seen": "seen tasks (new rows)", "unseen_clean": "unseen tasks (clean rows)"}


def kind_of(arm: ArmVerdict) -> str:
    """How a verdict is drawn: better, worse, same, open or void. Of spreads, the narrower is drawn as the better."""
    kinds = {"narrower": "better", "wider": "worse", "no difference": "same", "not decidable": "open"}
    return kinds.get(arm.word or "open", arm.word or "open")


def word_of(arm: ArmVerdict, rule: Rule) -> str:
    """The verdict as the table has it."""
    if arm.word is None:
        return "baseline" if arm.against is None and arm.seeds else "not finished" if not arm.seeds else arm.why
    if arm.word == "no difference":
        return f"no difference beyond {rule.smallest:g}"
    return "not decidable at this size" if arm.word == "not decidable" else arm.word


def measure_of(rule: Rule) -> str:
    """What is compared: "accuracy on unseen tasks, zero-shot, tuned model: median over templates, mean over tasks"."""
    metric = "each task's first metric" if rule.metric == "first" else metric_name(rule.metric)
    model = "tuned minus base" if rule.model == "difference" else "tuned model"
    how = f"{rule.templates} over templates, mean over tasks"
    if rule.of != "score":
        metric, how = f"{SPREADS[rule.of]} of {metric}", "mean over tasks"
    shots = "with each arm's own exemplars" if rule.shots == "own" else shots_name(rule.shots)
    return f"{metric} (0 to 100) on {SIDES.get(rule.side, rule.side)}, {shots}, {model}; {how}"


def than(arm: ArmVerdict) -> str:
    return "its own untuned base" if arm.against == BASE else str(arm.against)


def headline(verdict: Verdict) -> str:
    """One plain sentence, two where the arms make a curve."""
    judged = [arm for arm in verdict.arms if arm.word]
    if not judged:
        return "Nothing could be compared yet."
    if all(arm.word == "void" for arm in judged):
        return "Void: the start model was tuned on what is tested."
    said = _of_one(judged[0], verdict.rule) if len(judged) == 1 else _of_many(judged, verdict.rule)
    return " ".join([said, *(_of_trend(each.axis, each.slope) for each in verdict.trends[:1])])


def _of_one(arm: ArmVerdict, rule: Rule) -> str:
    assert arm.difference is not None
    found = arm.difference.main
    if arm.word in SHOWN:
        return f"{arm.name} is {arm.word} than {than(arm)} by {plain(abs(found.value))} points."
    if arm.word == "no difference":
        return f"{arm.name} and {than(arm)} do not differ by more than {rule.smallest:g} points."
    return f"Not decidable at this size: whether {arm.name} differs from {than(arm)}."


def _of_many(judged: Sequence[ArmVerdict], rule: Rule) -> str:
    """How many arms fell to each verdict, the shown ones by name."""
    parts = []
    for word in SHOWN:
        names = [arm.name for arm in judged if arm.word == word]
        if names:
            parts.append(f"{word}: {listed(names)}")
    same = [arm.name for arm in judged if arm.word == "no difference"]
    if same:
        parts.append(f"no difference beyond {rule.smallest:g} points: {listed(same)}")
    open_, void = (sum(arm.word == word for arm in judged) for word in ("not decidable", "void"))
    if open_ == len(judged):
        return f"Not decidable at this size: none of {len(judged)} comparisons."
    parts += [f"not decidable at this size: {open_} of {len(judged)}"] if open_ else []
    parts += [f"void: {void}"] if void else []
    said = "; ".join(parts)
    return f"{said[0].upper()}{said[1:]}."


def _of_trend(axis: str, slope: Estimate) -> str:
    ends = limits(ends_of(slope), difference=True)
    if slope.low <= 0 <= slope.high:
        return f"No trend over {axis} could be shown: {signed(slope.value)} points a doubling {ends}."
    return f"Each doubling of {axis} {'adds' if slope.value > 0 else 'takes'} {plain(abs(slope.value))} points {ends}."


def told(arm: ArmVerdict, rule: Rule) -> str:
    """An arm's comparison in a sentence or two."""
    if arm.difference is None:
        return f"{arm.name}: {arm.why or 'nothing could be compared'}."
    found = arm.difference.main
    up = sum(each.value > 0 for each in arm.difference.tasks.values())
    down = sum(each.value < 0 for each in arm.difference.tasks.values())
    said = (
        f"{arm.name} less {than(arm)}: {difference(found)} over {counted(found.rows, 'row')}, "
        f"{p_value(arm.corrected)} after Holm's correction; "
        f"up on {up} and down on {down} of {counted(found.tasks, 'task')}. "
    )
    if arm.word == "not decidable":
        shows = ""
        if arm.shows is not None and arm.shows > LARGEST:
            shows = f" So small a study would not show even a difference of {plain(LARGEST)} points."
        elif arm.shows is not None:
            shows = f" So large a study shows true differences from {plain(arm.shows)} points."
        return f"{said}Not decidable at this size.{shows} {cost(arm.cost)}"
    return f"{said}{word_of(arm, rule).capitalize()}{' points' if arm.word == 'no difference' else ''}."


def difference(found: Estimate) -> str:
    return f"{signed(found.value)} points {limits(ends_of(found), difference=True)}"


def ends_of(found: Estimate) -> Ends:
    """Its limits; none where no draw changed anything, which says nothing of how sure it is."""
    return (found.low, found.high) if found.low < found.high else None


def p_value(p: float | None) -> str:
    if p is None:
        return "no p"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def shown_p(p: float) -> str:
    """The number alone, for a table."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def cost(found: Cost | None) -> str:
    """What it would take to decide, with 80 % power either way."""
    if found is None:
        return ""
    sure = "" if found.known else " One seed cannot say how seeds differ, so this counts rows alone."
    if found.seeds is not None:
        hours = f", about {duration(3600 * found.hours)} for these two arms" if found.hours else ""
        return f"A decision would need about {found.seeds} seeds and {found.rows} rows a task{hours}.{sure}"
    if found.tasks is not None:
        return f"No number of seeds and rows would decide it with so few tasks; about {found.tasks} tasks would.{sure}"
    many = f"more than {SEEDS[-1]} seeds with {MOST_ROWS} rows a task"
    return f"A decision would need {many}, or more tasks than there are.{sure}"


def caveats(results: StudyResults, verdict: Verdict) -> Iterator[str]:
    """What a reader must know before repeating the verdict."""
    found = [arm.difference.main for arm in verdict.arms if arm.difference]
    for over in dict.fromkeys(each.over for each in found):
        yield f"Intervals are 95 %, {OVERS[over]}{_where(over, [e for e in found if e.over == over])}."
    together = sum(arm.difference.pilot.family > 0 for arm in verdict.arms if arm.difference)
    if together:
        some = "" if together == len(found) else f" (in {together} of {counted(len(found), 'comparison')})"
        yield f"How much seeds move a difference is taken from all tuned arms together{some}, as if all moved alike."
    if any(each.seeds == 1 for each in found):
        yield "With one seed nothing is said about other seeds: such an interval is of rows (and tasks) alone."
    if any(each.seeds == 2 for each in found):
        yield "Two seeds say little about others: intervals of two are wide, and hold the truth in 92 of 100 cases."
    void = list(dict.fromkeys(task for arm in verdict.arms for task in arm.void))
    if void:
        yield f"Void, and left out: {listed(void, 20)}. The start model was tuned on them, or on their cluster."
    if verdict.unknown:
        yield "Nobody says what the start model was instruction-tuned on: it may have met the unseen tasks before."
    unfinished = [f"{arm.name} seed {arm.seed} ({arm.state})" for arm in results.arms if not arm.finished]
    if unfinished:
        yield f"Not finished, and not counted: {listed(unfinished, 12)}."
    left = {f"{task} ({why})" for arm in verdict.arms for task, why in arm.left_out.items()}
    if left:
        yield f"Left out of comparisons: {listed(sorted(left), 12)}."
    apart = [arm.name for arm in verdict.arms if _stands_apart(arm, verdict)]
    if apart:
        yield (
            f"The scores of {listed(apart, 12)} and of what they are compared with do not subtract to their "
            "differences: a score is over all that an arm was asked, a difference over what both were."
        )


def _stands_apart(arm: ArmVerdict, verdict: Verdict) -> bool:
    """Whether a difference is another than that of the two scores on the page, where both stand there."""
    other = verdict.arm(arm.against).own if arm.difference and arm.against not in (None, BASE) else None
    if arm.difference is None or arm.own is None or other is None:
        return False
    return abs(arm.own.main.value - other.main.value - arm.difference.main.value) >= HALF_A_DIGIT


def _where(over: str, found: Sequence[Estimate]) -> str:
    tasks, clusters = ({getattr(each, name) for each in found} for name in ("tasks", "clusters"))
    counts = f" ({_span(tasks, 'task')} of {_span(clusters, 'cluster')})"
    return counts if over != "rows" else f"{counts}; nothing is claimed about other tasks"


def _span(numbers: set[int], noun: str) -> str:
    most = counted(max(numbers), noun)
    return most if len(numbers) == 1 else f"{min(numbers)} to {most}"
