"""lm-evaluation-harness and we give the same scores, choices and texts (it is installed by `unseen[lm-eval]`)."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import cache
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from unseen.errors import DataMistake, MissingExtra

EMBEDDED = "smollm2-135m-instruct"
SHOTS = "The cup fell. As a result: It broke.\nIt rained. As a result: The street was wet.\n"
EVENTS = ["The cyclist braked hard.", "She left the door open.", "The oven was too hot.", "He learned the song."]
ENDS = ["The cake burned.", "He could sing it.", "The dog ran away.", "He fell.", "Yes", "No"]


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lm_eval.api.registry", None)
    monkeypatch.delitem(sys.modules, "unseen.ask.lm_eval", raising=False)
    with pytest.raises(MissingExtra, match=r"needs the extra 'lm-eval'; pip install 'unseen\[lm-eval\]'"):
        import unseen.ask.lm_eval  # noqa: F401


@cache
def ours(**options: Any) -> Any:
    pytest.importorskip("lm_eval", reason="lm-evaluation-harness is not installed (pip install unseen[lm-eval])")
    from unseen.ask.lm_eval import UnseenLM

    return UnseenLM(EMBEDDED, device="cpu", **options)


@cache
def theirs(batch_size: int = 4, **options: Any) -> Any:
    """The same weights in lm-evaluation-harness's own class."""
    same = ours(**options)
    from lm_eval.models.huggingface import HFLM

    return HFLM(pretrained=same.model, tokenizer=same.tokenizer, backend="causal", batch_size=batch_size, **options)


def requests(*arguments: tuple[Any, ...]) -> list[Any]:
    return [SimpleNamespace(args=each, task_name="toy") for each in arguments]


PAIRS = [
    *((f"{SHOTS}{event} As a result:", f" {end}") for event, end in product(EVENTS, ENDS)),
    ("", "The street was wet."),
    ("Its end is white: ", "snow"),
    ("One", " token"),
    ("Twice", " the same"),
    ("Twice", " the same"),
]


@pytest.mark.parametrize("length", [None, 24])
def test_log_likelihoods_are_theirs(length: int | None, capsys: pytest.CaptureFixture[str]) -> None:
    options = {} if length is None else {"max_length": length}
    mine = ours(**options).loglikelihood(requests(*PAIRS), disable_tqdm=True)
    said = capsys.readouterr().err
    other = theirs(**options).loglikelihood(requests(*PAIRS), disable_tqdm=True)
    assert [greedy for _, greedy in mine] == [greedy for _, greedy in other]
    assert [value for value, _ in mine] == pytest.approx([value for value, _ in other], abs=1e-3)
    assert ("24 requests are longer than 24 tokens and lose their beginning" in said) == bool(length)


@pytest.mark.parametrize(("end", "tokens"), [("", 0), (" ".join(ENDS), 19)])
def test_what_has_no_score_is_told(end: str, tokens: int) -> None:
    model = ours(max_length=16)
    ids = model.tok_encode(end)
    with pytest.raises(DataMistake, match=f"a continuation of {len(ids)} tokens cannot be scored, only one of 1 to 16"):
        model._loglikelihood_tokens([(None, [1], ids)], disable_tqdm=True)
    assert len(ids) == tokens


def test_rows_that_a_batch_would_change_are_the_harness_s(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("lm_eval", reason="lm-evaluation-harness is not installed (pip install unseen[lm-eval])")
    from unseen.ask.lm_eval import UnseenLM

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unseen.ask.lm_eval.one_rotation", lambda config: 64)
        models = [UnseenLM(EMBEDDED, device="cpu", max_length=most) for most in (64, 65)]
    said = capsys.readouterr().err
    assert "asked row by row, nothing is shared: plain: its positions are rotated otherwise beyond 64 tokens" in said
    mine, other = (each.loglikelihood(requests(*PAIRS[:8]), disable_tqdm=True) for each in models)
    assert [value for value, _ in mine] == pytest.approx([value for value, _ in other], abs=1e-3)


def test_the_greedy_continuation_is_told() -> None:
    context = f"{SHOTS}{EVENTS[0]} As a result:"
    [said] = ours().generate_until(requests((context, {"until": ["\n"], "max_gen_toks": 8})), disable_tqdm=True)
    [(_, greedy), (_, other)] = ours().loglikelihood(requests((context, said), (context, " The moon.")), True)
    assert (greedy, other) == (True, False)


def test_rolling_log_likelihoods_are_theirs() -> None:
    texts = [(f"{SHOTS}{event}",) for event in EVENTS]
    models = (ours(max_length=16), theirs(max_length=16))
    mine, other = (each.loglikelihood_rolling(requests(*texts), disable_tqdm=True) for each in models)
    assert mine == pytest.approx(other, abs=1e-3)


def test_generations_are_theirs() -> None:
    kinds: list[dict[str, Any]] = [
        {"until": ["\n", "."], "max_gen_toks": 12},
        {"until": [], "max_gen_toks": 5, "do_sample": False, "temperature": 0.0},
    ]
    asked = [(f"{SHOTS}{event} As a result:", kind) for event, kind in product([*EVENTS, EVENTS[0]], kinds)]
    mine, other = (each.generate_until(requests(*asked), disable_tqdm=True) for each in (ours(), theirs(batch_size=1)))
    assert mine == other
    assert all(mine)


def test_chats_are_theirs() -> None:
    chat = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    for asked in (True, False):
        assert ours().apply_chat_template(chat, asked) == theirs().apply_chat_template(chat, asked)
    assert ours().tokenizer_name == theirs().tokenizer_name


def choose(model: Any, prompts: Sequence[str], options: Sequence[str]) -> tuple[list[float], list[int]]:
    pairs = [(prompt, f" {option}") for prompt in prompts for option in options]
    values = [value for value, _ in model.loglikelihood(requests(*pairs), disable_tqdm=True)]
    rows = [values[start : start + len(options)] for start in range(0, len(values), len(options))]
    return values, [max(range(len(row)), key=row.__getitem__) for row in rows]


def test_choosing_is_theirs() -> None:
    """Through the backend that the commands ask."""
    prompts = [f"{SHOTS}{event} As a result:" for event in EVENTS]
    ours()
    from unseen.ask.backend import ask
    from unseen.ask.hf import HfBackend
    from unseen.ask.question import Choose
    from unseen.encode.format import Format
    from unseen.model.folder import resolve
    from unseen.model.load import load_model
    from unseen.prompt.example import Example, Segment

    values, chosen = choose(theirs(), prompts, ENDS)
    backend = HfBackend(load_model(resolve(EMBEDDED)), Format("plain"), options="open")
    examples = [
        Example("toy/task", "asked", "test", row, (Segment("user", prompt),), tuple(ENDS), separator=" ")
        for row, prompt in enumerate(prompts)
    ]
    answers = ask(backend, [Choose(example) for example in examples])
    assert [each for answer in answers for each in answer.log_probs] == pytest.approx(values, abs=1e-3)
    assert [answer.chosen for answer in answers] == chosen


@pytest.mark.filterwarnings("ignore")  # lm-evaluation-harness and what it evaluates with have some of their own
def test_a_whole_evaluation_in_two_lines(tmp_path: Path) -> None:
    ours()
    import lm_eval
    from lm_eval.tasks import TaskManager

    rows = [{"text": event, "options": ENDS[:4], "label": row % 4} for row, event in enumerate(EVENTS)]
    (tmp_path / "rows.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = {
        "task": "toy_results",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(tmp_path / "rows.json")}, "cache_dir": str(tmp_path)},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "{{text}} As a result:",
        "doc_to_choice": "{{options}}",
        "doc_to_target": "label",
    }
    manager = TaskManager(include_path=str(tmp_path), include_defaults=False)
    mine, other = (
        lm_eval.simple_evaluate(model=model, tasks=[task], task_manager=manager, bootstrap_iters=0)
        for model in (ours(), theirs())
    )
    assert mine["results"]["toy_results"]["acc,none"] == other["results"]["toy_results"]["acc,none"]
    for one, two in zip(mine["samples"]["toy_results"], other["samples"]["toy_results"], strict=True):
        assert [v for [(v, _)] in one["resps"]] == pytest.approx([v for [(v, _)] in two["resps"]], abs=1e-3)
