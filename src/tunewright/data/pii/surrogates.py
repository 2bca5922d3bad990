"""Surrogates: what is written in place of personal data. The same value has the same surrogate wherever it stands.

A surrogate looks like its class and can't be real: no country has the code +999 or XX, no card begins with 0000, nobody alive
was born in 1421, RFC 2606 and RFC 3849 keep example.com and 2001:db8::/32 for examples. `find_pii` never finds one, so that a
scrubbed file scrubbed again stays as it is.

Its digits are a keyed digest (blake2b) of the value in a plain form, so that `138 1234 5678` and `+86 13812345678` are one
number. Where the same value is written in another way, the surrogate is too: its digits are the same, its separators others.
That makes restoring exact.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tunewright.data.pii.normal import normal

Render = Callable[[int], list[str]]
"""From a number to all ways in which its surrogate can be written."""


def _grouped(prefix: str, groups: tuple[int, ...], *, separators: str = "- .", plain: bool = True) -> Render:
    def render(number: int) -> list[str]:
        digits = str(number % 10 ** sum(groups)).zfill(sum(groups))
        parts, done = [prefix], 0
        for size in groups:
            parts.append(digits[done : done + size])
            done += size
        return [separator.join(parts) for separator in [*separators, *([""] if plain else [])]]

    return render


def _email(number: int) -> list[str]:
    name = f"{number % 10**8:08d}"
    return [f"{user}{name}@example.{top}" for top in ("com", "org", "net") for user in ("user", "User", "USER")]


def _ip(number: int) -> list[str]:
    """240.0.0.0/4 is reserved for ever (RFC 1112): more room than the 768 addresses kept for documentation."""
    return [f"{240 + number % 15}.{number >> 4 & 255}.{number >> 12 & 255}.{number >> 20 & 255}"]


def _ip6(number: int) -> list[str]:
    address = f"2001:db8:{number & 0xFFFF:x}:{number >> 16 & 0xFFFF:x}::{number >> 32 & 0xFFFF:x}"
    return [address, address.upper()]


def _day(number: int) -> list[str]:
    """A day from 1000 to 1799; 28 days in each month, so that all exist."""
    year, month, day = 1000 + number % 800, 1 + number // 800 % 12, 1 + number // 9600 % 28
    return [separator.join((f"{year}", f"{month:02d}", f"{day:02d}")) for separator in "-/._"]


SURROGATES: dict[str, Render] = {
    "email": _email,
    "phone": _grouped("+999", (3, 3, 3), separators=" -."),
    "cn_resident_id": _grouped("000000", (8, 4), separators="", plain=True),
    "bank_card": _grouped("0000", (4, 4, 4), separators=" -."),
    "iban": _grouped("XX00", (4, 4, 4, 4), separators=" -."),
    "eu_national_id": _grouped("ID000", (4, 4)),
    "eu_vat": _grouped("XX000", (4, 4)),
    "us_ssn": _grouped("000", (4, 4), plain=False),
    "passport": _grouped("P000", (4, 4)),
    "ip_address": _ip,
    "birth_date": _day,
    "url_secret": lambda number: [f"secret-{number % 10**10:010d}"],
}
"""By class."""

PATTERN = re.compile(
    r"(?:user|User|USER)\d{8}@example\.(?:com|org|net)"
    r"|\+999([ \-.]?)\d{3}\1\d{3}\1\d{3}|(?<!\d)0{6}\d{12}(?!\d)|(?<!\d)0000([ \-.]?)\d{4}\2\d{4}\2\d{4}(?!\d)"
    r"|XX00([ \-.]?)\d{4}\3\d{4}\3\d{4}\3\d{4}(?!\d)|(?:ID|XX|P)000([ \-.]?)\d{4}\4\d{4}(?!\d)|(?<!\d)000([ \-.])\d{4}\5\d{4}(?!\d)"
    r"|(?<![\d.])2[45]\d\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\d|\.\d)|2001:(?:db8|DB8)(?::[0-9A-Fa-f]{1,4}){2}::[0-9A-Fa-f]{1,4}"
    r"|(?<!\d)1[0-7]\d\d([\-/._])\d\d\6\d\d(?!\d)|secret-\d{10}"
)
"""Every surrogate, in every way of writing it."""

_DIGIT_CLASSES = frozenset(
    {"phone", "cn_resident_id", "bank_card", "us_ssn", "iban", "eu_national_id", "eu_vat", "passport"}
)


@dataclass(frozen=True)
class Original:
    """What a surrogate stands for: a value as it was written, and its class."""

    class_name: str
    value: str


@dataclass
class Surrogates:
    """A key, and what it has been used for so far. Collects as it goes; `table` is what restoring needs."""

    key: bytes
    table: dict[str, Original] = field(default_factory=dict)
    """By surrogate."""
    collisions: int = 0
    """Values whose first surrogate was taken by another one, so that they got their next."""

    def __post_init__(self) -> None:
        self._surrogate_of = {original: surrogate for surrogate, original in self.table.items()}

    def replace(self, class_name: str, value: str) -> str:
        """The surrogate of a value, always the same."""
        original = Original(class_name, value)
        known = self._surrogate_of.get(original)
        if known is None:
            # A value written in more ways than its surrogate can be gets one by how it is written: still exact.
            known = self._free(original, _identity(original)) or self._free(original, f"written {value}")
            assert known is not None, "how a value is written is written in one way"
            self.table[known] = original
            self._surrogate_of[original] = known
        return known

    def restore(self, text: str) -> Restored:
        """The text with its surrogates turned back."""
        turned = unknown = 0

        def back(match: re.Match[str]) -> str:
            nonlocal turned, unknown
            original = self.table.get(match.group())
            turned += original is not None
            unknown += original is None
            return match.group() if original is None else original.value

        return Restored(text=PATTERN.sub(back, text), turned=turned, unknown=unknown)

    def _free(self, original: Original, identity: str) -> str | None:
        """A way of writing this identity's surrogate that is not taken; None where the identity has used up all."""
        name, value = original.class_name, original.value
        render = _ip6 if name == "ip_address" and ":" in value else SURROGATES[name]
        for attempt in itertools.count():
            forms = render(self._number(name, identity, attempt))
            others = [self.table[form] for form in forms if form in self.table]
            if any(other.class_name != name or _identity(other) != _identity(original) for other in others):
                self.collisions += 1
                continue
            return next((form for form in forms if form not in self.table), None)
        raise AssertionError("there are more numbers than values")

    def _number(self, class_name: str, identity: str, attempt: int) -> int:
        said = "\x1f".join((class_name, identity, str(attempt))).encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(said, key=self.key, digest_size=8).digest(), "big")


@dataclass(frozen=True, kw_only=True)
class Restored:
    """A text turned back: how many surrogates were, and how many are not of this key."""

    text: str
    turned: int
    unknown: int


def _identity(original: Original) -> str:
    """How values are compared: case, separators and the Chinese country code do not matter where they carry nothing."""
    class_name, plain = original.class_name, normal(original.value).strip()
    if class_name in _DIGIT_CLASSES:
        plain = "".join(char for char in plain if char.isalnum() or char == "+").upper()
        if class_name == "phone":
            plain = re.sub(r"^(?:\+|00)?86(?=1\d{10}$)", "", plain)
            plain = re.sub(r"^00(?=[1-9])", "+", plain)
    elif class_name in ("email", "ip_address"):
        plain = plain.lower()
    elif class_name == "birth_date":
        parts = re.findall(r"\d+", plain)
        plain = "-".join(part.zfill(2) for part in parts) if len(parts) == 3 and len(parts[0]) == 4 else plain
    return plain
