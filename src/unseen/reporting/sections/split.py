"""The split and its proof: what is claimed, what was compared, what was found, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import counted, facts, listed, plain, row_of_id, whole
from unseen.reporting.run_data import ListFacts, RunData
from unseen.reporting.sections.rowtext import short_text
from unseen.reporting.tables import Column, Row, folded, section, table
from unseen.task.proof import Pair, Proof
from unseen.task.task import TURNED
from unseen.task.texts import Compared

CLAIMS = {
    "cluster": "no task of the unseen clusters was tuned on",
    "dataset": "no task over the unseen datasets was tuned on",
    "task": "the unseen tasks were not tuned on; other tasks over the same datasets may have been",
    "row": "the unseen rows were not tuned on; the same tasks were",
}
WHAT_BECAME = {
    "refuse": "the run would have been refused",
    "drop_seen": "the seen rows were left out of the tuning",
    "clean_subset": "the unseen rows without overlap were scored by themselves too",
}
TURNED_AROUND = "Turned around: input and answer change places, so that more is learned from the same rows."
TEXTS = (
    "A row is compared as a whole and, where a column is long enough to say something alone, by that column too: so "
    "there may be more texts than rows. The fingerprint is of all texts together: where another run has the same one, "
    "the same texts were compared."
)
KINDS = {"equal": "equal texts", "near": "near-duplicates", "ngram": "shared runs of words"}


def split_section(run: RunData) -> Markup:
    return section(
        "split",
        "The split and its proof",
        _sides(run),
        _selection(run),
        proof_shown(run.record.hold_out) if run.record.hold_out else _no_proof(run),
        _model(run),
        tag("div", seen_side_shown(run.record.seen_side), id="seen-overlap") if run.record.seen_side else None,
    )


def _no_proof(run: RunData) -> Markup:
    return tag("p", no_proof(run))


def no_proof(run: RunData) -> str:
    tuned = "This run has only one side, so there is nothing to prove apart."
    return tuned if run.record.tasks.seen or run.record.tasks.unseen else "No tasks were named."


def _sides(run: RunData) -> Markup:
    """Seen and unseen tasks side by side, by cluster."""
    seen, unseen = run.record.tasks.seen, run.record.tasks.unseen
    return tag(
        "div", _side("Tuned on (seen)", seen, ()), _side("Held out (unseen)", unseen, tuple(run.void)), class_="sides"
    )


def _side(title: str, tasks: Sequence[str], void: Sequence[str]) -> Markup:
    clusters: dict[str, list[Child]] = {}
    for task in tasks:
        cluster, _, name = task.partition("/")
        if not name.endswith(TURNED):
            shown = f"{name} (also turned)" if task + TURNED in tasks else name
            clusters.setdefault(cluster, []).append(joined(tag("s", shown), " (void)") if task in void else shown)
    items = [tag("li", tag("b", cluster), ": ", _commas(names)) for cluster, names in clusters.items()]
    turned = TURNED_AROUND if any(task.endswith(TURNED) for task in tasks) else None
    return tag("div", tag("h3", title), tag("ul", *items) if items else tag("p", "none"), turned and tag("p", turned))


def _selection(run: RunData) -> Markup | None:
    """Official lists that the recipe names, how much of them was there, and what its languages left out."""
    said: list[tuple[str, Child]] = [(f"List {name}", _listed(each)) for name, each in run.record.lists.items()]
    if run.record.tasks.other_languages:
        said.append(("Left out for their languages", listed(run.record.tasks.other_languages)))
    return facts(said) if said else None


def _listed(each: ListFacts) -> str:
    missing = f"; not here: {listed(each.missing)}" if each.missing else ""
    return f"{each.found} of its {counted(each.entries, 'dataset')} were there{missing}"


def _commas(names: Sequence[Child]) -> Markup:
    return joined(*((", " if place else None, name) for place, name in enumerate(names)))


def proof_shown(proof: Proof) -> Markup:
    """The claim, what was compared and what was found."""
    return joined(
        tag("p", claim(proof)),
        facts(list(proof_facts(proof))),
        folded("What was compared", _compared(proof)),
        pair_counts(proof, "seen", "unseen"),
        _pairs(proof, "seen", "unseen"),
        _wordings(proof),
    )


def claim(proof: Proof) -> str:
    """What the split claims, in words."""
    return (
        f"Claim at level {proof.level}: {CLAIMS.get(proof.level, '')}. Names and origins of datasets were compared at "
        "that level and every finer one; nothing stood on both sides."
    )


def proof_facts(proof: Proof) -> Iterator[tuple[str, Child]]:
    """What was compared, what overlapped, and what became of it."""
    rows = sum(each.rows for each in proof.compared_seen), sum(each.rows for each in proof.compared_unseen)
    yield (
        "Texts compared",
        f"{counted(rows[0], 'seen row')} with {counted(rows[1], 'unseen row')}, as they are before any template: equal "
        f"texts, near-duplicates (at least {plain(100 * proof.near, 0)} % alike), {proof.ngram} words in a row",
    )
    yield "Overlap found", _overlap(proof)
    yield "Coarser overlap", _coarser(proof)
    if proof.rules:
        yield f"Left out by the rules '{proof.rules}'", _excluded(proof)


def _excluded(proof: Proof) -> Child:
    """Tasks that the recipe names as seen and that a paper's rules do not let stand beside the unseen ones."""
    if not proof.excluded:
        return "none: no seen task may not stand beside the unseen ones"
    return tag("ul", *(tag("li", f"{name}: {why}") for name, why in proof.excluded.items()))


def _overlap(proof: Proof) -> str:
    if not proof.counts:
        return "none: no row of one side shares text with the other"
    seen, unseen = sum(each.seen_rows for each in proof.counts), sum(each.unseen_rows for each in proof.counts)
    dropped = sum(map(len, proof.dropped_seen.values()))
    kept = f" ({counted(dropped, 'row')} left out)" if dropped else ""
    met = f"{counted(seen, 'seen row')} and {counted(unseen, 'unseen row')} share text"
    return f"{met}; {WHAT_BECAME.get(proof.overlap, proof.overlap)}{kept}"


def _coarser(proof: Proof) -> str:
    found = [f"{level}: {listed(names)}" for level, names in proof.coarser.items() if names]
    return "; ".join(found) or ("no coarser level than the claim's" if not proof.coarser else "none")


def _compared(proof: Proof) -> Markup:
    columns = [
        Column("side"),
        Column("dataset"),
        *(Column(n, "number") for n in ("rows", "without text", "distinct texts")),
    ]
    rows = [
        (side, *_line(each))
        for side, found in (("seen", proof.compared_seen), ("unseen", proof.compared_unseen))
        for each in found
    ]
    return joined(tag("p", TEXTS), table([*columns, Column("fingerprint of the texts")], rows, "What was compared"))


def _line(each: Compared) -> Row:
    return each.dataset, whole(each.rows), whole(each.without_text), whole(each.texts), tag("code", each.digest)


def pair_counts(proof: Proof, one: str, other: str) -> Markup | None:
    """How many rows of `one` and of the `other` side share text, by their datasets."""
    if not proof.counts:
        return None
    columns = [
        Column(f"{one} dataset"),
        Column(f"{other} dataset"),
        Column(f"{one} rows", "number"),
        Column(f"{other} rows", "number"),
        Column("how they meet"),
    ]
    rows = [
        (each.seen_dataset, each.unseen_dataset, each.seen_rows, each.unseen_rows,
         ", ".join(f"{KINDS.get(kind, kind)} {number}" for kind, number in each.kinds.items()))
        for each in proof.counts
    ]  # fmt: skip
    return table(columns, rows, "Rows that share text")


def _pairs(proof: Proof, one: str, other: str) -> Markup | None:
    if not proof.pairs:
        return None
    heads = ("how", "measure", f"{one} row", f"{other} row", f"{one} text", f"{other} text", "shared", "fingerprints")
    shown = table([*map(Column, heads)], map(_pair, proof.pairs), "Pairs of rows that share text")
    return folded(f"The first {counted(len(proof.pairs), 'pair')} of rows that share text", shown)


def _pair(pair: Pair) -> Row:
    return (
        KINDS.get(pair.kind, pair.kind),
        plain(pair.measure, 2),
        f"{pair.seen_dataset} {row_of_id(pair.seen_row)}",
        f"{pair.unseen_dataset} {row_of_id(pair.unseen_row)}",
        *map(short_text, (pair.seen_text, pair.unseen_text, pair.shared)),
        tag("code", f"{pair.seen_hash} {pair.unseen_hash}"),
    )


def _wordings(proof: Proof) -> Markup | None:
    """Text that many rows of a seen dataset share is its wording; how much was not counted as overlap."""
    if not proof.wordings:
        return None
    columns = [Column("dataset"), Column("runs of words", "number"), Column("texts", "number"), Column("one of them")]
    rows = [(each.dataset, whole(each.grams), whole(each.texts), short_text(each.example)) for each in proof.wordings]
    return folded("Left out of the comparison as a dataset's own wording", table(columns, rows, "Wordings"))


def _model(run: RunData) -> Markup:
    return facts(list(start_facts(run)))


def start_facts(run: RunData) -> Iterator[tuple[str, str]]:
    """What the start model was tuned on before; a proof can only show disjoint tuning data."""
    void = [f"{task} ({listed(on)})" for task, on in run.void.items()]
    if void:
        means = f"void scores: {listed(void, 20)}"
    elif run.unknown:
        means = "it may have met the unseen tasks; nobody says"
    else:
        means = "none of the unseen tasks is among it"
    yield "The start model was instruction-tuned on", _before(run.record.model.instruction_tuned_on)
    yield "So", means
    yield "Its pre-training", "is not known to this proof"


def _before(known: str | tuple[str, ...]) -> str:
    if isinstance(known, str):
        return {"none": "nothing: it is a base model"}.get(known, known)
    return listed(known, 20)


def seen_side_shown(proof: Proof) -> Markup:
    """Rows of the seen tasks that are asked, against those that were tuned on."""
    left = sum(map(len, proof.unclean_unseen.values()))
    rows = sum(each.rows for each in proof.compared_unseen)
    said = (
        f"On the seen side {counted(rows, 'test row')} were compared with the rows tuned on; {whole(left)} share text "
        "with one and are not asked."
    )
    return joined(tag("p", said), pair_counts(proof, "tuned-on", "test"), _pairs(proof, "tuned-on", "test"))
