"""Numbers and dates that belong to one person: Chinese resident id, US social security number, passport, date of birth."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunewright.data.pii.checksums import iso7064_mod11_2
from tunewright.data.pii.contact import digits_of
from tunewright.data.pii.dates import is_day, is_short_day
from tunewright.data.pii.types import Detector, Found
from tunewright.data.pii.words import LEFT, RIGHT, names_of

# ---- Chinese resident id

_REGION = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
_CN_ID = re.compile(LEFT + rf"({_REGION}\d{{4}})([ \-]?)((?:19|20)\d{{6}})\2(\d{{3}}[\dXx])(?![0-9A-Za-z_])")
_CN_OLD_ID = re.compile(LEFT + rf"({_REGION}\d{{4}})(\d{{6}})(\d{{3}}){RIGHT}")


def _resident_ids(text: str) -> Iterator[Found]:
    for match in _CN_ID.finditer(text):
        region, _, born, rest = match.groups()
        if is_day(int(born[:4]), int(born[4:6]), int(born[6:])) and iso7064_mod11_2(region + born + rest):
            yield Found(*match.span(), "cn_18", "province, day of birth, check character", named=True)
    for match in _CN_OLD_ID.finditer(text):
        born = match.group(2)
        is_named = "cn_resident_id" in names_of(text, *match.span())
        if is_named and is_day(1900 + int(born[:2]), int(born[2:4]), int(born[4:])):
            yield Found(*match.span(), "cn_15", "province, day of birth, a word beside it", named=True)


# ---- US social security number

_SSN = re.compile(LEFT + r"(?!000|666|9)\d{3}([ \-]?)(?!00)\d{2}\1(?!0000)\d{4}" + RIGHT)
_PUBLISHED_SSN = frozenset({"078051120", "219099999", "123456789"})
"""Printed in advertisements or used as an example everywhere: they are nobody's."""


def _ssns(text: str) -> Iterator[Found]:
    for match in _SSN.finditer(text):
        if digits_of(match.group()) in _PUBLISHED_SSN:
            continue
        names = names_of(text, *match.span())
        named = "us_ssn" in names
        if named or (match.group(1) == "-" and not names):
            yield Found(*match.span(), "us_ssn", "area, group and serial that are issued", named=named)


# ---- passport

_PASSPORT = re.compile(
    r"(?<![0-9A-Za-z_\-])(?:[A-Z]{1,3}[ ]?\d{6,8}|\d{2}[A-Z]{2}\d{5}|\d{9}|[CFGHJK][CFGHJKLMNPRTVWXYZ0-9]{8}\d?)(?![0-9A-Za-z_\-])"
)


def _passports(text: str) -> Iterator[Found]:
    for match in _PASSPORT.finditer(text):
        digits = digits_of(match.group())
        if len(digits) >= 3 and "passport" in names_of(text, *match.span()):
            yield Found(*match.span(), "passport", "a word for passport beside it", named=True)


# ---- date of birth

_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "january jan januar janvier enero gennaio stycznia styczeń januari janeiro ianuarie ledna jänner janv ene gen led",
            "february feb februar février febrero febbraio lutego luty februari fevereiro februarie února fév lut úno",
            "march mar märz mars marzo marca marzec maart março martie března mrz mär mrt bře",
            "april apr avril abril aprile kwietnia kwiecień aprilie dubna avr abr kwi dub",
            "may mai mayo maggio maja maj mei maio května mag kvě",
            "june jun juni juin junio giugno czerwca czerwiec junho iunie června giu cze čvn",
            "july jul juli juillet julio luglio lipca lipiec julho iulie července juil lug lip čvc",
            "august aug août agosto sierpnia sierpień augustus augusti srpna ago sie srp",
            "september sep sept septembre septiembre settembre września wrzesień setembro septembrie září set wrz zář",
            "october oct oktober octobre octubre ottobre października październik outubro octombrie října okt ott paź říj",
            "november nov novembre noviembre listopada listopad novembro noiembrie listopadu lis",
            "december dec dezember décembre diciembre dicembre grudnia grudzień dezembro decembrie prosince dez déc dic gru pro",
        ),
        start=1,
    )
    for name in names.split()
}
_NAME = "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True))
_BIRTH_DATE = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"(?P<y1>(?:19|20)\d\d)(?:(?P<s1>[-/.])(?P<m1>\d{1,2})(?P=s1)(?P<d1>\d{1,2})"
    r"|\s?年\s?(?P<m2>\d{1,2})\s?月\s?(?P<d2>\d{1,2})\s?[日号號]?|(?P<m3>\d\d)(?P<d3>\d\d))"
    r"|(?P<a4>\d{1,2})(?P<s4>[-/.])[ ]?(?P<b4>\d{1,2})(?P=s4)[ ]?(?P<y4>(?:19|20)\d\d|\d\d)"
    rf"|(?P<d5>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?[ ]?(?:of |de |-)?(?P<n5>{_NAME})\.?(?:,? | de | del |-)(?P<y5>(?:19|20)\d\d)"
    rf"|(?P<n6>{_NAME})\.? (?P<d6>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y6>(?:19|20)\d\d)"
    r")(?![0-9A-Za-z])",
    re.IGNORECASE,
)


def _birth_dates(text: str) -> Iterator[Found]:
    for match in _BIRTH_DATE.finditer(text):
        if _is_birthday(match.groupdict()) and (
            "birth_date" in names_of(text, *match.span()) or re.match(r"生(?![产日效成活长])", text[match.end() :])
        ):
            yield Found(*match.span(), "birth_date", "a day that exists, a word for birth beside it", named=True)


def _is_birthday(parts: dict[str, str | None]) -> bool:
    for year, month, day in (("y1", "m1", "d1"), ("y1", "m2", "d2"), ("y1", "m3", "d3")):
        if parts[month]:
            return is_day(int(parts[year] or 0), int(parts[month] or 0), int(parts[day] or 0))
    if parts["y4"]:
        born, first, second = int(parts["y4"]), int(parts["a4"] or 0), int(parts["b4"] or 0)
        test = is_short_day if len(parts["y4"]) == 2 else is_day
        return test(born, first, second) or test(born, second, first)
    number = "5" if parts["n5"] else "6"
    month_name = (parts[f"n{number}"] or "").lower()
    return is_day(int(parts[f"y{number}"] or 0), _MONTHS[month_name], int(parts[f"d{number}"] or 0))


CN_RESIDENT_ID = Detector(
    find=_resident_ids,
    needs=("digits",),
    source="GB 11643-1999: GB/T 2260 province, day of birth, ISO 7064 MOD 11-2; the form of 15 digits only beside a word",
    withstands="order numbers of 18 digits, other provinces, days that don't exist, wrong check characters",
)
US_SSN = Detector(
    find=_ssns,
    needs=("digits",),
    source="Social Security Administration: areas 001-665 and 667-899, no zero group or serial; undashed only beside a word",
    withstands="phones, order numbers, dates, areas that are never issued, 078-05-1120",
)
PASSPORT = Detector(
    find=_passports,
    needs=("codes",),
    source="ICAO 9303: up to nine letters and digits; only beside a word, as there is no public check digit",
    withstands="product codes, flight numbers, dates of issue, photo orders",
)
BIRTH_DATE = Detector(
    find=_birth_dates,
    needs=("birth",),
    source="calendar days 1900-2049 beside a word for birth in eleven languages",
    withstands="other dates, days that don't exist, birthday parties, dates of orders and of issue",
)
