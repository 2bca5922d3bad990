"""National ids of persons in the EU's ten most populous countries and Sweden, by their check digits.

By population on 1 January 2025 (Eurostat): DE, FR, IT, ES, PL, RO, NL, BE, CZ, PT; Sweden comes next. Numbers whose check
digits let more than one of a thousand chance numbers pass (PL, NL, PT, and DE and CZ without their separators) are found
beside a word only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

from tunewright.data.pii.checksums import iso7064_mod11_10, luhn, weighted
from tunewright.data.pii.dates import is_day, is_short_day
from tunewright.data.pii.types import Detector, Found
from tunewright.data.pii.words import BEGINNING, OTHER, RIGHT, names_of

NAME = "eu_national_id"


def is_de_tax_id(value: str) -> bool:
    """Steuer-IdNr (11 digits): one of the first ten occurs two or three times, no other twice; MOD 11,10."""
    counts = sorted(Counter(value[:10]).values(), reverse=True)
    return value[0] != "0" and counts[0] in (2, 3) and (len(counts) < 2 or counts[1] == 1) and iso7064_mod11_10(value)


def is_fr_nir(value: str) -> bool:
    """NIR of INSEE (15 characters, 2A and 2B for Corsica): sex, year, month, place; key is 97 minus the rest by 97."""
    month = int(value[3:5])
    number = value[:13].replace("2A", "19", 1).replace("2B", "18", 1) if not value[:13].isdigit() else value[:13]
    if not number.isdigit() or not (1 <= month <= 12 or 20 <= month <= 42 or month >= 50) or value[5:7] == "00":
        return False
    return 97 - int(number) % 97 == int(value[13:])


_CF_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21,
         1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)  # fmt: skip


def is_it_codice_fiscale(value: str) -> bool:
    """Codice fiscale (16 characters; D.M. 23/12/1976): month letter, day to 31 or plus 40, check letter."""
    value = value.upper()
    plain = value.translate(str.maketrans("LMNPQRSTUV", "0123456789"))
    day = int(plain[9:11])
    if value[8] not in "ABCDEHLMPRST" or not (1 <= day <= 31 or 41 <= day <= 71):
        return False
    odd = sum(_CF_ODD[char] for char in value[:15:2])
    even = sum(int(char, 36) - 10 if char.isalpha() else int(char) for char in value[1:15:2])
    return chr(ord("A") + (odd + even) % 26) == value[15]


def is_es_person(value: str) -> bool:
    """DNI (8 digits and a letter) or NIE (X, Y, Z, 7 digits and a letter): number modulo 23."""
    value = value.upper()
    number = value[:-1].translate(str.maketrans("XYZ", "012"))
    return number.isdigit() and "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == value[-1]


def is_pl_pesel(value: str) -> bool:
    """PESEL (11 digits): day of birth with the century in the month (0 or 20 for living people), weights 1 3 7 9."""
    month = int(value[2:4])
    century = {0: 1900, 1: 2000}.get(month // 20)
    if century is None or not is_day(century + int(value[:2]), month % 20, int(value[4:6])):
        return False
    return (10 - weighted(value[:10], (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10) % 10 == int(value[10])


def is_ro_cnp(value: str) -> bool:
    """CNP (13 digits): sex and century, day of birth, county, weights 279146358279 modulo 11."""
    century = {"1": 1900, "2": 1900, "5": 2000, "6": 2000, "7": 1900, "8": 1900}.get(value[0])
    county = int(value[7:9])
    day = (int(value[1:3]), int(value[3:5]), int(value[5:7]))
    if century is None or not (1 <= county <= 48 or county in (51, 52, 70)) or not is_day(century + day[0], *day[1:]):
        return False
    rest = weighted(value[:12], (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return (1 if rest == 10 else rest) == int(value[12])


def is_nl_bsn(value: str) -> bool:
    """BSN (9 digits): the eleven test with -1 as last weight."""
    return value != "000000000" and weighted(value, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def is_be_national(value: str) -> bool:
    """Rijksregisternummer (11 digits): day of birth, serial, 97 minus the rest by 97, with a 2 in front from 2000 on."""
    body, check = int(value[:9]), int(value[9:])
    if not is_short_day(int(value[:2]), int(value[2:4]) % 20, int(value[4:6])) or int(value[2:4]) > 52:
        return False
    return check in (97 - body % 97, 97 - (2_000_000_000 + body) % 97)


def is_cz_birth_number(value: str) -> bool:
    """Rodné číslo (10 digits): day of birth, month plus 50 for women (and 20 in full years), divisible by eleven."""
    month = int(value[2:4])
    month -= next((plus for plus in (70, 50, 20) if month > plus), 0)
    divides = int(value) % 11 == 0 or (int(value[:9]) % 11 == 10 and value[9] == "0")
    return divides and is_short_day(int(value[:2]), month, int(value[4:6]))


def is_pt_nif(value: str) -> bool:
    """NIF (9 digits): weights 9 to 2, eleven minus the rest, ten and eleven as 0."""
    check = 11 - weighted(value[:8], (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if check > 9 else check) == int(value[8])


def is_se_person(value: str) -> bool:
    """Personnummer (10 digits after the century is taken off), or samordningsnummer with 60 added to the day: Luhn."""
    day = int(value[4:6])
    return is_short_day(int(value[:2]), int(value[2:4]), day - 60 if day > 60 else day) and luhn(value)


Rule = tuple[str, re.Pattern[str], Callable[[str], bool], bool]
_DIGITS = str.maketrans("", "", " .-/+")

_LETTER = r"[ \-]?[A-HJ-NP-TV-Za-hj-np-tv-z]"
RULES: tuple[Rule, ...] = (
    ("es_dni", re.compile(r"(?:\d{8}|\d{2}\.\d{3}\.\d{3})" + _LETTER + r"(?![0-9A-Za-z_])"), is_es_person, False),
    ("es_nie", re.compile(r"[XYZxyz][ \-]?\d{7}" + _LETTER + r"(?![0-9A-Za-z_])"), is_es_person, False),
    ("fr_nir", re.compile(
        r"[12][ ]?\d{2}[ ]?\d{2}[ ]?(?:\d{2}|2[AB])[ ]?\d{3}[ ]?\d{3}[ ]?\d{2}" + RIGHT), is_fr_nir, False),
    ("ro_cnp", re.compile(r"[1-8]\d{12}" + RIGHT), is_ro_cnp, False),
    ("be_national", re.compile(r"(?:\d{11}|\d{2}\.\d{2}\.\d{2}[ \-]\d{3}[.\-]\d{2})" + RIGHT), is_be_national, False),
    ("pl_pesel", re.compile(r"\d{11}" + RIGHT), is_pl_pesel, True),
    ("de_tax_id", re.compile(r"\d{2} \d{3} \d{3} \d{3}" + RIGHT), is_de_tax_id, False),
    ("de_tax_id", re.compile(r"\d{11}" + RIGHT), is_de_tax_id, True),
    ("cz_birth_number", re.compile(r"\d{6}/\d{4}" + RIGHT), is_cz_birth_number, False),
    ("se_person", re.compile(r"(?:19|20)?\d{6}[\-+]\d{4}" + RIGHT), lambda value: is_se_person(value[-10:]), False),
    ("cz_birth_number", re.compile(r"\d{10}" + RIGHT), is_cz_birth_number, True),
    ("se_person", re.compile(r"(?:19|20)?\d{10}" + RIGHT), lambda value: is_se_person(value[-10:]), True),
    ("nl_bsn", re.compile(r"(?:\d{9}|\d{4}\.\d{2}\.\d{3})" + RIGHT), is_nl_bsn, True),
    ("pt_nif", re.compile(r"[123]\d{2}([ ]?)\d{3}\1\d{3}" + RIGHT), is_pt_nif, True),
)  # fmt: skip
"""Country and number, its form, its check, and whether it counts only beside a word."""


_FISCAL = re.compile(
    r"(?<![0-9A-Za-z_])[A-Za-z]{6}[ ]?[0-9L-NP-Vl-np-v]{2}[A-Za-z][0-9L-NP-Vl-np-v]{2}[ ]?[A-Za-z][0-9L-NP-Vl-np-v]{3}[A-Za-z]"
    r"(?![0-9A-Za-z_])"
)


def _national_ids(text: str) -> Iterator[Found]:
    for match in _FISCAL.finditer(text):
        if is_it_codice_fiscale(match.group().replace(" ", "")) and OTHER not in names_of(text, *match.span()):
            yield Found(*match.span(), "it_codice_fiscale", "month, day, check letter", named=True)
    for beginning in BEGINNING.finditer(text):
        for detector, form, holds, only_named in RULES:
            number = form.match(text, beginning.start())
            if number and holds(number.group().translate(_DIGITS)):
                names = names_of(text, *number.span())
                named = NAME in names or f"{NAME}.{detector[:2]}" in names
                if named or (not only_named and OTHER not in names):
                    yield Found(
                        *number.span(), detector, "check digit" + (", a word beside it" if named else ""), named
                    )


EU_NATIONAL_ID = Detector(
    find=_national_ids,
    needs=("digits", "codes"),
    source="the law or authority of each country, named at each rule",
    withstands="order numbers, wrong check digits, days that don't exist, phones, parcels; without a word: PESEL, BSN, NIF",
)
