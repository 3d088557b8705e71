"""How a study was made: what its arms were matched by, what it cost, its split and model, and every arm's record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import counted, duration, facts, listed, whole
from unseen.reporting.study_facts import anchor, supervised_tokens
from unseen.reporting.tables import Cell, Column, Row, folded, section, table
from unseen.study.done_before import TAKEN
from unseen.study.record import NAME
from unseen.study.results import ArmResult, StudyResults

MATCHED = {
    "steps": "the same number of optimizer steps",
    "supervised_tokens": "the same number of supervised tokens, within 1 %",
    "exposures": "the same number of examples of each task",
}
CLAIMS = {
    "cluster": "no task of the unseen clusters was tuned on",
    "dataset": "no task over the unseen datasets was tuned on",
    "task": "the unseen tasks were not tuned on; others over the same datasets may have been",
    "row": "the unseen rows were not tuned on; the same tasks were",
}


def made_section(results: StudyResults) -> Markup:
    study = results.study
    pairs: list[tuple[str, object]] = [
        ("Arms are matched by", _matching(results)),
        ("Seeds", ", ".join(map(str, study["seeds"]))),
        ("Started", study.get("started", "")),
        ("Budget", _budget(results)),
        *(
            [("Taken over", f"{taken}: these runs were done before and not again")]
            if (taken := _taken(results))
            else []
        ),
        ("Size", study["size"]),
        ("Fingerprint", tag("code", str(study["fingerprint"]))),
        ("Versions", ", ".join(f"{name} {value}" for name, value in study.get("versions", {}).items())),
    ]
    return section("made", "How this was made", facts(pairs), _failures(results))


def _matching(results: StudyResults) -> str:
    """What arms had the same of, and what each then got."""
    by = str(results.study["matched"])
    got = [f"{arm.name} seed {arm.seed}: {whole(found)}" for arm in results.arms if (found := supervised_tokens(arm))]
    return f"{MATCHED.get(by, by)}. Supervised tokens: {listed(got, 60) or 'nothing was tuned'}"


def _taken(results: StudyResults) -> str:
    """Which runs another study had done, and what they are called there."""
    taken = [f"{arm.name} seed {arm.seed} ({arm.record[TAKEN]})" for arm in results.arms if TAKEN in arm.record]
    return listed(taken, 60)


def _budget(results: StudyResults) -> str:
    hours, spent = (
        (results.study.get("budget") or {}).get("hours"),
        sum(arm.spent if TAKEN in arm.record else max(arm.spent, arm.seconds) for arm in results.arms),
    )
    return f"{duration(spent)} used" + (f" of {duration(3600 * hours)}" if hours else "; none was set")


def _failures(results: StudyResults) -> Markup | None:
    rows: list[Row] = [
        (arm.name, arm.seed, arm.state, arm.error or "") for arm in results.arms if arm.state != "finished"
    ]
    if not rows:
        return tag("p", f"All {counted(len(results.arms), 'arm')} and seeds have finished.")
    columns = [Column("arm"), Column("seed", "number"), Column("state"), Column("why")]
    return joined(tag("h3", "Not finished"), table(columns, rows, "Arms that have not finished"))


def split_section(results: StudyResults) -> Markup | None:
    """The hold-outs' proofs and the start models, arms that share one together."""
    lines: dict[tuple[str, ...], list[str]] = {}
    for arm in results.arms:
        if arm.record:
            lines.setdefault(_standing(arm.record), []).append(f"{arm.name} seed {arm.seed}")
    if not lines:
        return None
    columns = [Column(name) for name in ("claim", "overlap of texts", "start model", "tuned on before", "arms")]
    rows: list[Row] = [(*said, listed(arms, 8)) for said, arms in lines.items()]
    text = "What each arm's own record proves about its sides, and what its start model was tuned on before."
    return section("split", "Splits and start models", tag("p", text), table(columns, rows, "Splits and start models"))


def _standing(record: Mapping[str, Any]) -> tuple[str, ...]:
    proof, model = record.get("hold_out") or {}, record["model"]
    before = model.get("instruction_tuned_on", "unknown")
    named = f"{model['name']} {str(model.get('digest') or '')[:12]}"
    level = proof.get("level")
    claim = f"{level}: {CLAIMS.get(level, '')}" if level else "one side only: nothing to prove apart"
    told = {"none": "nothing: a base model"}.get(before, before) if isinstance(before, str) else listed(before)
    return claim, _overlap(proof), named, told


def _overlap(proof: Mapping[str, Any]) -> str:
    if not proof:
        return ""
    counts = proof.get("counts") or []
    if not counts:
        return "none: no row of one side shares text with the other"
    seen, unseen = (sum(each[name] for each in counts) for name in ("seen_rows", "unseen_rows"))
    return (
        f"{counted(seen, 'seen row')} and {counted(unseen, 'unseen row')} share text; overlap: {proof.get('overlap')}"
    )


def records_section(results: StudyResults, linked: bool) -> Markup:
    """The appendix that every number's arm leads to: what its seeds recorded, with links where the page lies beside."""
    return section("records", "Records", *(_arm(results, name, linked) for name in results.names))


def _arm(results: StudyResults, name: str, linked: bool) -> Markup:
    arms = results.seeds_of(name)
    about = ", ".join(f"{key}: {value}" for key, value in arms[0].about.items())
    against = arms[0].against
    compared = f"Compared with {against}. " if against else "What others are compared with. "
    columns = [
        Column("seed", "number"),
        Column("state"),
        Column("fingerprint"),
        Column("finished"),
        Column("seconds", "number"),
    ]
    columns += [Column("model"), Column("record")]
    rows: list[Row] = [_line(arm, linked) for arm in arms]
    told = tag(
        "p",
        compared,
        f"About {about}. " if about else None,
        "It is only asked, not tuned." if arms[0].work == "ask" else None,
    )
    return tag(
        "div",
        tag("h3", name),
        told,
        table(columns, rows, f"Records of {name}"),
        _recipe(arms),
        id=anchor(name),
    )


def _line(arm: ArmResult, linked: bool) -> Row:
    record = arm.record
    where: Child = ", ".join(_files(arm))
    if linked and record:
        links = [tag("a", file, href=f"arms/{arm.name}/seed-{arm.seed}/{file}") for file in _files(arm)]
        where = joined(*((", " if place else None, link) for place, link in enumerate(links)))
    return (
        arm.seed,
        arm.state,
        tag("code", str(record.get("fingerprint", ""))[:16]),
        record.get("finished") or "",
        Cell(duration(arm.seconds) if arm.seconds else "", arm.seconds),
        str(record.get("model", {}).get("name", "")),
        where,
    )


def _files(arm: ArmResult) -> Iterator[str]:
    yield from (name for name in (NAME, "scores.json", "report.html") if (arm.folder / name).is_file())


def _recipe(arms: Sequence[ArmResult]) -> Markup | None:
    from unseen.reporting.sections.made import flat

    recipe = next((arm.record["recipe"] for arm in arms if arm.record.get("recipe")), None)
    if not recipe:
        return None
    columns = [Column("setting"), Column("value")]
    return folded("Its recipe", table(columns, [(n, v) for n, v in flat(recipe).items()], "Recipe of the first seed"))
