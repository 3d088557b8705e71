"""The model card of a run: README.md in its `model/`, in the hub's conventions. It holds no rows.

The card is made of the run's record and scores alone, so it can be made again at any time. Its last line has a digest
of what stands above, by which a card that a person has edited is known, and left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from unseen.model.contents import read_json
from unseen.model.folder import ABOUT
from unseen.reporting.card_facts import Sources, front_matter, hub_id_of, licences, sources
from unseen.reporting.findings import headline, unseen_findings
from unseen.reporting.markdown import said, text
from unseen.reporting.numbers import counted, plain, whole
from unseen.reporting.run_data import RunData
from unseen.reporting.run_markdown import left_out, scores, split
from unseen.reporting.sections.verdict import METHODS, asked, caveats, told
from unseen.reporting.writing import written

CARD = "README.md"
MARK = "<!-- written by unseen; sha256 of all above: {} -->\n"


def write_card(run: RunData) -> Path | None:
    """Write the card of a finished run into its `model/`; the card's path, or None where there is none to write: the
    run is not finished or left no model, or a person has edited the card. Raises `ModelMistake` for a damaged model."""
    model = run.folder / "model"
    if not run.record.finished or not (model / ABOUT).is_file() or is_edited(model / CARD):
        return None
    about = read_json(model / ABOUT) | {"is_encoder_decoder": _is_encoder_decoder(model)}
    return written(model_card(run, about), model / CARD)


def _is_encoder_decoder(model: Path) -> bool:
    adapter = model / "adapter_config.json"
    if adapter.is_file():
        return read_json(adapter).get("task_type") == "SEQ_2_SEQ_LM"
    return bool(read_json(model / "config.json").get("is_encoder_decoder"))


def is_edited(card: Path) -> bool:
    """Whether somebody else wrote the card, or changed it since."""
    if not card.is_file():
        return False
    above, _, last = card.read_text(encoding="utf-8", errors="replace").removesuffix("\n").rpartition("\n")
    return last + "\n" != _mark(above + "\n")


def model_card(run: RunData, about: Mapping[str, Any]) -> str:
    """The whole card. `about` is what unseen.json says, with `is_encoder_decoder`."""
    found = sources(run)
    values = yaml.safe_dump(front_matter(run, about, found), sort_keys=False, allow_unicode=True, width=120)
    body = "\n".join(_body(run, about, found)) + "\n"
    card = f"---\n{values}---\n\n{body}\n"
    return card + _mark(card)


def _mark(above: str) -> str:
    return MARK.format(sha256(above.encode()).hexdigest())


def _body(run: RunData, about: Mapping[str, Any], found: Sources) -> Iterator[str]:
    yield from (f"# {text(run.record.name)} {run.record.fingerprint[:8]}", "", text(asked(run)), "")
    yield f"**{text(headline(run))}**"
    yield from ("", "## How to load it", "", *_loading(run, about))
    yield from ("", "## What it was tuned on", "", *_tuned_on(run, about, found))
    yield from ("", "## The split and its proof", *split(run))
    yield from scores(run, "##")
    yield from ("", "## Limits", "", *_limits(run))
    yield from left_out(run)
    yield from ("", "## The recipe, with every default", "", *_recipe(run))


def _loading(run: RunData, about: Mapping[str, Any]) -> Iterator[str]:
    base = hub_id_of(run.record.model.name)
    loader = "AutoModelForSeq2SeqLM" if about.get("is_encoder_decoder") else "AutoModelForCausalLM"
    if about.get("method") == "full":
        yield "This is the whole model, for `transformers`:"
        yield from _code(
            "python", f"from transformers import {loader}", "", f'model = {loader}.from_pretrained("HERE")'
        )
    else:
        what = f"`{base}`" if base else f"{text(run.record.model.name)}, a model that the hub is not known to have"
        yield f"This is an adapter of PEFT on {what}; the base's digest is `{run.record.model.digest}`."
        if about.get("tokens"):
            tokens = ", ".join(f"`{each['text']}`" for each in about["tokens"])
            yield f"It has new tokens ({tokens}), whose rows are in it: load it by `unseen`, or merge it first."
        else:
            yield from _code(
                "python",
                "from peft import PeftModel",
                f"from transformers import {loader}",
                "",
                f'base = {loader}.from_pretrained("{base or "THE_BASE_MODEL"}")',
                'model = PeftModel.from_pretrained(base, "HERE")',
            )
    yield from ("", "HERE is this folder, or its id on the hub; so is RUN, or the run's own folder:")
    yield from _code("sh", "unseen evaluate --model RUN --tasks 'nli/*'", "unseen export RUN MERGED_FOLDER")


def _code(language: str, *lines: str) -> Iterator[str]:
    yield from ("", f"```{language}", *lines, "```")


def _tuned_on(run: RunData, about: Mapping[str, Any], found: Sources) -> Iterator[str]:
    record = run.record
    training, counts = record.training, record.counts
    method = METHODS.get(str(about.get("method")), str(about.get("method")))
    steps = f"{training.get('steps', len(run.steps))} optimizer steps"
    read = f", {whole(int(training['supervised_tokens']))} supervised tokens" if "supervised_tokens" in training else ""
    examples = f" over {counted(counts.examples, 'example')}" if counts else ""
    yield f"Tuned {method}: {steps}{examples}{read}. Fingerprint `{record.fingerprint}`."
    yield ""
    yield from (f"- {text(each)}" for each in licences(found))
    before = about.get("instruction_tuned_on", "unknown")
    shown = before if isinstance(before, str) else ", ".join(before)
    yield from ("", f"Instruction-tuned on, the start model's own data among it: {text(shown)}.")


def _limits(run: RunData) -> Iterator[str]:
    """What is not claimed: first the findings with their intervals, then what to know before they are repeated."""
    found = unseen_findings(run)
    for each in found:
        shows = plain(each.difference.new_rows.detectable)
        yield f"- {text(told(each))}; so few rows show true differences from {shows} points on."
    yield from (f"- {said(caveat)}" for caveat in caveats(run, found))
    yield "- Scores are of the tasks, templates and rows named here; the model was not examined for safety or bias."


def _recipe(run: RunData) -> Iterator[str]:
    values = yaml.safe_dump(dict(run.record.recipe), sort_keys=False, allow_unicode=True, width=120)
    yield from ("```yaml", values.rstrip("\n"), "```")
