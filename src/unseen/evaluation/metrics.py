"""The metrics: what each compares, and how it normalises text first. All are 0..100; the best reference counts.

accuracy     the same text. White space never decides: it is trimmed at both ends and every run of it (line breaks
             and no-break spaces too) is one space. Case and punctuation count.
exact_match  Super-NaturalInstructions' exact match: lower case, ASCII punctuation removed (not replaced by a space),
             single spaces; articles are kept. Punctuation that other scripts have of their own is removed, too.
f1           SQuAD's token F1: as exact_match, and the articles a, an, the removed; F-measure of the bags of words.
             As in SQuAD 2.0, where one text has no word left the value is 100 if both have none, else 0. In scripts
             without spaces a word is a character.
rouge_l      ROUGE-L F-measure with stemming, see `rouge.py`.
python_dict, json_dict, dict_keys, dict_begun, last_value
             for answers that are dictionaries: strict validity in Python and in JSON, the shape alone, its
             beginning, and what the last key says, see `dictionaries.py`.
bleu         corpus BLEU of sacrebleu with its defaults (13a tokeniser, mixed case, exponential smoothing), over all
             references. Text is taken as it is; in scripts without spaces it is cut otherwise, see `corpus.py`.
chrf         corpus chrF2 of sacrebleu with its defaults (6-grams of characters, no word n-grams, beta 2).
bleurt       what a model says (`evaluate.bleurt` of a recipe), times 100, see `learned.py`; it may leave 0..100.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from unseen.data.dataset import Dataset
from unseen.errors import ScoreMistake, UserMistake, nearest
from unseen.evaluation.corpus import CORPUS_METRICS, CorpusMetric
from unseen.evaluation.dictionaries import dict_begun, dict_keys, json_dict, last_value, python_dict
from unseen.evaluation.rouge import rouge_l
from unseen.evaluation.scripts import tokens, without_own_punctuation

Compare = Callable[[str, str], float]

ARTICLES = re.compile(r"\b(a|an|the)\b")
NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def single_spaced(text: str) -> str:
    """`text` trimmed, with every run of white space as one space."""
    return " ".join(text.split())


def plain_words(text: str) -> str:
    """Lower case, no punctuation of ASCII or of other scripts than Latin, single spaces; articles kept."""
    return single_spaced(without_own_punctuation(text.lower().translate(NO_PUNCTUATION)))


def accuracy(prediction: str, reference: str) -> float:
    return 100.0 * (single_spaced(prediction) == single_spaced(reference))


def exact_match(prediction: str, reference: str) -> float:
    return 100.0 * (plain_words(prediction) == plain_words(reference))


def f1(prediction: str, reference: str) -> float:
    """Token F1 of Rajpurkar et al. 2016 (SQuAD), with SQuAD 2.0's rule for texts without words."""
    said, wanted = (tokens(ARTICLES.sub(" ", plain_words(text))) for text in (prediction, reference))
    if not said or not wanted:
        return 100.0 * (said == wanted)
    common = (Counter(said) & Counter(wanted)).total()
    if common == 0:
        return 0.0
    precision, recall = common / len(said), common / len(wanted)
    return 100.0 * (2 * precision * recall / (precision + recall))


ROW_METRICS: Mapping[str, Compare] = MappingProxyType(
    {
        "accuracy": accuracy,
        "exact_match": exact_match,
        "f1": f1,
        "rouge_l": rouge_l,
        "python_dict": python_dict,
        "json_dict": json_dict,
        "dict_keys": dict_keys,
        "dict_begun": dict_begun,
        "last_value": last_value,
    }
)


def check_metric(name: str, where: str = "--metric") -> str:
    """`name` if it is a metric; else `ScoreMistake` about `where` with the nearest ones."""
    known = (*ROW_METRICS, *CORPUS_METRICS)
    if name == "bleurt":
        what = "'bleurt' is a model's, and no metric of texts alone"
        raise ScoreMistake(where, what, "name the model's folder in a recipe, evaluate.bleurt: FOLDER")
    if name not in known:
        raise ScoreMistake(where, f"unknown metric '{name}'", nearest(name, known, "metrics"))
    return name


def unknown_metrics(dataset: Dataset) -> list[UserMistake]:
    """A mistake for each metric that the dataset's description names and nobody knows."""
    mistakes: list[UserMistake] = []
    for name in dataset.metrics:
        try:
            check_metric(name, f"{dataset.file or dataset.name}: metrics")
        except ScoreMistake as mistake:
            mistakes.append(mistake)
    return mistakes


def row_value(metric: str, prediction: str, references: Sequence[str]) -> float:
    """Value of one prediction under a row metric: the best over its references."""
    return max(ROW_METRICS[metric](prediction, reference) for reference in references)


def corpus_metric(name: str) -> CorpusMetric | None:
    """The corpus-level metric of this name, or nothing where `name` is a mean over rows."""
    return CORPUS_METRICS.get(name)
