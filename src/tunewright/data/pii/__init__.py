"""Personal data by its format: where it stands in a text, and why it counts as that.

    find_pii("call +49 30 901820, or mail to ann@firm.de")   two spans: phone, email

DETECTORS   the classes, from the surest to the least sure: where two overlap, the first one has it
find_pii    all spans of a text
normal      the text as detectors see it; places stay the same

Names, postal addresses, employers, user names and what people tell of themselves have no format and are **not** found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tunewright.data.pii.contact import EMAIL, PHONE
from tunewright.data.pii.european import EU_NATIONAL_ID
from tunewright.data.pii.money import BANK_CARD, IBAN
from tunewright.data.pii.network import IP_ADDRESS, URL_SECRET
from tunewright.data.pii.normal import normal
from tunewright.data.pii.people import BIRTH_DATE, CN_RESIDENT_ID, PASSPORT, US_SSN
from tunewright.data.pii.surrogates import PATTERN
from tunewright.data.pii.types import Detector, Found, Needs, Span
from tunewright.data.pii.vat import EU_VAT

__all__ = ["DETECTORS", "NOT_FOUND", "Detector", "Span", "find_pii", "normal"]

DETECTORS: dict[str, Detector] = {
    "url_secret": URL_SECRET,
    "email": EMAIL,
    "iban": IBAN,
    "cn_resident_id": CN_RESIDENT_ID,
    "bank_card": BANK_CARD,
    "eu_vat": EU_VAT,
    "eu_national_id": EU_NATIONAL_ID,
    "us_ssn": US_SSN,
    "ip_address": IP_ADDRESS,
    "birth_date": BIRTH_DATE,
    "passport": PASSPORT,
    "phone": PHONE,
}

NOT_FOUND = (
    "names of people", "postal addresses", "employers and schools", "user names and handles", "numbers of cars and licences",
    "health, faith and whatever people tell of themselves", "addresses written out (name at host dot com)",
)  # fmt: skip
"""What no format gives away. Said wherever findings are shown."""

_ANY = re.compile(r"[0-9@]|://|::")
_DIGITS = re.compile(r"\d(?:[ .,\-/()+:]{0,3}\d){6}|\d\.\d{1,3}\.\d{1,3}\.\d")
_CODES = re.compile(
    r"[A-Za-z][ \-]?\d[ \-]?\d{5}|\d{2}[A-Z]{2}\d{5}|[A-Za-z]{2}\d{2}[ \-]?[A-Za-z0-9]{4}|\d{7}"
    r"|[A-Za-z]{6} ?[0-9L-Vl-v]{2}[A-Za-z]|[CFGHJK][A-Z0-9]{8}|\d[ .\-]?\d{3}[ .\-]?\d{3}"
)
_COLONS = re.compile(r"[0-9A-Fa-f]?:[0-9A-Fa-f]*:")
_DAY = re.compile(r"(?:19|20)\d\d|\d[-/.] ?\d")
_BIRTH = re.compile(
    r"born|birth|dob|d\.o\.b|geb|naiss|\bnée?\b|né\(e\)|nac[ií]|nasc|nat[oa] il|urodz|\bur\b|geboor|na[sș]ter|n[aă]scut"
    r"|narozen|\bnar\b|född|födel|fødsel|出生|生日|生于|生於|誕生|生年|[日号]生",
    re.IGNORECASE,
)
_SHIELDED = re.compile(
    r"[a-z][a-z0-9+.\-]{1,12}://[^\s\u4e00-\u9fff]+|www\.[^\s\u4e00-\u9fff]+"
    r"|(?-i:(?:(?<![0-9A-Za-z])|(?<=IBAN))[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){3,})"
    r"|(?<![0-9A-Za-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9A-Za-z])",
    re.IGNORECASE,
)
"""Web addresses, UUIDs, and what is written like an IBAN: digits inside are no phone and no card."""
_OPEN = frozenset({"url_secret", "email", "ip_address", "iban"})
"""Classes that are looked for inside of those."""
_RANK = {name: rank for rank, name in enumerate(DETECTORS)}


def find_pii(text: str, classes: Iterable[str] | None = None) -> list[Span]:
    """All spans of the given classes (None: all), in order, none overlapping another.

    Of two readings of one place the one that a word names wins, then the earlier class in `DETECTORS`, then the longer.
    """
    plain = normal(text)
    if not _ANY.search(plain):
        return []
    wanted = DETECTORS if classes is None else {name: DETECTORS[name] for name in classes}
    here = _what_is_here(plain)
    found: list[tuple[str, Found]] = []
    for name, detector in wanted.items():
        if not here.isdisjoint(detector.needs):
            found.extend((name, candidate) for candidate in detector.find(plain))
    return _settle(plain, found) if found else []


def _what_is_here(text: str) -> set[Needs]:
    here: set[Needs] = set()
    if "@" in text:
        here.add("at")
    if _DIGITS.search(text):
        here.add("digits")
    if _CODES.search(text):
        here.add("codes")
    if ":" in text:
        if "://" in text:
            here.add("url")
        if _COLONS.search(text):
            here.add("colons")
    if _DAY.search(text) and _BIRTH.search(text):
        here.add("birth")
    return here


def _settle(text: str, found: list[tuple[str, Found]]) -> list[Span]:
    shields = [match.span() for match in _SHIELDED.finditer(text)]
    surrogates = [match.span() for match in PATTERN.finditer(text)]
    order = sorted(found, key=lambda pair: (not pair[1].named, _RANK[pair[0]], pair[1].start - pair[1].end))
    taken: list[Span] = []
    for name, candidate in order:
        start, end = candidate.start, candidate.end
        if any(start < right and left < end for left, right in surrogates):
            continue
        if name not in _OPEN and any(start < right and left < end for left, right in shields):
            continue
        if not any(start < span.end and span.start < end for span in taken):
            taken.append(
                Span(
                    start=start, end=end, class_name=name, detector=candidate.detector, evidence=candidate.evidence
                )
            )  # fmt: skip
    return sorted(taken, key=lambda span: span.start)
