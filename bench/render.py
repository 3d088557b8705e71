"""Rows rendered per second: PromptSource's `Template.apply` against `unseen`, on the same templates and rows.

    python bench/render.py                 # a table
    python bench/render.py --json          # the same as JSON

PromptSource 0.2.3 compiles a template (and its answer choices) for every row; its code runs from its own source
archive, which `scripts/test` fetches. Both sides run in this process, in turn, several times; each figure is the best
of its repeats in processor time, so that other work on the machine disturbs little. `uncut` compares
`apply(truncate=False)` with `render`; `cut` compares `apply()`, which cuts fields at 2,048 characters by default, with
`truncate_chars=2048`; `spans` is our `uncut` with every span told. Every text is first checked to be equal.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import promptsource_peer as peer

from unseen.data.dataset import Row
from unseen.prompt.engine import CompiledTemplate, Rendered, compile_template
from unseen.prompt.promptsource_file import read_promptsource

ROWS = 200
REPEATS = 5
SENTENCES = (
    "The city council voted on Tuesday to close the old bridge for repairs until the spring.",
    "A storm that crossed the coast overnight left several villages without power, the operator said.",
    "She had read the letter twice before she understood that it was not meant for her.",
    "The museum's new wing holds forty paintings, most of which have never been shown.",
)


def text(index: int, sentences: int) -> str:
    return " ".join(SENTENCES[(index * 7 + place) % len(SENTENCES)] for place in range(sentences))


def pair(index: int) -> dict[str, Any]:
    return {"sentence1": text(index, 2), "sentence2": text(index + 1, 1), "label": index % 2, "idx": index}


def super_pair(index: int) -> dict[str, Any]:
    return {"premise": text(index, 2), "hypothesis": text(index + 1, 1), "label": index % 2}


def news(index: int) -> dict[str, Any]:
    return {"text": text(index, 3), "label": index % 4}


def review(index: int) -> dict[str, Any]:
    return {"text": text(index, 4), "label": index % 2}


def causes(index: int) -> dict[str, Any]:
    choices = {"choice1": text(index + 1, 1), "choice2": text(index + 2, 1)}
    return {"premise": text(index, 1), **choices, "question": ("cause", "effect")[index % 2], "label": index % 2}


def passage(index: int) -> dict[str, Any]:
    answers = {"text": [text(index, 1)], "answer_start": [0]}
    return {"context": text(index, 12), "question": f"{text(index, 1)[:-1]}?", "answers": answers, "title": "A title"}


def options(index: int) -> dict[str, Any]:
    choices = {"label": list("ABCDE"), "text": [text(index + place, 1) for place in range(5)]}
    return {"question": text(index, 1), "choices": choices, "answerKey": "ABCDE"[index % 5]}


FILES: dict[str, Callable[[int], dict[str, Any]]] = {
    "glue/rte": pair,
    "super_glue/rte": super_pair,
    "ag_news": news,
    "rotten_tomatoes": review,
    "imdb": review,
    "super_glue/copa": causes,
    "squad": passage,
    "commonsense_qa": options,
}


def seconds(work: Callable[[], Any]) -> float:
    """Processor time of one run of `work`, which has run once before: the other side's work is out of the caches."""
    work()
    start = time.thread_time()
    work()
    return time.thread_time() - start


def measure(theirs: Any, ours: CompiledTemplate, values: list[dict[str, Any]], their_rows: int) -> dict[str, float]:
    """Microseconds a row of each side."""
    rows = [Row("train", index, each) for index, each in enumerate(values)]
    ours.render(rows[0], truncate_chars=2048)
    works: dict[str, tuple[Callable[[], Any], int]] = {
        "their_uncut": (lambda: [theirs.apply(each, truncate=False) for each in values[:their_rows]], their_rows),
        "their_cut": (lambda: [theirs.apply(each) for each in values[:their_rows]], their_rows),
        "our_uncut": (lambda: [ours.render(row) for row in rows], len(rows)),
        "our_cut": (lambda: [ours.render(row, truncate_chars=2048) for row in rows], len(rows)),
        "our_spans": (lambda: [spans(ours.render(row)) for row in rows], len(rows)),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(REPEATS):
        for name, (work, count) in works.items():
            times[name].append(seconds(work) / count * 1e6)
    return {name: min(each) for name, each in times.items()}


def spans(rendered: Rendered | None) -> Any:
    return rendered and (rendered.prompt_spans, rendered.completion_spans)


def equal(theirs: Any, ours: CompiledTemplate, values: list[dict[str, Any]]) -> bool:
    """Both sides write the same text, cut and uncut."""
    rows = [Row("train", index, each) for index, each in enumerate(values)]
    return all(
        ours.apply(row, truncate_chars=cut) == theirs.apply(row.values, truncate=cut is not None)
        for row in rows
        for cut in (None, 2048)
    )


def compare(archive: Path, count: int, their_rows: int) -> list[dict[str, Any]]:
    module = peer.load(archive)
    theirs = peer.template_files(archive, module)
    ours = {file.name: {t.name: t for t in file.templates} for file in read_promptsource(archive)}
    results = []
    for name, make in FILES.items():
        values = [make(index) for index in range(count)]
        for template in theirs[name]:
            compiled = compile_template(ours[name][template.name])
            if compiled.required - values[0].keys():
                continue  # asks about columns that these rows lack
            if not equal(template, compiled, values[:8]):
                raise SystemExit(f"{name}, {template.name}: the texts differ")
            results.append({"file": name, "template": template.name, **measure(template, compiled, values, their_rows)})
    return results


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over templates, and ratios of rows per second."""
    medians = {name: statistics.median(r[name] for r in results) for name in results[0] if "_" in name}
    ratios = {
        "uncut": statistics.median(r["their_uncut"] / r["our_uncut"] for r in results),
        "cut": statistics.median(r["their_cut"] / r["our_cut"] for r in results),
        "spans": statistics.median(r["their_uncut"] / r["our_spans"] for r in results),
    }
    return {"templates": len(results), "microseconds": medians, "times_faster": ratios}


def print_table(results: list[dict[str, Any]]) -> None:
    print(f"{'file':17}{'template':42}{'theirs':>8}{'ours':>7}{'x':>6}  |{'cut':>7}{'ours':>7}{'x':>6}  |{'spans':>7}")
    for r in results:
        uncut, cut = r["their_uncut"] / r["our_uncut"], r["their_cut"] / r["our_cut"]
        print(
            f"{r['file']:17}{r['template'][:40]:42}{r['their_uncut']:8.0f}{r['our_uncut']:7.1f}{uncut:6.0f}  |"
            f"{r['their_cut']:7.0f}{r['our_cut']:7.1f}{cut:6.0f}  |{r['our_spans']:7.1f}"
        )
    told = summary(results)
    print(f"\nmedian over {told['templates']} templates, microseconds a row: ", end="")
    print(", ".join(f"{name} {value:.1f}" for name, value in told["microseconds"].items()))
    print("times as many rows per second: " + ", ".join(f"{n} {v:.0f}" for n, v in told["times_faster"].items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", type=Path, help=f"{peer.ARCHIVE}; the cache's when absent")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows a template")
    parser.add_argument("--their-rows", type=int, default=10, help="rows that PromptSource renders, which is slow")
    parser.add_argument("--json", action="store_true")
    options_ = parser.parse_args()
    archive = options_.archive or peer.archive_in_cache()
    if archive is None:
        sys.exit("no PromptSource archive: run scripts/test once, or name it with --archive")
    results = compare(archive, options_.rows, options_.their_rows)
    if options_.json:
        about = {"python": platform.python_version(), "machine": platform.machine()}
        print(json.dumps({**about, **summary(results), "results": results}, indent=1))
    else:
        print_table(results)


if __name__ == "__main__":
    main()
