"""Which language a text is in, by its script and its commonest words: a rough guess that says nothing in doubt.

Data sets of whole texts are told apart well by their function words alone (Grefenstette 1995). A text that is short
or has two languages in equal parts is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from unseen.errors import UserMistake, nearest

LEAST_WORDS, LEAST_FOUND, AHEAD = 6, 3, 1.25

_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        code: frozenset(words.split())
        for code, words in {
            "da": "og i det at en den til er som på de med han af for ikke der var mig sig men et har jeg",
            "de": "der die und das ist nicht ich sie es ein eine zu den mit auf für von dem wie im sind wird",
            "en": "the of and to a in is that it for was on are as with be this have from or what how you i",
            "es": "de la que el en y los se del las un por con no una su para es al lo como qué más cómo",
            "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne ce il comment",
            "is": "og að í á er sem það til um við en ég var ekki með hann fyrir eru af hvað hvernig hún eða",
            "it": "di e il la che in a per è un non con una sono le si da come dei del gli più i cosa",
            "nl": "de van een het en in is dat op te zijn met voor niet die er aan om ook als dan maar wat hoe",
            "pl": "i w na z do nie się że to jest jak o co po za dla od czy ale przez są oraz jako",
            "pt": "de a o que e do da em um para é com não uma os no se na por mais as dos como mas ao",
            "sv": "och i att det som en på är av för med den till inte om har de ett vi jag men var hur vad",
        }.items()
    }
)
_SCRIPTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "\u0400-\u04ff": ("ru", "uk", "bg", "sr"),
        "\u0370-\u03ff": ("el",),
        "\u0590-\u05ff": ("he",),
        "\u0600-\u06ff": ("ar", "fa", "ur"),
        "\u0900-\u097f": ("hi", "mr", "ne"),
        "\u0e00-\u0e7f": ("th",),
        "\u3040-\u30ff": ("ja",),
        "\u4e00-\u9fff": ("zh", "ja"),
        "\uac00-\ud7af": ("ko",),
    }
)
_LETTERS = {script: re.compile(f"[{script}]") for script in _SCRIPTS}
_WORD = re.compile(r"[^\W\d_]+")


def known_language(code: str) -> str:
    """`code`, if it can be told. Raises `UserMistake` with the ones that can."""
    known = {*_WORDS, *(each for codes in _SCRIPTS.values() for each in codes)}
    if code not in known:
        raise UserMistake("--language", f"'{code}' cannot be told apart", nearest(code, known, "languages"))
    return code


def languages_of(text: str) -> tuple[str, ...]:
    """Codes (ISO 639-1) of the languages that `text` may be in, by its script or its words; none in doubt."""
    letters = sum(map(str.isalpha, text))
    for script, codes in _SCRIPTS.items():
        if letters and 2 * len(_LETTERS[script].findall(text)) > letters:
            return codes
    words = _WORD.findall(text.lower())
    found = sorted(((sum(word in known for word in words), code) for code, known in _WORDS.items()), reverse=True)
    (first, code), (second, _) = found[:2]
    told = len(words) >= LEAST_WORDS and first >= LEAST_FOUND and first >= AHEAD * second
    return (code,) if told else ()
