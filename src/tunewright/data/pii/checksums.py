"""Check digits, each a pure function that says whether a number holds. Sources stand at each."""

from __future__ import annotations

from collections.abc import Sequence


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B: cards, Swedish and French company numbers."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char)
        if place % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def weighted(digits: str, weights: Sequence[int]) -> int:
    """The sum of digits times weights, as far as both go."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def iso7064_mod11_10(digits: str) -> bool:
    """ISO/IEC 7064, MOD 11,10 with the check digit last: German tax and VAT numbers."""
    product = 10
    for char in digits[:-1]:
        product = (int(char) + product) % 10 or 10
        product = product * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def iso7064_mod11_2(digits: str) -> bool:
    """ISO/IEC 7064, MOD 11-2 with the check character (0-9 or X) last: the Chinese resident id (GB 11643)."""
    total = 0
    for char in digits[:-1]:
        total = (total + int(char)) * 2 % 11
    check = (12 - total) % 11
    return digits[-1].upper() == ("X" if check == 10 else str(check))


def mod97_10(text: str) -> bool:
    """ISO/IEC 7064, MOD 97-10, letters as 10 to 35 (IBAN after its first four characters were moved to the end)."""
    return int("".join(str(int(char, 36)) for char in text)) % 97 == 1
