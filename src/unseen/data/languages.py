"""Names of languages and their codes: a dataset may say `Icelandic`, `is`, `isl` or `isl_Latn` and means the same."""

from __future__ import annotations

import re

# ISO 639-1 code, ISO 639-3 codes that collections write for it, English names.
TABLE = """
af afr afrikaans | am amh amharic | ar ara arb arabic | as asm assamese | az aze azj azerbaijani | be bel belarusian
bg bul bulgarian | bn ben bengali bangla | bo bod tibetan | br bre breton | bs bos bosnian | ca cat catalan valencian
cs ces cze czech | cy cym welsh | da dan danish | de deu ger german | el ell gre greek | en eng english
eo epo esperanto | es spa spanish castilian | et est estonian | eu eus basque | fa fas pes persian farsi
fi fin finnish | fo fao faroese | fr fra fre french | fy fry frisian | ga gle irish | gd gla gaelic | gl glg galician
gu guj gujarati | ha hau hausa | he heb hebrew | hi hin hindi | hr hrv croatian | ht hat haitian | hu hun hungarian
hy hye armenian | id ind indonesian | ig ibo igbo | is isl ice icelandic | it ita italian | ja jpn japanese
jv jav javanese | ka kat georgian | kk kaz kazakh | km khm khmer | kn kan kannada | ko kor korean | ku kur kurdish
ky kir kyrgyz | la lat latin | lb ltz luxembourgish | lo lao | lt lit lithuanian | lv lav latvian | mg mlg malagasy
mi mri maori | mk mkd macedonian | ml mal malayalam | mn mon khk mongolian | mr mar marathi | ms msa zsm malay
mt mlt maltese | my mya burmese | ne nep npi nepali | nl nld dut dutch flemish | no nor nob nno norwegian
oc oci occitan | or ory odia oriya | pa pan punjabi panjabi | pl pol polish | ps pus pashto | pt por portuguese
ro ron rum romanian | ru rus russian | sa san sanskrit | sd snd sindhi | si sin sinhala | sk slk slovak
sl slv slovenian | so som somali | sq sqi albanian | sr srp serbian | st sot sotho | su sun sundanese | sv swe swedish
sw swa swh swahili | ta tam tamil | te tel telugu | tg tgk tajik | th tha thai | tl tgl tagalog filipino
tr tur turkish | uk ukr ukrainian | ur urd urdu | uz uzb uzn uzbek | vi vie vietnamese | xh xho xhosa | yi yid yiddish
yo yor yoruba | zh zho chi chinese mandarin | zu zul zulu
"""
CODES = {name: names[0] for entry in re.split(r"[|\n]", TABLE) if (names := entry.split()) for name in names}


def language_code(name: str) -> str:
    """The two-letter code of a language that is named (`Central Khmer` too), or coded with or without a script or
    region (`zho_Hans`, `pt-BR`); the name itself, in lower case, where it is none that we know."""
    plain = name.strip().casefold()
    words = re.split(r"[\s,_(-]", plain)
    return CODES.get(plain) or CODES.get(words[0]) or CODES.get(words[-1]) or plain
