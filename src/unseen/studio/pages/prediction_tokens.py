"""The tokens of a prediction: of what each model said, or of every choice with its scores, beside the reference's."""

from __future__ import annotations

from urllib.parse import urlencode

from unseen.encode.token_text import token_texts
from unseen.model.embedded import ALIAS
from unseen.reporting.markup import Markup, joined, tag
from unseen.reporting.numbers import counted, row_name
from unseen.reporting.tables import folded
from unseen.studio.answer_tokens import AnswerTokens, answers_in_tokens, left_out
from unseen.studio.asking import recipe_of
from unseen.studio.frame import Page
from unseen.studio.pages.prediction import prompt_of
from unseen.studio.pages.runs import run_path
from unseen.studio.pages.ways_on import at_of
from unseen.studio.prediction_table import question_of
from unseen.studio.reply import Shown, Values, in_its_place
from unseen.studio.run_folders import folder_at
from unseen.studio.token_boxes import legend, token_boxes
from unseen.studio.token_form import FORMATS, with_model
from unseen.studio.tokenizers import Ready, Wanted
from unseen.studio.values import number_of
from unseen.studio.workspace import Workspace

STYLES, SCRIPTS = ("runs.css", "trie.css", "tokens.css"), ("tokens.js",)
AGAIN = (
    "Runs keep what a model said as text. These are the tokens that the model's tokenizer makes of it, which may be "
    "cut elsewhere than the tokens that were drawn; whether it ended by itself is not kept."
)
RANKED = (
    "Each choice is shown as it was ranked, with its end. The numbers are the run's own, which keeps the sum over a "
    "choice's tokens, not the number of each."
)


def prediction_tokens(workspace: Workspace, values: Values) -> Shown:
    """All answers to one question as tokens."""
    path, number = values["path"], number_of(values)
    folder = folder_at(workspace, path)
    pair = question_of(workspace, path, number)
    one, recipe = pair.question, recipe_of(workspace, path)
    model = str(folder) if (folder / "model").is_dir() else str(recipe.get("model") or ALIAS)
    back = run_path(path, f"prediction-tokens/{number}")

    def shown(ready: Ready) -> Markup:
        layout = ready.format(_format(one.plain, recipe.get("format")))
        answers = answers_in_tokens(pair, ready.tokenizer, layout)
        more = left_out(pair)
        what = "choice" if one.choices else "reference"
        return joined(
            tag("p", f"Cut into tokens by {model}. ", RANKED if one.choices else AGAIN, class_="faint"),
            legend("its log-probability is in the sum" if one.choices else ""),
            *(_answer(each, ready) for each in answers),
            folded("The prompt that they follow", prompt_of(pair)),
            tag("p", f"{counted(more, f'more {what}')} not shown.", class_="warn") if more else None,
            tag("p", "Point at a token, or go through them with the arrow keys.", class_="token-told"),
        )

    found = in_its_place(lambda: with_model(workspace, {**values, "model": model}, back, shown))
    row = {"task": one.task, "template": one.template, "row": row_name(one.split, one.row), "shots": one.shots}
    ways = [tag("a", "Back to the prediction", href=run_path(path, f"prediction/{number}"))]
    at = at_of(workspace, one)
    if at:
        query = urlencode({**row, **({"model": model} if recipe else {})})
        ways.append(tag("a", "The whole row with its reference, prompt and all", href=f"/tokens?{query}"))
    title = f"Answers as tokens: {one.task}, {row_name(one.split, one.row)}"
    body = joined(tag("p", *(joined(way, " ") for way in ways), class_="paging"), tag("form", found, method="post"))
    return Page(title, "/runs", body, wide=True, styles=STYLES, scripts=SCRIPTS, at=at)


def _format(is_plain: bool, said: object) -> Wanted:
    known: dict[str, Wanted] = {"auto": "auto", "chat": "chat", "plain": "plain"}
    assert known.keys() == dict(FORMATS).keys()
    return "plain" if is_plain else known.get(str(said), "auto")


def _answer(answer: AnswerTokens, ready: Ready) -> Markup:
    said = answer.said
    count = counted(len(answer.encoded.ids), "token")
    whose = (tag("li", tag("b", each)) for each in said.whose)
    facts = tag("ul", *whose, *(tag("li", each) for each in (count, *said.facts)), class_="keys")
    texts = token_texts(answer.encoded, ready.tokenizer)
    boxes = token_boxes(texts, answer.parts, {}) if said.text else tag("p", "Nothing at all.", class_="faint")
    return tag("section", tag("h2", said.title), facts, boxes, class_="answer-tokens")
