"""Bank cards and account numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunewright.data.pii.checksums import luhn, mod97_10
from tunewright.data.pii.contact import digits_of
from tunewright.data.pii.types import Detector, Found
from tunewright.data.pii.words import GLUED, LEFT, OTHER, RIGHT, names_of

# ---- cards

_CARD = re.compile(
    LEFT + r"(?:"
    r"[1-68]\d{11,18}"
    r"|[2-68]\d{3}([ \-])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?"
    r"|3\d{3}([ \-])\d{6}\2\d{4,5}"
    r"|6\d{5}([ \-])\d{13}"
    r")" + RIGHT
)
_ISSUERS: tuple[tuple[str, re.Pattern[str], tuple[int, ...]], ...] = (
    ("visa", re.compile("4"), (13, 16, 19)),
    ("mastercard", re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),
    ("american express", re.compile("3[47]"), (15,)),
    ("unionpay", re.compile(r"62|81[0-7]"), (16, 17, 18, 19)),
    ("discover", re.compile(r"6011|64[4-9]|65"), (16, 19)),
    ("jcb", re.compile(r"352[89]|35[3-8]"), (16, 19)),
    ("diners", re.compile(r"30[0-5]|3095|36|3[89]"), (14, 16)),
)
"""First digits and lengths (ISO/IEC 7812; the schemes' own publications). Others (Maestro, old JCB) only beside a word."""


def _cards(text: str) -> Iterator[Found]:
    for match in _CARD.finditer(text):
        digits = digits_of(match.group())
        issuer = next(
            (name for name, head, lengths in _ISSUERS if len(digits) in lengths and head.match(digits)), "other"
        )
        if len(set(digits)) < 2 or not luhn(digits):
            continue
        names = names_of(text, *match.span())
        named = "bank_card" in names
        # 13 digits are an EAN or a timestamp far more often than an old Visa card.
        if named or (OTHER not in names and issuer != "other" and len(digits) > 13):
            yield Found(
                *match.span(),
                issuer.replace(" ", "_"),
                f"first digits of {issuer}, Luhn" if issuer != "other" else "Luhn, a word beside it",
                named=named,
            )


# ---- IBAN

_LENGTHS = {
    code: int(length)
    for code, length in re.findall(
        r"([A-Z]{2})(\d\d)",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 "
        "FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 "
        "LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 "
        "RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30",
    )
}
"""Characters by country (ISO 13616, SWIFT's registry)."""
_IBAN = re.compile(
    rf"(?=[A-Za-z]{{2}}[0-9]{{2}})(?:(?<![0-9A-Za-z_]){GLUED})"
    + r"([A-Za-z]{2})\d{2}[ \-]?(?:[A-Za-z0-9][ \-]?){10,34}"
)


def _ibans(text: str) -> Iterator[Found]:
    for match in _IBAN.finditer(text):
        length = _LENGTHS.get(match.group(1).upper())
        if length is None:
            continue
        end, taken = match.start(), 0
        while end < len(text) and taken < length:
            taken += text[end].isascii() and text[end].isalnum()
            end += 1
        value = "".join(char for char in text[match.start() : end] if char.isascii() and char.isalnum()).upper()
        glued = end < len(text) and text[end].isascii() and text[end].isalnum()
        if len(value) == length and not glued and mod97_10(value[4:] + value[:4]):
            yield Found(match.start(), end, f"iban_{value[:2].lower()}", "length of its country, mod 97", named=True)


BANK_CARD = Detector(
    find=_cards,
    needs=("digits",),
    source="ISO/IEC 7812: first digits, length, Luhn",
    withstands="order numbers of 16 digits (nine of ten by Luhn, most others by their word), EAN, timestamps, wrong check digits",
)
IBAN = Detector(
    find=_ibans,
    needs=("codes",),
    source="ISO 13616: country, its length, ISO 7064 mod 97-10",
    withstands="serial numbers, parcel numbers such as JJD..., hashes, XX as country",
)
