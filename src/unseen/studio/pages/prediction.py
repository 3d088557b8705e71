"""One prediction: the whole prompt, every choice with its log-probabilities, and what counts as right."""

from __future__ import annotations

from urllib.parse import urlencode

from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import SIDES, metric_name, plain, row_name, row_told, shots_name, whole
from unseen.reporting.pairs import Pair
from unseen.reporting.sections.examples import answers_of
from unseen.studio.asking import recipe_of
from unseen.studio.frame import Page
from unseen.studio.pages.runs import STYLES, run_path
from unseen.studio.pages.ways_on import at_of, ways_on
from unseen.studio.prediction_table import KINDS, Table, question_of, table_of
from unseen.studio.reply import Shown, Values
from unseen.studio.run_folders import folder_at
from unseen.studio.values import number_of
from unseen.studio.workspace import Workspace

FILTERS = ("kind", "task", "template", "side", "shots", "plain")  # of the list, which its neighbours pass too
LONGEST = 100_000  # characters of a prompt that a page holds
NUMBERS = "The number of a choice is its log-probability, summed over its tokens, in nats. "
RANKED = {
    "sum": "The largest is chosen.",
    "tokens": "The one with the largest mean a token is chosen, so it need not have the largest sum.",
    "unconditional": "The one that gains most over its log-probability without the question is chosen.",
}


def prediction(workspace: Workspace, values: Values) -> Shown:
    """One question: the whole prompt, every choice with its log-probabilities, what both models said."""
    path, number = values["path"], number_of(values)
    folder = folder_at(workspace, path)
    table, pair = table_of(workspace, folder), question_of(workspace, path, number)
    kind = kind_of(table, number)
    wanted = {name: values[name] for name in FILTERS if values.get(name)}
    parts = [
        _neighbours(table, path, number, wanted),
        _facts(pair, kind),
        ways_on(workspace, path, folder, number, pair.question),
        prompt_of(pair),
        tag("h2", "Answers"),
        _numbers(workspace, path, pair) if pair.question.choices else None,
        tag("div", answers_of(pair), class_="example"),
    ]
    title = f"{pair.question.task}, {row_name(pair.question.split, pair.question.row)}"
    return Page(title, "/runs", joined(*parts), wide=True, styles=STYLES, at=at_of(workspace, pair.question))


def kind_of(table: Table, question: int) -> str:
    """What tuning did to a question."""
    return KINDS[int(table.kind[question])]


def _numbers(workspace: Workspace, path: str, pair: Pair) -> Markup:
    """What the log-probabilities are, and how the run ranked by them, as its record says."""
    asked = recipe_of(workspace, path).get("evaluate")
    scoring = asked.get("scoring") if isinstance(asked, dict) else None
    return tag("p", NUMBERS, RANKED.get(str(scoring)), class_="faint")


def _neighbours(table: Table, path: str, number: int, wanted: Values) -> Markup:
    """The list, and the questions before and after this one among those that pass its filters."""
    query = f"?{urlencode(wanted)}" if wanted else ""
    chosen = table.where(wanted)
    before, after = chosen[chosen < number][-1:], chosen[chosen > number][:1]
    links: list[Child] = [tag("a", "The list", href=run_path(path, "predictions") + query)]
    for name, key, found in (("previous", "k", before), ("next", "j", after)):
        links += [tag("a", name, href=run_path(path, f"prediction/{each}") + query, data_key=key) for each in found]
    return tag("p", *(joined(link, " ") for link in links), class_="paging")


def _facts(pair: Pair, kind: str) -> Markup:
    one = pair.question
    facts = {
        "Judged": kind,
        "Row": row_told(one.split, one.row),
        "Template": one.template,
        "Side": SIDES.get(one.side, one.side),
        "Shots": f"{shots_name(one.shots)}, seed {one.seed}",
        "Metrics": ", ".join(map(metric_name, one.metrics)),
        "Cut": "the prompt was cut to fit the model" if one.cut else "",
        "Margins": ", ".join(f"{n} {plain(a.margin, 2)} nats" for n, a in pair.answers if a.margin is not None),
    }
    pairs = [joined(tag("dt", name), tag("dd", said)) for name, said in facts.items() if said]
    return tag("dl", *pairs, class_="facts")


def prompt_of(pair: Pair) -> Markup:
    """The prompt; where tuned was asked in other words than base, both."""
    prompts = {name: each.prompt for name, each in pair.answers}
    if len(set(prompts.values())) == 1:
        return joined(tag("h2", "Prompt"), _text(pair.question.prompt))
    return joined(*(joined(tag("h2", f"Prompt of {name}"), _text(prompt)) for name, prompt in prompts.items()))


def _text(text: str) -> Markup:
    more = len(text) - LONGEST
    cut = tag("p", f"{whole(more)} more characters are not shown.", class_="warn") if more > 0 else None
    return joined(tag("pre", text[:LONGEST], class_="row", dir="auto"), cut)
