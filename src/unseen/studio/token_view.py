"""An encoded example for people to look at: what it counts, what was cut, its tokens, and the trie that rows share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import numpy as np

from unseen.encode.cuts import Fitted
from unseen.encode.encoded import Encoded
from unseen.encode.format import Format, format_facts
from unseen.encode.token_text import token_texts
from unseen.reporting.figures.shares import share_bar
from unseen.reporting.figures.trie_figure import trie_figure
from unseen.reporting.markup import Child, Markup, joined, tag
from unseen.reporting.numbers import counted, facts, row_of_id, whole
from unseen.reporting.showing import branch_name, drawn
from unseen.studio.reply import Values, in_its_place
from unseen.studio.token_boxes import cut_mark, legend, part_name, token_boxes, trunk_mark
from unseen.studio.tokenizers import Ready
from unseen.studio.values import whole_number

AT_ONCE = 4096  # tokens that are shown on a page

Read = Sequence[tuple[Mapping[str, Any], Encoded]]


def encoded_shown(fitted: Fitted, ready: Ready, layout: Format, values: Values, trunk: int, path: str) -> Markup:
    """Counts, cuts and tokens; the first `trunk` of them are those of the next row too."""
    encoded = fitted.encoded
    start = min(whole_number(values, "from", 0, 0, 1 << 30), max(len(encoded.ids) - 1, 0))
    stop = min(start + AT_ONCE, len(encoded.ids))
    marks: dict[int, list[Markup]] = {}
    if trunk:
        marks[trunk] = [trunk_mark(trunk)]
    for cut in fitted.cuts:
        marks.setdefault(cut.at, []).append(cut_mark(cut))
    texts = token_texts(_slice(encoded, start, stop), ready.tokenizer)
    return joined(
        facts(list(_facts(fitted, ready, layout))),
        _shares(fitted),
        legend(),
        token_boxes(texts, fitted.parts[start:stop], marks, start),
        tag("p", "Point at a token, or go through them with the arrow keys.", class_="token-told", aria_live="polite"),
        _paging(values, start, stop, len(encoded.ids), path),
    )


def _slice(encoded: Encoded, start: int, stop: int) -> Encoded:
    return Encoded(encoded.id, encoded.ids[start:stop], encoded.weights[start:stop], encoded.prompt_length)


def common_start(sequences: Sequence[Encoded]) -> int:
    """How many tokens all of `sequences` begin with."""
    first, length = sequences[0].ids, min(len(each.ids) for each in sequences)
    for each in sequences[1:]:
        differs = np.flatnonzero(each.ids[:length] != first[:length])
        length = int(differs[0]) if len(differs) else length
    return length


def _facts(fitted: Fitted, ready: Ready, layout: Format) -> Iterator[tuple[str, Child]]:
    encoded = fitted.encoded
    length, prompt = len(encoded.ids), encoded.prompt_length
    names = ("source", "target") if layout.kind == "pair" else ("prompt", "completion")
    said = f"{names[0]} {whole(prompt)}, {names[1]} {whole(length - prompt)}; {whole(encoded.supervised)} predicted"
    yield "Tokens", f"{whole(length)}: {said}"
    if fitted.cuts:
        left_out = counted(fitted.whole - length, "token")
        told = [f"{part_name(cut.part)} ({whole(cut.taken)} of {whole(cut.had)})" for cut in fitted.cuts]
        yield "Cut to fit", f"{left_out} fewer than the whole {whole(fitted.whole)}: {', '.join(told)}"
    if encoded.cuts.get("boundary_moved"):
        yield "Boundary", "the prompt's last token runs into the answer, so it belongs to the answer"
    if encoded.cuts.get("turns_not_learned"):
        yield "Not learned", counted(encoded.cuts["turns_not_learned"], "earlier answer") + " in the source"
    yield "Format", _format(ready, layout)


def _format(ready: Ready, layout: Format) -> str:
    said = format_facts(ready.tokenizer, layout)
    kinds = {"chat": "chat", "plain": "plain", "pair": "source and target, of an encoder-decoder"}
    told = [kinds[said.kind]]
    told += [f"ends with {said.end}"] if said.end else []
    told += [f"the template adds the system prompt “{said.injected}”"] if said.injected else []
    told += [f"prints the date {said.date}"] if said.date else []
    return "; ".join(told)


def _shares(fitted: Fitted) -> Markup:
    """How much of the example each part is."""
    counts = Counter(part_name(part) for part in fitted.parts)
    shares = [count / max(len(fitted.parts), 1) for count in counts.values()]
    names = [f"{name}: {counted(count, 'token')}" for name, count in counts.items()]
    keys = [tag("li", tag("span", class_=f"key label{place % 8}"), name) for place, name in enumerate(names)]
    return tag(
        "figure", share_bar(shares, names, f"Parts: {'; '.join(names)}"), tag("ul", *keys, class_="keys"),
        class_="part-shares",
    )  # fmt: skip


def _paging(values: Values, start: int, stop: int, count: int, path: str) -> Markup | None:
    if count <= AT_ONCE:
        return None
    links = [
        tag("a", name, href=f"{path}?{urlencode({**values, 'from': at})}")
        for name, at in (("earlier", max(start - AT_ONCE, 0)), ("later", stop))
        if at != start and at < count
    ]
    return tag("p", f"Tokens {start + 1:,} to {stop:,} of {count:,}. ", *links, class_="paging")


def trie_shown(read: Read, ready: Ready, layout: Format) -> Markup:
    """The trie of what a model reads for some rows, drawn."""
    if len(read) < 2:
        return tag("p", "One sequence shares nothing: ask for more rows, or for a task that chooses.", class_="faint")
    rows = len({named["row"] for named, _ in read})

    def figure() -> Markup:
        names = [branch_name({**named, "row": row_of_id(named["row"])}, rows) for named, _ in read]
        trie = drawn([each for _, each in read], names, layout)
        return trie_figure(trie, ready.tokenizer)

    return in_its_place(figure)
