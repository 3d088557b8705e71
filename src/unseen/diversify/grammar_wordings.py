"""Train and test wordings of a form, out of the grammar, checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from unseen.diversify.checks import Rules, Sieve
from unseen.diversify.form import Form
from unseen.diversify.grammar import grammar_of, in_turn
from unseen.diversify.passing import passing
from unseen.diversify.similarity import between_sides
from unseen.diversify.special import beside, contrast_wordings
from unseen.diversify.wording import Made, Side, Wording, WordingSet
from unseen.errors import WordingMistake

TRAIN, TEST = 60, 20  # DELIA's released rows have 60 distinct instructions
CONTRAST = 10  # of each kind; a third of it is for evaluation, too


def grammar_wordings(
    form: Form,
    train: int = TRAIN,
    test: int = TEST,
    seed: int = 0,
    secrets: Sequence[str] = (),
    texts: Sequence[str] = (),
    contrast: int = CONTRAST,
    otherwise: str | None = None,
) -> WordingSet:
    """`train` and `test` wordings of `form`, which share no family of the grammar; `texts` are of rows, see `Rules`.
    With `contrast` wordings of each kind that does not ask for the tokens, for pairs to tune on, and a third as many,
    of the test side, to ask in; `otherwise` is what is answered then, as `beside` has it. Where the form says its task
    in other words too, train and contrast wordings take turns (`other_tasks`), and test and special ones say what they
    never do (`unseen_task`).

    Larger numbers extend smaller ones. What was dropped is counted in `made`. Raises `WordingMistake` where the grammar
    has fewer.
    """
    rules, asked = rules_of(form, secrets, texts), rules_of(form.asked, secrets, texts)
    dropped: Counter[str] = Counter()
    kept: list[Wording] = []
    tried = 0
    sides: tuple[tuple[Side, int, Sequence[Form], Rules], ...] = (
        ("train", train, form.tuned_on, rules),
        ("test", test, (form.asked,), asked),
    )
    for side, count, said, checked in sides:
        sieve = Sieve(checked)
        found, looked = _kept(said, side, count, seed, sieve)
        kept += found
        tried += looked
        dropped += sieve.dropped
    made = Made("grammar", seed, tried, dict(sorted(dropped.items())), between_sides(kept))
    special = beside(form.asked, asked, contrast, seed, otherwise).special
    others = contrast_wordings(form, rules, contrast, seed, special) if contrast else ()
    shared = tuple(dict.fromkeys((*rules.shared, *asked.shared)))
    return WordingSet(form.instruction, tuple(kept), form.tokens, rules.secrets, shared, special, others, made)


def rules_of(form: Form, secrets: Sequence[str] = (), texts: Sequence[str] = ()) -> Rules:
    """What wordings of `form` are checked against: each has to say its task in one of its ways, and its details."""
    ways = [way for said in form.tuned_on for way in (said.task, said.doing) if way]
    shared = (*ways, *form.details)
    return Rules(form.instruction, form.tokens, tuple(secrets), shared, tuple(texts))


def _kept(forms: Sequence[Form], side: Side, count: int, seed: int, sieve: Sieve) -> tuple[list[Wording], int]:
    """The first `count` wordings of a side that pass, and how many were looked at."""
    grammars = [grammar_of(form, side, seed) for form in forms]
    found = list(islice(passing(in_turn(grammars), sieve), count))
    if len(found) < count:
        counts = ", ".join(f"{why} {dropped}" for why, dropped in sorted(sieve.dropped.items()))
        what = f"has {len(found)} distinct {side} wordings, not {count} (dropped: {counts})"
        raise WordingMistake(forms[0].instruction, what, f"ask for at most {len(found)} with --{side}")
    return [wording for _, wording in found], found[-1][0] if found else 0
