"""What a comparison of two sides came to: the claim and its proof, the rows that meet, and the first draws."""

from __future__ import annotations

from collections import Counter

from unseen.reporting.figures.lanes import lanes
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import counted, row_name, share_of_epoch, whole
from unseen.reporting.sections.overlaps import overlaps
from unseen.reporting.sections.split import CLAIMS, proof_shown, seen_side_shown
from unseen.reporting.tables import Column, folded, table
from unseen.studio.comparing import Compared
from unseen.studio.frame import note
from unseen.study.prepare import Settled
from unseen.study.shares import Shares
from unseen.task.proof import Proof
from unseen.train.plan import count_draws

MOST_LANES = 40  # tasks up to which each has a lane; of more, each cluster has one
LISTED = 32  # draws that are told one by one
TOLD = 6  # tasks whose draws of the run are told
NO_PROOF = "This recipe has one side only, so there is nothing to prove apart."


def outcome(compared: Compared) -> Markup:
    """What the mixture draws, the rows that meet, and the proof with all that it compared."""
    proof, settled = compared.proof, compared.settled
    parts = [_mixture(settled, compared.shares)] if compared.shares else []
    if proof and proof.pairs:
        parts += [_pairs(proof)]
    if proof:
        parts += [tag("h2", "The proof", id="proof"), proof_shown(proof)]
    if settled.seen_split:
        parts += [tag("h3", "Rows of the seen tasks that are asked"), seen_side_shown(settled.seen_split.proof)]
    return joined(*parts)


def verdict(compared: Compared) -> Markup:
    """Whether the sides are apart, in a line."""
    return _verdict(compared, compared.proof) if compared.proof else note("plain", tag("p", NO_PROOF))


def _verdict(compared: Compared, proof: Proof) -> Markup:
    claim = f"Claim at level {proof.level}: {CLAIMS.get(proof.level, '')}."
    if not proof.counts:
        return note("good", tag("p", tag("b", "Apart. "), claim, " No row of one side shares text with the other."))
    seen, unseen = (sum(getattr(each, side) for each in proof.counts) for side in ("seen_rows", "unseen_rows"))
    met = f"{counted(seen, 'seen row')} and {counted(unseen, 'unseen row')} share text."
    if compared.refused:
        remedy = (
            "A run would be refused. Say hold_out.overlap: drop_seen (not tuned on) or clean_subset (scored apart)."
        )
        return note("wrong", tag("p", tag("b", "Not apart. "), met), tag("p", remedy))
    dropped = sum(map(len, proof.dropped_seen.values()))
    became = (
        f"{counted(dropped, 'seen row')} {'is' if dropped == 1 else 'are'} left out of the tuning."
        if proof.overlap == "drop_seen"
        else "The unseen rows without overlap are scored by themselves too."
    )
    return note("warn", tag("p", tag("b", "Apart but for some rows. "), claim), tag("p", f"{met} {became}"))


def _pairs(proof: Proof) -> Markup:
    count = sum(sum(each.kinds.values()) for each in proof.counts)
    said = f"The first {len(proof.pairs)} of {counted(count, 'meeting')}; what both share is marked."
    return joined(tag("h2", "Rows that meet", id="overlaps"), tag("p", said), overlaps(proof.pairs))


def _mixture(settled: Settled, shares: Shares) -> Markup:
    """The first draws, a lane a task, and the first of them one by one."""
    names = [share.task.name for share in shares.tasks]
    drawn = [names[draw.task] for draw in shares.first]
    if len(names) > MOST_LANES:
        names = list(dict.fromkeys(share.task.cluster for share in shares.tasks))
        drawn = [shares.tasks[draw.task].task.cluster for draw in shares.first]
    per_step, wanted = settled.recipe.train.examples_per_step, count_draws(settled.recipe.train, shares.epoch)
    counts = Counter(drawn)
    label = "; ".join(f"{name} {counts[name]}" for name in names)
    said = (
        f"An epoch is {counted(shares.epoch, 'draw')}. These are the first {whole(len(drawn))}, from left to right: "
        f"a stroke is an example, and a line ends a step of {per_step}. "
    )
    run = tag("b", _run_takes(wanted, per_step, shares.epoch))
    mark = f" A bold line ends the run: {_counts(names, drawn[:wanted])} before it." if wanted < len(drawn) else ""
    return joined(
        tag("h2", "What is drawn first", id="draws"),
        tag("p", said, run, mark),
        lanes(names, [names.index(name) for name in drawn], per_step, f"Draws of each: {label}", wanted),
        folded(f"The first {min(LISTED, len(drawn))} draws one by one", _listed(settled, shares)),
    )


def _run_takes(wanted: int, per_step: int, epoch: int) -> str:
    """This run takes 48 draws, 6 steps: 24 % of an epoch."""
    steps = -(-wanted // per_step)
    return f"This run takes {counted(wanted, 'draw')}, {counted(steps, 'step')}: {share_of_epoch(wanted, epoch)}."


def _counts(names: list[str], drawn: list[str]) -> str:
    counts = Counter(drawn)
    found = [f"{name} {counts[name]}" for name in names if counts[name]]
    more = f" and {len(found) - TOLD} more" if len(found) > TOLD else ""
    return ", ".join(found[:TOLD]) + more


def _listed(settled: Settled, shares: Shares) -> Markup:
    columns = [Column("draw", "number"), Column("task"), Column("template"), Column("row")]
    rows = []
    for place, draw in enumerate(shares.first[:LISTED]):
        task = shares.tasks[draw.task].task
        template = task.way_names[draw.template] if task.way_names else ""
        row = settled.rows(task, "train")[int(settled.seen_rows.tune[task.name][draw.row])]
        rows.append((place + 1, task.name, template, row_name(row.split, row.index)))
    return table(columns, rows, "The first draws")
