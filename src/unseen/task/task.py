"""A task: a dataset asked through its templates by one kind of question, judged by its metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from unseen.data.dataset import Dataset
from unseen.prompt.hints import Hinted
from unseen.prompt.layout import Formatted
from unseen.prompt.template import Template
from unseen.prompt.way import Way
from unseen.prompt.wording import Worded

TURNED = ":turned"  # ends the name of a task whose templates turn input and answer around
QuestionKind = Literal["choose", "generate"]
Rewording = Worded | Formatted | Hinted


@dataclass(frozen=True, slots=True)
class Task:
    """`cluster/dataset`, `cluster/dataset:turned` (tuning only) or `cluster/dataset:generate`.

    `templates` are the ways to ask it: templates, or encodings of its instruction, which go by their names alike.
    `plain` are the GPT-3-style templates, asked of untuned base models beside the instruction templates.
    `rewordings`, where there are any, are one for each of `templates`: what becomes of the example that it makes.
    `options: suffix` lists the choices behind prompts that choose and list none; plain templates stay as they are.
    """

    name: str
    dataset: Dataset
    templates: tuple[Way, ...]
    kind: QuestionKind
    metrics: tuple[str, ...]
    plain: tuple[Template, ...] = ()
    rewordings: tuple[Rewording, ...] = ()
    options: Literal["as_written", "suffix"] = "as_written"

    @property
    def cluster(self) -> str:
        return self.dataset.cluster

    @property
    def way_names(self) -> list[str]:
        """Names of the ways to ask: those of formats, or of the templates."""
        words = self.rewordings or (None,) * len(self.templates)
        pairs = zip(self.templates, words, strict=True)
        return [word.name if isinstance(word, Formatted) else each.name for each, word in pairs]

    @property
    def turned(self) -> bool:
        return self.name.endswith(TURNED)
