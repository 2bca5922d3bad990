"""E-mail addresses and telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunewright.data.pii.types import Detector, Found
from tunewright.data.pii.words import LEFT, OTHER, names_of

# ---- e-mail

_LATIN = "A-Za-z0-9\u00c0-\u024f"
_EMAIL = re.compile(
    rf"(?<![{_LATIN}._%+\-])[{_LATIN}_](?:[{_LATIN}._%+\-']{{0,62}}[{_LATIN}_+\-])?"
    rf"@(?:[{_LATIN}](?:[{_LATIN}\-]{{0,61}}[{_LATIN}])?\.){{1,8}}[A-Za-z]{{2,24}}(?![{_LATIN}\-@])"
)
_FILE_ENDINGS = frozenset(
    [
        "png",
        "jpg",
        "jpeg",
        "gif",
        "svg",
        "webp",
        "css",
        "js",
        "ts",
        "json",
        "html",
        "htm",
        "pdf",
        "zip",
        "exe",
        "mp3",
        "mp4",
        "txt",
        "csv",
        "yaml",
        "xml",
    ]
)
_RESERVED_DOMAIN = re.compile(
    r"@(?:.*\.)?(?:example\.(?:com|org|net)|(?:example|test|invalid|localhost))$", re.IGNORECASE
)
_REPOSITORY = re.compile(r":[\w.\-+~]+/")


def _emails(text: str) -> Iterator[Found]:
    for match in _EMAIL.finditer(text):
        value = match.group()
        ending = value.rsplit(".", 1)[1].lower()
        reserved = ending in _FILE_ENDINGS or ".." in value or _RESERVED_DOMAIN.search(value)
        if reserved or (value.startswith("git@") and _REPOSITORY.match(text, match.end())):
            continue
        yield Found(match.start(), match.end(), "email", "address with a domain", named=True)


# ---- phone

_NATIONAL_DIGITS: dict[str, tuple[int, int]] = {
    "1": (10, 10), "7": (10, 10), "20": (8, 10), "27": (9, 9), "30": (10, 10), "31": (9, 9), "32": (8, 9), "33": (9, 9),
    "34": (9, 9), "36": (8, 9), "39": (8, 11), "40": (9, 9), "41": (9, 9), "43": (7, 13), "44": (9, 10), "45": (8, 8),
    "46": (7, 10), "47": (8, 8), "48": (9, 9), "49": (6, 12), "51": (8, 9), "52": (10, 10), "54": (10, 11), "55": (10, 11),
    "56": (9, 9), "57": (10, 10), "60": (8, 10), "61": (9, 9), "62": (8, 12), "63": (9, 10), "64": (8, 10), "65": (8, 8),
    "66": (8, 9), "81": (9, 10), "82": (8, 10), "84": (9, 10), "86": (10, 11), "90": (10, 10), "91": (10, 10),
    "92": (9, 10), "94": (9, 9), "98": (10, 10), "212": (9, 9), "213": (8, 9), "216": (8, 8), "234": (8, 10),
    "254": (9, 9), "351": (9, 9), "352": (6, 11), "353": (7, 9), "354": (7, 9), "355": (8, 9), "356": (8, 8),
    "357": (8, 8), "358": (6, 11), "359": (8, 9), "370": (8, 8), "371": (8, 8), "372": (7, 8), "373": (8, 8),
    "374": (8, 8), "375": (9, 9), "380": (9, 9), "381": (8, 9), "385": (8, 9), "386": (8, 8), "387": (8, 8),
    "389": (8, 8), "420": (9, 9), "421": (9, 9), "423": (7, 9), "852": (8, 8), "853": (8, 8), "880": (8, 10),
    "886": (8, 9), "961": (7, 8), "962": (8, 9), "965": (8, 8), "966": (8, 9), "971": (8, 9), "972": (8, 9),
    "973": (8, 8), "974": (8, 8), "977": (8, 10), "994": (9, 9), "995": (9, 9), "998": (9, 9),
}  # fmt: skip
"""Digits behind the country code (ITU-T E.164, national numbering plans)."""
_OTHER_CODES = re.compile(r"(?:2[1-9]\d|5[089]\d|37[4-9]|38[239]|67\d|68\d|69\d|85\d|96[0-8]|97[5-9]|99[236])")

_END = r"(?![0-9A-Za-z_])(?![.\-:,][0-9])(?! \d{3})"
_START = LEFT
_EXTENSION = r"(?:[ ,]{0,2}(?:ext\.?|x|转)[ ]?\d{1,5})?"
_INTERNATIONAL = re.compile(
    r"(?<![0-9A-Za-z_+])(?<![0-9][ \-.])\(?(?:\+|00(?=[1-9]))\(?[1-9](?:[ .\-/()]{0,2}\d){6,14}" + _EXTENSION + _END
)
_CN_MOBILE = re.compile(
    r"(?<![0-9_+])(?<![0-9][.,\-:])(?<![A-Za-z0-9][A-Za-z])(?:86[ \-]?)?"
    r"1(?:3\d|4[014-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])(?:\d{8}|([ \-])\d{4}\1\d{4}|[ \-]\d{3}[ \-]\d{5})" + _END
)
_CN_LANDLINE = re.compile(
    _START + r"\(?(0(?:10|2\d|[3-9]\d{2}))(\)[ ]?|[ \-]{1,2})?([2-8]\d{6,7}|[2-8]\d{2,3}[ \-]\d{4})" + _END.replace(r"\-", "")
    + r"(?:[ ]?(?:转|-|ext\.?)[ ]?\d{1,5}(?!\d))?"
)  # fmt: skip
_NANP = re.compile(
    _START + r"(?:1[ .\-])?(?:\([2-9]\d{2}\)[ \-]?[2-9]\d{2}[ .\-]\d{4}|[2-9]\d{2}([.\-])[2-9]\d{2}\1\d{4})"
    + _EXTENSION + _END
)  # fmt: skip
_SHAPED = re.compile(
    _START + r"(?:0[67]([ .\-])\d{2}(?:\1\d{2}){3}|07\d{3} \d{6}|01[5-7]\d[ /\-]\d{7,8}|0\d{2,4}/\d{5,8})" + _END
)
"""National forms that nothing else has: French and British mobiles, German numbers with their slash or mobile code."""
_NAMED = re.compile(_START + r"\(?\d(?:[ .\-/()]{0,2}\d){6,14}" + _EXTENSION + _END)
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}")
_FICTIONAL = re.compile(r"555[ .\-]?01\d\d$")
_LETTERS_BEFORE = re.compile(r"(?:tel|phone|mobile|mob|cell|fax|ph|t|m|p)\.?:?$", re.IGNORECASE)


def digits_of(text: str) -> str:
    """The ASCII digits of a text."""
    return "".join(char for char in text if "0" <= char <= "9")


def country_of(digits: str) -> str | None:
    """The country code at the head of an international number, if as many digits follow as that country has."""
    for length in (1, 2, 3):
        code = digits[:length]
        if code in _NATIONAL_DIGITS:
            fewest, most = _NATIONAL_DIGITS[code]
            rest = digits[length:]
            return code if fewest <= len(rest.removeprefix("0")) <= most or fewest <= len(rest) <= most else None
    return digits[:3] if _OTHER_CODES.match(digits) and 9 <= len(digits) <= 13 else None


def _phones(text: str) -> Iterator[Found]:
    for match in _INTERNATIONAL.finditer(text):
        digits = digits_of(match.group().split("ext")[0].split("x")[0].split("转")[0])
        code = country_of(digits.removeprefix("00"))
        if code and not _FICTIONAL.search(match.group()) and names_of(text, *match.span()) != {OTHER}:
            yield Found(
                *_without_open_bracket(match), "international", f"country code +{code} and its length", named=True
            )
    for match in _CN_MOBILE.finditer(text):
        before = text[max(0, match.start() - 8) : match.start()]
        if before[-1:].isascii() and before[-1:].isalpha() and not _LETTERS_BEFORE.search(before):
            continue
        yield from _unless_other(text, match, "cn_mobile", "mobile code and 11 digits")
    for match in _CN_LANDLINE.finditer(text):
        area, separator, subscriber = match.group(1), match.group(2), digits_of(match.group(3))
        fits = len(subscriber) == 8 or (len(area) == 4 and len(subscriber) == 7)
        if fits and (separator or "phone" in names_of(text, *match.span())):
            yield from _unless_other(text, match, "cn_landline", "area code and its length")
    for match in _NANP.finditer(text):
        if not _FICTIONAL.search(match.group()):
            yield from _unless_other(text, match, "nanp", "area code, exchange and four digits")
    for match in _SHAPED.finditer(text):
        yield from _unless_other(text, match, "national", "a form that only phone numbers have")
    for match in _NAMED.finditer(text):
        value = match.group()
        if "phone" in names_of(text, *match.span()) and not _DATE.match(value) and not _FICTIONAL.search(value):
            yield Found(*_without_open_bracket(match), "named", "a word for phone beside it", named=True)


def _without_open_bracket(match: re.Match[str]) -> tuple[int, int]:
    """A bracket that is opened before the number and not closed inside belongs to the sentence."""
    opened = match.group().startswith("(") and match.group().count("(") > match.group().count(")")
    return match.start() + opened, match.end()


def _unless_other(text: str, match: re.Match[str], detector: str, evidence: str) -> Iterator[Found]:
    names = names_of(text, *match.span())
    if not names or "phone" in names or OTHER not in names:
        yield Found(*_without_open_bracket(match), detector, evidence, named="phone" in names)


EMAIL = Detector(
    find=_emails,
    needs=("at",),
    source="RFC 5322 addr-spec as people write it, RFC 2606 for what is reserved",
    withstands="handles (@name), image@2x.png, package@1.2.3, git@host:path, addresses at example.com",
)
PHONE = Detector(
    find=_phones,
    needs=("digits",),
    source="ITU-T E.164 with the length of each country; the Chinese plan for mobiles and area codes; NANP",
    withstands="order and parcel numbers, dates, ranges, prices, ISBN, IP addresses, hashes, 555-01xx",
)
