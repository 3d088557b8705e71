"""Numbers as a reader sees them. A score never stands without its interval and its number of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unseen.reporting.markup import Markup, joined, tag

MINUS = "\N{MINUS SIGN}"
MODELS = {
    "base": "base",
    "base_plain": "base, plain prompts",
    "tuned": "tuned",
    "difference": f"tuned {MINUS} base",
    "difference_plain": f"tuned {MINUS} base, plain prompts",
}
SIDES = {
    "unseen": "unseen tasks",
    "seen": "seen tasks (new rows)",
    "unseen_clean": "unseen tasks (rows without overlap)",
}
METRICS = {"accuracy": "accuracy", "exact_match": "exact match", "f1": "token F1", "rouge_l": "ROUGE-L", "bleu": "BLEU"}
METRICS |= {"chrf": "chrF"}
CHOSEN, RIGHT = "◂ chosen", "✓ right"  # what a model took, and what counts: never one mark for both


def plain(value: float, digits: int = 1) -> str:
    """41.7, −12.5; never −0.0."""
    shown = f"{abs(value):.{digits}f}"
    return MINUS + shown if value < 0 and float(shown) else shown


def signed(value: float) -> str:
    """+8.3, −12.5, 0.0: a difference."""
    shown = plain(value)
    return shown if shown.startswith(MINUS) or not float(shown) else f"+{shown}"


Ends = tuple[float, float] | None


def limits(ends: Ends, difference: bool = False) -> str:
    """[25.0, 70.0], or that there is no interval."""
    shown = signed if difference else plain
    return f"[{shown(ends[0])}, {shown(ends[1])}]" if ends else "no interval"


def scored(score: float, ends: Ends, count: int, model: str = "") -> Markup:
    """A score with its 95 % interval and its number of rows; differences carry their sign."""
    difference = model.startswith("difference")
    number = signed(score) if difference else plain(score)
    return tag(
        "span",
        tag("b", number),
        " ",
        tag("span", limits(ends, difference), class_="interval"),
        " ",
        tag("span", counted(count, "row"), class_="count"),
        class_="score",
    )


def counted(count: int, noun: str) -> str:
    """1 row, 12 rows, 1,200 rows."""
    return f"{whole(count)} {noun}" + ("" if count == 1 else "es" if noun.endswith("s") else "s")


def whole(count: int) -> str:
    return f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def row_name(split: str, row: int) -> str:
    """test[12]: a row, wherever people read of one; the number is that of its record in the file, from 0."""
    return f"{split}[{row}]"


def row_told(split: str, row: int) -> str:
    """What test[49] means, which need not be among 50 rows."""
    return f"{row_name(split, row)}, record {whole(row)} of its file, counted from 0"


def row_of_id(id: str) -> str:
    """test[12], of the id test/12."""
    split, slash, number = id.rpartition("/")
    return f"{split}[{number}]" if slash else id


def shots_name(shots: int) -> str:
    return "zero-shot" if shots == 0 else f"{shots}-shot"


def metric_name(metric: str) -> str:
    return METRICS.get(metric, metric)


def listed(items: Sequence[str], most: int = 6) -> str:
    """a, b and c; beyond `most` the rest is counted."""
    shown = list(items[:most]) + ([f"{len(items) - most} more"] if len(items) > most else [])
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def duration(seconds: float) -> str:
    """45 s, 4 min 10 s, 2 h 5 min."""
    total = round(seconds)
    if total < 60:
        return f"{plain(seconds)} s"
    if total < 3600:
        return f"{total // 60} min {total % 60} s"
    return f"{total // 3600} h {total % 3600 // 60} min"


def sharing(values: Mapping[str, Any]) -> str:
    """What computing shared beginnings once saves in a plan or a record, and how rows are drawn, on which that depends;
    or that nothing is shared."""
    batches = values.get("batches", "plain")
    if batches not in ("trie", "shared sources"):
        return f"nothing: {batches} batches compute every token of every example"
    ratio, group = values["sharing_ratio"], values["group"]
    what = "what examples begin with alike" if batches == "trie" else "a source that several examples have"
    drawn = "rows drawn one by one" if group == 1 else f"{group} rows of a task drawn together"
    told = f"{plain(100 / ratio, 0)} of 100 tokens are computed, since {what} is computed once"
    return f"{told} (ratio {plain(ratio, 2)}; {drawn}, mixture.group {group})"


def share_of_epoch(examples: int, epoch: int) -> str:
    """24 % of an epoch, one epoch, 2.5 times an epoch: never 0 % or 100 % of what is not."""
    share = 100 * examples / max(epoch, 1)
    if share < 100:
        return f"{plain(share, 0 if 1 <= share < 99 else 1)} % of an epoch"
    return "one epoch" if examples == epoch else f"{plain(share / 100)} times an epoch"


def drawn_of_epoch(examples: int, epoch: int) -> str:
    """48 of 198 examples, 24 % of an epoch; 396 examples, 2.0 times an epoch of 198."""
    share = share_of_epoch(examples, epoch)
    if examples < epoch:
        return f"{whole(examples)} of {counted(epoch, 'example')}, {share}"
    return f"{counted(examples, 'example')}, {share} of {whole(epoch)}"


def facts(pairs: Sequence[tuple[str, object]]) -> Markup:
    """A list of names and values; values may be markup."""
    return tag("dl", *(joined(tag("dt", name), tag("dd", _value(value))) for name, value in pairs))


def _value(value: object) -> str:
    return value if isinstance(value, str) else str(value)
