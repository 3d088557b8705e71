"""Wordings that a chat model writes, each text kept in a store as it arrives: a run that was killed goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unseen.ask.chat import ChatBackend, Drawing, Message, Request, Said, Unsaid
from unseen.diversify.asking import Watch, ask_once
from unseen.diversify.checks import Rules, secret_in
from unseen.diversify.grammar_wordings import TEST, TRAIN
from unseen.diversify.special import NOTHING, Beside
from unseen.diversify.store import Store
from unseen.diversify.wording import WordingSet, count_of
from unseen.diversify.writing import drawing_json
from unseen.diversify.written_wordings import written_wordings
from unseen.errors import WordingMistake, raise_all
from unseen.progress import rated_bar
from unseen.task.seeds import key

DRAWING = Drawing(temperature=1.0, top_p=0.95, max_new_tokens=1024)  # of a list of ten


@dataclass(slots=True)
class ChatWriter:
    """Asks a chat model; every time that a prompt comes again, for another text. `new` texts arrived in this run.

    Texts are given in the order of the prompts, so what was stored and what arrives now makes the same wordings.
    """

    backend: ChatBackend
    store: Store
    drawing: Drawing = DRAWING
    seed: int = 0
    watch: Watch = rated_bar
    rounds: int = 0
    new: int = 0

    @property
    def name(self) -> str:
        return self.backend.name

    def write(self, prompts: Sequence[str]) -> Iterator[tuple[int, Said | Unsaid]]:
        requests = [self._request(self.rounds, index, prompt) for index, prompt in enumerate(prompts)]
        self.rounds += 1
        asked = ask_once(requests, self.backend, self.store, "writing wordings", self.watch)
        self.new += asked.new
        for index, request in enumerate(requests):
            yield index, asked.outcomes[request.id]

    def _request(self, round: int, index: int, prompt: str) -> Request:
        seed = int(key(self.seed, "wording", round, index))
        return Request(f"wording/{round}/{index}", (Message("user", prompt),), self.drawing, seed)


def model_wordings(
    rules: Rules,
    backend: ChatBackend,
    store: Path,
    train: int = TRAIN,
    test: int = TEST,
    seed: int = 0,
    others: Beside = NOTHING,
    drawing: Drawing = DRAWING,
    watch: Watch = rated_bar,
) -> WordingSet:
    """`train` and `test` wordings that the backend's model writes, checked by `rules`; `others` are put beside them.

    Every text is in the SQLite file `store` from its arrival on, and the same call again asks only for what is not
    there. Raises `DataMistake` where `store` holds texts of another model or instruction, `WordingMistake` where the
    model does not write enough, and `JobFailed` where the backend gives up.
    """
    made_with = made_with_json(rules, backend, drawing, seed)
    with Store(store, made_with) as kept:
        writer = ChatWriter(backend, kept, drawing, seed, watch)
        written = written_wordings(writer, rules, train, test, seed)
        return replace(written, special=others.special, contrast=others.contrast)


def made_with_json(rules: Rules, backend: ChatBackend, drawing: Drawing, seed: int) -> dict[str, Any]:
    """What decides the texts; what is checked afterwards may change."""
    asked = {"instruction": rules.instruction, "tokens": list(rules.tokens)}
    return {"model": backend.digest, **asked, "drawing": drawing_json(drawing), "seed": seed}


def plain_rules(instruction: str, tokens: Sequence[str] = (), secrets: Sequence[str] = ()) -> Rules:
    """The rules of an instruction as it is written, whether or not its form can be told.

    Raises `WordingMistake` for a token that it does not hold, and for a secret word that it says itself.
    """
    mistakes = [
        WordingMistake("--instruction", f"does not hold the token '{token}'", "add it, or leave --token out")
        for token in tokens
        if not count_of(token, instruction)
    ]
    mistakes += [
        WordingMistake("--instruction", f"says the secret word '{secret}' itself", "reword it, or drop the secret")
        for secret in secrets
        if secret_in(secret, instruction)
    ]
    raise_all(mistakes)
    return Rules(" ".join(instruction.split()), tuple(tokens), tuple(secrets))
