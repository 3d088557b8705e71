"""What was dropped, cut and left out, and how the run was made: command, versions, fingerprint, seconds, recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from unseen.evaluation.rows import MEETS
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import counted, duration, facts, plain, whole
from unseen.reporting.run_data import Counts, RunData, TokenFacts
from unseen.reporting.tables import Column, folded, section, table

ROW_COUNTS = {  # of the record, by what they are called here
    "rows": "rows",
    "unlabelled": "unlabelled",
    "dropped for overlap": "dropped_for_overlap",
    "validation": "validation",
    "not chosen": "not_chosen",
    "could be tuned on": "tuned_on",
    "met in tuning": "met",
}
SELDOM = ("not chosen", "met in tuning")  # the one is seldom more than 0, the other is not in older records
MET = (
    "“Could be tuned on” are the rows that are left for tuning; “met in tuning” are those of them that an example was "
    "made of, however often. A run of less than an epoch meets fewer."
)


def left_out_section(run: RunData) -> Markup:
    """Everything that was not used, with the reason and the number."""
    return section("left-out", "What was left out", _seen_rows(run), _asked(run))


def _seen_rows(run: RunData) -> Markup | None:
    counts = run.record.counts
    if not counts:
        return None
    there = {name for name, key in ROW_COUNTS.items() if any(each.get(key) for each in counts.rows.values())}
    shown = [name for name in ROW_COUNTS if name not in SELDOM or name in there]
    columns = [Column("seen dataset"), *(Column(name, "number") for name in shown)]
    rows = [[name, *(whole(each.get(ROW_COUNTS[column], 0)) for column in shown)] for name, each in counts.rows.items()]
    reading = tag("p", MET, class_="note") if "met in tuning" in shown else None
    told = facts(list(tuning_losses(counts)))
    return joined(tag("h3", "Rows to tune on"), reading, table(columns, rows, "Rows of the seen datasets"), told)


def tuning_losses(counts: Counts) -> Iterator[tuple[str, str]]:
    """What was not tuned on, or was cut, with its number."""
    cuts = {what: number for what, number in counts.cuts.items() if number}
    yield "Rendered empty, not tuned on", counted(counts.empty_renderings, "drawn example")
    yield "Too long even when cut, not tuned on", counted(counts.too_long, "example")
    yield "Cut to fit", ", ".join(f"{what}: {whole(number)}" for what, number in cuts.items()) or "nothing"
    if counts.broken_off:
        yield "Answers broken off at a token limit, tuned on without an end", whole(counts.broken_off)
    yield "Validation", _validation(counts)


def _validation(counts: Counts) -> str:
    lost = {"rendered empty": counts.validation_empty, "too long": counts.validation_too_long}
    told = "".join(f", {whole(number)} {why}" for why, number in lost.items() if number)
    return counted(counts.validation_examples, "example") + told


def _asked(run: RunData) -> Markup | None:
    if not run.record.summary and not run.record.tasks.missing:
        return None
    reasons = [(side, task, _which(run, side, why), whole(number)) for (side, task, why), number in not_asked(run)]
    columns = [Column("side"), Column("task"), Column("reason"), Column("number", "number")]
    found = (
        table(columns, reasons, "Left out of the asking")
        if reasons
        else tag("p", "No row and no question was left out.")
    )
    return joined(tag("h3", "Questions"), found, facts(list(asking_losses(run))))


def _which(run: RunData, side: str, reason: str) -> Markup:
    """A reason; that of rows which the page has elsewhere leads to them."""
    if side != "seen" or reason != MEETS or not run.record.seen_side:
        return joined(reason)
    return joined(reason, ": ", tag("a", "which they are", href="#seen-overlap"))


def not_asked(run: RunData) -> Iterator[tuple[tuple[str, str, str], int]]:
    """Side, task and reason of what was not asked, with its number."""
    return ((_reason(name), number) for name, number in run.record.left_out.items())


def asking_losses(run: RunData) -> Iterator[tuple[str, str]]:
    """Tasks that are not there, and what to know of the predictions."""
    for name, why in run.record.tasks.missing.items():
        yield "Tasks that the recipe names and that are not there", f"{name} ({why})"
    if summary := run.record.summary:
        yield "Predictions", whole(summary.predictions)
        yield "Prompts cut to fit", whole(summary.cut)
        yield "Choices within 0.0001 nats, which another batch size may turn", whole(summary.narrow)


def _reason(name: str) -> tuple[str, str, str]:
    """`side: task: reason` taken apart; task names hold no `: `."""
    side, _, rest = name.partition(": ")
    task, _, reason = rest.partition(": ")
    return side, task, reason


def made_section(run: RunData) -> Markup:
    record = run.record
    seconds = [(name.capitalize(), duration(value)) for name, value in record.seconds.items()]
    pairs: list[tuple[str, object]] = [
        ("Command", tag("code", record.command)),
        ("Started", record.started),
        ("Finished", record.finished or "not yet"),
        *seconds,
        ("Fingerprint", tag("code", record.fingerprint)),
        (
            "Model",
            joined(
                record.model.name,
                f" at {record.model.revision}" if record.model.revision else "",
                " ",
                tag("code", record.model.digest),
            ),
        ),
        ("Format", ", ".join(f"{name}: {value}" for name, value in record.format.items() if value)),
        ("Versions", ", ".join(f"{name} {value}" for name, value in record.versions.items())),
        ("Seed", str(record.recipe.get("seed", ""))),
    ]
    rows = table(
        [Column("rows of"), Column("digest")],
        [(name, tag("code", digest)) for name, digest in record.rows.items()],
        "Digests of the rows",
    )
    recipe = table([Column("setting"), Column("value")], flat(record.recipe).items(), "The recipe")
    return section(
        "made", "How this was made", facts(pairs), _tokens(record.tokens),
        folded("The recipe, every default written out", recipe),
        folded("Digests of the rows", rows),
    )  # fmt: skip


def _tokens(tokens: Sequence[TokenFacts]) -> Markup | None:
    """The tokens that the recipe gave the model, with the norms of their rows in the embedding and in a head apart."""
    if not tokens:
        return None
    columns = [Column("new token"), Column("id", "number"), Column("its row began from"), Column("matrix")]
    columns += [Column("norm before", "number"), Column("norm now", "number")]
    rows = [
        (each.text, str(each.id), each.start, matrix, plain(norm.before, 3), plain(norm.now, 3))
        for each in tokens
        for matrix, norm in (("embedding", each.input_norm), ("head", each.output_norm))
        if norm
    ]
    return table(columns, rows, "New tokens")


def flat(values: Mapping[str, Any], above: str = "") -> dict[str, str]:
    """A recipe's values by dotted key."""
    found: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{above}{key}.")
        else:
            found[above + key] = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return found
