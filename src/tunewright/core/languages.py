"""Languages: names as columns and files have them (`en`, `zh-CN`, `de_DE`, `English`, `中文`), and what they are written in."""

from __future__ import annotations

import re

_CODE = re.compile(r"([A-Za-z]{2,3})(?:[-_](?:[A-Za-z]{4}))?(?:[-_](?:[A-Za-z]{2}|\d{3}))?$")

_CODES = """
af am ar as az be bg bn bo bs ca cs cy da de el en eo es et eu fa fi fo fr ga gd gl gu ha haw he hi hr ht hu hy id ig is it ja jv
ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my nb ne nl nn no oc om or pa pl ps pt qu ro ru rw sd si sk sl sn so
sq sr st su sv sw ta te tg th tk tl tn to tr ts tt ug uk ur uz vi wo xh yi yo zh zu
arb ces cmn deu eng fra jpn kor nld pol por rus spa ukr yue zho
"""
CODES = frozenset(_CODES.split())
"""ISO 639-1, and the three-letter codes that data sets use most."""

_WORDS = {
    "english": "en", "englisch": "en", "anglais": "en", "inglés": "en", "英文": "en", "英语": "en", "英語": "en",
    "german": "de", "deutsch": "de", "allemand": "de", "德文": "de", "德语": "de", "德語": "de",
    "french": "fr", "französisch": "fr", "français": "fr", "法文": "fr", "法语": "fr", "法語": "fr",
    "spanish": "es", "spanisch": "es", "español": "es", "西班牙语": "es", "西班牙語": "es",
    "italian": "it", "italiano": "it", "italienisch": "it", "意大利语": "it",
    "portuguese": "pt", "português": "pt", "葡萄牙语": "pt", "russian": "ru", "русский": "ru", "俄语": "ru", "俄文": "ru",
    "chinese": "zh", "chinesisch": "zh", "chinois": "zh", "中文": "zh", "汉语": "zh", "漢語": "zh", "简体中文": "zh-Hans",
    "簡體中文": "zh-Hans", "繁体中文": "zh-Hant", "繁體中文": "zh-Hant", "japanese": "ja", "日本語": "ja", "日语": "ja",
    "日文": "ja", "korean": "ko", "한국어": "ko", "韩语": "ko", "韓語": "ko", "arabic": "ar", "阿拉伯语": "ar",
    "czech": "cs", "polish": "pl", "dutch": "nl", "turkish": "tr", "vietnamese": "vi", "thai": "th", "hindi": "hi",
    "ukrainian": "uk", "swedish": "sv", "danish": "da", "finnish": "fi", "greek": "el", "hebrew": "he", "hungarian": "hu",
    "indonesian": "id", "norwegian": "no", "romanian": "ro",
}  # fmt: skip

_LONG = {
    "arb": "ar", "ces": "cs", "cmn": "zh", "deu": "de", "eng": "en", "fra": "fr", "jpn": "ja", "kor": "ko", "nld": "nl",
    "pol": "pl", "por": "pt", "rus": "ru", "spa": "es", "ukr": "uk", "yue": "zh", "zho": "zh",
}  # fmt: skip


def english_name(code: str) -> str:
    """`Chinese` for `zh`, `zh-CN` and `cmn_Hans`; the code as it stands where no name is known."""
    base = base_language(code)
    return next((word.capitalize() for word, known in _WORDS.items() if known == base), code)


def language_of(name: str) -> str | None:
    """The code that a name says, as it is spelled if it is one (`zh-CN`); None for what is no language."""
    name = name.strip()
    if (word := _WORDS.get(name.casefold())) is not None:
        return word
    match = _CODE.match(name)
    return name if match and match.group(1).lower() in CODES else None


def base_language(code: str | None) -> str | None:
    """`zh` of `zh-CN` and of `cmn_Hans`, in two letters where there are such."""
    if not code:
        return None
    first = re.split(r"[-_]", code.strip().lower())[0]
    return _LONG.get(first, first)


def same_language(asked: str, found: str) -> bool:
    """Whether `en` or `en-US` names what the file calls `en-GB`: equal, or equal before the hyphen where one has none."""
    a, b = asked.lower().replace("_", "-"), found.lower().replace("_", "-")
    return a == b or (base_language(a) == base_language(b) and ("-" not in a or "-" not in b))


def pick(asked: str, found: list[str]) -> str | None:
    """The name in a file for the language that was asked for: the same spelling first, then the same language."""
    exact = [name for name in found if name.lower().replace("_", "-") == asked.lower().replace("_", "-")]
    alike = [name for name in found if same_language(asked, language_of(name) or name)]
    return (exact or alike or [None])[0]  # type: ignore[list-item]


_SCRIPTS = {
    "zh": {"han"}, "yue": {"han"}, "ja": {"han", "kana"}, "ko": {"hangul", "han"}, "ru": {"cyrillic"}, "uk": {"cyrillic"},
    "bg": {"cyrillic"}, "be": {"cyrillic"}, "mk": {"cyrillic"}, "el": {"greek"}, "he": {"hebrew"}, "ar": {"arabic"},
    "fa": {"arabic"}, "ur": {"arabic"}, "hi": {"devanagari"}, "mr": {"devanagari"}, "ne": {"devanagari"}, "th": {"thai"},
}  # fmt: skip
_LATIN_CODES = (
    "en de fr es it pt nl pl cs sk sl hr ro hu fi et lv lt sv da no nb nn is ga tr vi id ms sw ca gl eu af sq"
)
LATIN = frozenset(_LATIN_CODES.split())
"""Languages in Latin letters."""


def scripts_of(language: str | None) -> set[str]:
    """The scripts that a language is written in, by the names of `scripts.script_of`; empty where that is not known."""
    base = base_language(language)
    return _SCRIPTS.get(base or "", {"latin"} if base in LATIN else set())
