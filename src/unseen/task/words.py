"""The words of a text as overlap is measured on them: lower case, no punctuation, as GPT-3 and PaLM did.

Written forms that differ only in tokenisation must meet: "isn't", "is n't" (Penn Treebank) and "isnt" are one word.
Scripts without spaces count each character as a word.
"""

from __future__ import annotations

import re
import unicodedata

_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_SPACELESS}]|[^\W_{_SPACELESS}]+")
_CLITIC = re.compile(r"\s+(?=(?:n't|'(?:s|re|ve|ll|d|m))\b)")
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'"})


def words_of(text: str) -> list[str]:
    """Words of `text` in order, normalised."""
    text = unicodedata.normalize("NFKC", text).lower().translate(_APOSTROPHES)
    if "'" in text:
        text = _CLITIC.sub("", text).replace("'", "")
    return _WORD.findall(text)


def normalised(text: str) -> str:
    """Those words, with single spaces between them."""
    return " ".join(words_of(text))
