"""VAT numbers of the EU's ten most populous countries and Sweden: with their country in front anywhere, else beside a word."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tunewright.data.pii.checksums import iso7064_mod11_10, luhn, mod97_10, weighted
from tunewright.data.pii.european import is_cz_birth_number, is_es_person, is_nl_bsn, is_pt_nif
from tunewright.data.pii.types import Detector, Found
from tunewright.data.pii.words import BEGINNING, GLUED, OTHER, RIGHT, names_of

NAME = "eu_vat"


def _is_fr(value: str) -> bool:
    """Two key characters and a SIREN (Luhn); a key of digits is (12 + 3 SIREN) modulo 97."""
    siren = value[2:]
    return luhn(siren) and (not value[:2].isdigit() or (12 + 3 * (int(siren) % 97)) % 97 == int(value[:2]))


def is_es_company(value: str) -> bool:
    """CIF: a letter, seven digits, a control digit or letter."""
    digits = value[1:8]
    if not digits.isdigit() or value[0] not in "ABCDEFGHJNPQRSUVW":
        return False
    odd = sum(sum(divmod(2 * int(char), 10)) for char in digits[::2])
    control = (10 - (odd + sum(map(int, digits[1::2]))) % 10) % 10
    return value[8] in (str(control), "JABCDEFGHI"[control])


def _is_es(value: str) -> bool:
    return is_es_company(value) or is_es_person(value)


def _is_pl(value: str) -> bool:
    return weighted(value, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == int(value[9])


def _is_ro(value: str) -> bool:
    rest = weighted(value[:-1].zfill(9), (7, 5, 3, 2, 1, 7, 5, 3, 2)) * 10 % 11
    return (0 if rest == 10 else rest) == int(value[-1])


def _is_nl(value: str) -> bool:
    """Nine digits, B, two digits. Sole traders since 2020: MOD 97-10 over all with NL in front; others by the eleven test."""
    return value[10:] != "00" and (mod97_10(f"NL{value}") or is_nl_bsn(value[:9]))


def _is_be(value: str) -> bool:
    return (int(value[:8]) + int(value[8:])) % 97 == 0


def _is_cz(value: str) -> bool:
    if len(value) == 8:
        return value[0] != "9" and (11 - weighted(value[:7], (8, 7, 6, 5, 4, 3, 2)) % 11) % 10 == int(value[7])
    return len(value) == 10 and is_cz_birth_number(value)


_S = r"[ .\-]?"
Rule = tuple[str, str, Callable[[str], bool], bool]
RULES: tuple[Rule, ...] = (
    ("de", rf"\d{{3}}{_S}\d{{3}}{_S}\d{{3}}", lambda v: v[0] != "0" and iso7064_mod11_10(v), True),
    ("fr", rf"[0-9A-HJ-NP-Z]{{2}}{_S}\d{{3}}{_S}\d{{3}}{_S}\d{{3}}", _is_fr, False),
    ("it", r"\d{11}", lambda v: luhn(v) and v[:7] != "0000000", True),
    ("es", rf"[A-HJNP-SUVWXYZ0-9]{_S}\d{{7}}{_S}[0-9A-Z]", _is_es, True),
    ("pl", r"\d{10}|\d{3}-\d{3}-\d{2}-\d{2}|\d{3}-\d{2}-\d{2}-\d{3}", _is_pl, True),
    ("ro", r"[1-9]\d{5,9}", _is_ro, True),
    ("nl", rf"\d{{9}}{_S}B{_S}\d{{2}}|\d{{4}}\.\d{{2}}\.\d{{3}}\.?B\.?\d{{2}}", _is_nl, True),
    ("be", rf"[01]\d{{3}}{_S}\d{{3}}{_S}\d{{3}}", _is_be, True),
    ("cz", r"\d{10}|\d{8}", _is_cz, True),
    ("pt", rf"\d{{3}}{_S}\d{{3}}{_S}\d{{3}}", is_pt_nif, True),
    ("se", r"\d{10}01|\d{6}-\d{4}(?:[ ]?01)?", lambda v: luhn(v[:10]) and v[2] in "23456789", True),
)  # fmt: skip
"""Country, the form behind its letters, its check, and whether a word beside it does instead of the letters."""

_HEAD = re.compile(
    rf"(?=[BDEFICNPRS][A-Z])(?:(?<![0-9A-Za-z_]){GLUED})({'|'.join(code.upper() for code, *_ in RULES)})[ \-]?(?=[0-9A-Z])"
)
_FORMS = {code: re.compile(f"(?:{form}){RIGHT}") for code, form, *_ in RULES}
_HOLDS = {code: holds for code, _, holds, _ in RULES}
_BARE = tuple(code for code, _, _, bare in RULES if bare)
_SEPARATORS = str.maketrans("", "", " .-")
_PERSONS = {"es": "0123456789XYZ", "pt": "123"}


def _vat_numbers(text: str) -> Iterator[Found]:
    for head in _HEAD.finditer(text):
        code = head.group(1).lower()
        number = _FORMS[code].match(text, head.end())
        if number is None or not _HOLDS[code](number.group().translate(_SEPARATORS)):
            continue
        if OTHER not in names_of(text, head.start(), number.end()):
            yield Found(head.start(), number.end(), f"{code}_vat", "country, check digit", named=True)
    for beginning in BEGINNING.finditer(text):
        for code in _BARE:
            number = _FORMS[code].match(text, beginning.start())
            if number is None:
                continue
            value = number.group().translate(_SEPARATORS)
            # Beside the same word (NIF) the number of a person is a national id: see `european`.
            if value[0] in _PERSONS.get(code, "") or not _HOLDS[code](value):
                continue
            if not {NAME, f"{NAME}.{code}"}.isdisjoint(names_of(text, *number.span())):
                yield Found(*number.span(), f"{code}_vat", "check digit, a word beside it", named=True)


EU_VAT = Detector(
    find=_vat_numbers,
    needs=("digits", "codes"),
    source="the structure of each country as the European Commission's VIES lists it, check digits by national law",
    withstands="order and article numbers, wrong check digits, other countries; without letters and word nothing is found",
)
