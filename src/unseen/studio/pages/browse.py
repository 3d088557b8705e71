"""Browse: datasets and tasks by cluster, searched as one types, and each with its rows, licence and templates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from starlette.routing import Route

from unseen.data.dataset import Dataset
from unseen.errors import UserMistake
from unseen.prompt.way import prompt_source
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import counted
from unseen.studio.frame import Page, choice, filled, joined_lines, note, nothing
from unseen.studio.hand_on import At
from unseen.studio.pages.dataset_rows import rows_of, rows_path
from unseen.studio.reply import Shown, Values, shows
from unseen.studio.turned import turned_note
from unseen.studio.values import from_of
from unseen.studio.workspace import Workspace
from unseen.task.catalog import Catalog
from unseen.task.task import Task

PAGE = 60  # datasets that are shown at once


def routes() -> list[Route]:
    return [
        Route("/", shows(browse)),
        Route("/datasets/{cluster}/{name}", shows(dataset_page)),
        Route("/counts/{cluster}/{name}", shows(counts)),
        Route("/rows/{cluster}/{name}/{split}", shows(rows_part)),
    ]


def browse(workspace: Workspace, values: Values) -> Shown:
    """All datasets whose name, cluster, language, licence or templates hold every word of the search."""
    catalog = workspace.catalog()
    found = _found(catalog, values.get("q", ""), values.get("cluster", ""))
    start = from_of(values)
    parts = [_counted(catalog, found), _table(catalog, found, start), _paging(values, start, len(found))]
    listed = tag("div", *parts, id="found")
    return Page("Browse", "/", joined(_faults(workspace), _search(catalog, values), listed), wide=True)


def _search(catalog: Catalog, values: Values) -> Markup:
    clusters = Counter(dataset.cluster for dataset in catalog.datasets)
    options = [("", "every cluster"), *((name, f"{name} ({clusters[name]})") for name in sorted(clusters))]
    words = tag(
        "input",
        type="search",
        name="q",
        value=values.get("q", ""),
        placeholder="words of a name, a language, a licence, a template",
        aria_label="Search",
        data_key="/",
    )
    chosen = choice("cluster", options, values.get("cluster", ""), aria_label="Cluster")
    new = tag("a", "New dataset from a file", href="/new", class_="button")
    search = tag("button", "Search")
    return tag("form", words, chosen, search, new, action="/", method="get", class_="bar", data_live="#found")


def _found(catalog: Catalog, words: str, cluster: str) -> list[Dataset]:
    wanted = words.lower().split()
    chosen = [each for each in catalog.datasets if cluster in ("", each.cluster)]
    found = [each for each in chosen if all(word in _searched(each) for word in wanted)]
    return sorted(found, key=lambda each: (each.cluster, each.name))


def _searched(dataset: Dataset) -> str:
    templates = [str(each.get("name", "")) for each in dataset.templates]
    said = [dataset.task, *dataset.language, dataset.licence, *dataset.categories, *dataset.domains, *templates]
    return " ".join(said).lower()


def _counted(catalog: Catalog, found: Sequence[Dataset]) -> Markup:
    tasks = _tasks_of(catalog)
    several = sum(len(tasks[each.task]) for each in found)
    missing = f"; {len(catalog.missing)} more are described, but their files are not here" if catalog.missing else ""
    told = f"{counted(len(found), 'dataset')}, {counted(several, 'task')}{missing}."
    return tag("p", told, class_="count")


def _tasks_of(catalog: Catalog) -> dict[str, list[Task]]:
    tasks: dict[str, list[Task]] = {}
    for task in catalog.tasks.values():
        tasks.setdefault(task.dataset.task, []).append(task)
    return tasks


def _table(catalog: Catalog, found: Sequence[Dataset], start: int) -> Markup:
    if not found:
        return nothing("Nothing matches. Take a word away, or choose every cluster.")
    tasks = _tasks_of(catalog)
    names = ("Cluster", "Dataset", "Rows", "Questions", "Templates", "Language", "Licence", "Catalog")
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in names)))
    rows = [_row(each, tasks[each.task]) for each in found[start : start + PAGE]]
    return tag("div", tag("table", head, tag("tbody", *rows)), class_="wide", tabindex="0")


def _row(dataset: Dataset, tasks: Sequence[Task]) -> Markup:
    link = dataset_path(dataset)
    cells: list[Child] = [
        dataset.cluster,
        tag("a", dataset.name, href=link),
        _counts(link.replace("/datasets/", "/counts/", 1)),
        ", ".join(sorted({task.kind for task in tasks})),
        sum(len(task.templates) for task in tasks if not task.name.endswith(":generate")),
        ", ".join(dataset.language),
        dataset.licence or "not given",
        dataset.catalog,
    ]
    return tag("tr", *(tag("td", each) for each in cells))


def _counts(at: str) -> Markup:
    """Where the rows of each split are counted, once it is looked at; without a script, the way to that."""
    alone = tag("noscript", tag("a", "count", href=at))
    return tag("span", "… ", alone, data_fill=at, class_="faint")


def _paging(values: Values, start: int, count: int) -> Markup | None:
    if count <= PAGE:
        return None
    kept = {name: values[name] for name in ("q", "cluster") if values.get(name)}
    links = [
        tag("a", name, href="/?" + urlencode({**kept, "from": at}))
        for name, at in (("earlier", start - PAGE), ("later", start + PAGE))
        if 0 <= at < count
    ]
    return tag("p", f"{start + 1} to {min(start + PAGE, count)} of {count} ", *links, class_="paging")


def counts(workspace: Workspace, values: Values) -> Shown:
    """The rows of each split, in a few words; a file that cannot be read says so in its place."""
    dataset = dataset_named(workspace, values)
    try:
        said = joined(" · ".join(f"{split} {len(workspace.rows(dataset, split)):,}" for split in dataset.splits))
    except UserMistake as mistake:
        said = tag("span", "cannot be read", title=mistake.lines[0], class_="warn")
    return Page(f"Rows of {dataset.task}", "/", said)


def dataset_page(workspace: Workspace, values: Values) -> Shown:
    """One dataset: what its description says, its tasks, its templates, and its rows."""
    dataset = dataset_named(workspace, values)
    tasks = _tasks_of(workspace.catalog())[dataset.task]
    parts = [_facts(dataset), _ways_on(dataset), _tasks(tasks), _templates(tasks), _rows(dataset)]
    return Page(dataset.task, "/", joined(*parts), wide=True, at=At(dataset.task))


def dataset_named(workspace: Workspace, values: Values) -> Dataset:
    """The dataset `cluster/name`. Raises `TaskMistake` with the nearest names."""
    name = f"{values['cluster']}/{values['name']}"
    by_task = {each.task: each for each in workspace.catalog().datasets}
    return by_task[name] if name in by_task else workspace.catalog().task(name).dataset


def dataset_path(dataset: Dataset) -> str:
    return f"/datasets/{quote(dataset.cluster, safe='')}/{quote(dataset.name, safe='')}"


def _facts(dataset: Dataset) -> Markup:
    facts = {
        "Origin": ", ".join(dataset.origin),
        "Made of": ", ".join(dataset.shares_rows_with),
        "Language": ", ".join(dataset.language),
        "Licence": dataset.licence or "not given",
        "Categories": ", ".join(dataset.categories),
        "Domains": ", ".join(dataset.domains),
        "Lists": ", ".join(dataset.lists),
        "Catalog": dataset.catalog,
        "Described in": str(dataset.file or ""),
    }
    return tag(
        "dl", *(joined(tag("dt", name), tag("dd", said)) for name, said in facts.items() if said), class_="facts"
    )


def _ways_on(dataset: Dataset) -> Markup:
    """What one may want to do with a dataset next."""
    ways = {
        "Its templates": f"/templates?{urlencode({'task': dataset.task})}",
        "Its tokens": f"/tokens?{urlencode({'task': dataset.task})}",
        "Tune on it": f"/start?{urlencode({'dataset': dataset.task, 'as': 'seen'})}",
        "Hold it out of a run": f"/start?{urlencode({'dataset': dataset.task, 'as': 'unseen'})}",
    }
    return tag("p", *(tag("a", name, href=href, class_="button") for name, href in ways.items()), class_="bar")


def _tasks(tasks: Sequence[Task]) -> Markup:
    shown = [
        tag("li", tag("code", task.name), f" {task.kind}s, {len(task.templates)} templates, {', '.join(task.metrics)}")
        for task in tasks
    ]
    return joined(tag("h2", "Tasks"), tag("ul", *shown), turned_note(task.name for task in tasks))


def _templates(tasks: Sequence[Task]) -> Markup:
    shown = [
        tag(
            "details",
            tag(
                "summary", tag("a", way.name, href=f"/templates?{urlencode({'task': task.name, 'template': way.name})}")
            ),
            tag("pre", prompt_source(way)),
        )
        for task in tasks
        if not task.name.endswith(":generate")
        for way in task.templates
    ]
    return joined(tag("h2", "Templates"), *(shown or [nothing("None: its rows are instructions already.")]))


def _rows(dataset: Dataset) -> Markup:
    """A place for the rows of each split: a file that is read for the first time may take long; nobody waits for it."""
    shown = [filled(rows_path(dataset, split), f"reading {split} …", id=f"rows-{split}") for split in dataset.splits]
    return joined(tag("h2", "Rows"), *shown)


def rows_part(workspace: Workspace, values: Values) -> Shown:
    return rows_of(workspace, dataset_named(workspace, values), values["split"], values)


def _faults(workspace: Workspace) -> Markup | None:
    faults = workspace.faults()
    if not faults:
        return None
    told = [joined(tag("p", tag("b", f"{name} is left out:")), joined_lines(lines)) for name, lines in faults.items()]
    return note("wrong", *told)
