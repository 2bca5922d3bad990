"""Characters that do not show, or that show as others: what makes two texts differ that look the same.

Nothing here is wrong by itself: a joiner belongs into Persian and into emoji, full-width digits into some Chinese text.
It is the mix within one set that splits words which are one word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tunewright.core.scripts import chinese_variant
from tunewright.data.audit.records import AuditConfig, Finding, View, found_in

_ZERO_WIDTH = re.compile(
    "[\u200b\u2060\ufeff]|(?<=[A-Za-z0-9\u4e00-\u9fff])[\u00ad\u200c\u200d](?=[A-Za-z0-9\u4e00-\u9fff])"
)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]|[\u200e\u200f]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ue000-\uf8ff]")
_FULL_WIDTH = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]")
_HALF_WIDTH = re.compile("[0-9A-Za-z]")
_MIXED_WORD = re.compile("[A-Za-z][\u0370-\u03ff\u0400-\u04ff]|[\u0370-\u03ff\u0400-\u04ff][A-Za-z]")
_LEAST_SHARE = 0.005
"""Of the rows that can be told apart, the rarer kind must be this many before the mix is worth a word."""


def zero_width(view: View, config: AuditConfig) -> list[Finding]:
    """Texts with characters of no width between letters: a tokenizer sees another word."""
    return _hidden(view, _matching(view, _ZERO_WIDTH), code="zero_width", what="characters of no width")


def bidi_controls(view: View, config: AuditConfig) -> list[Finding]:
    """Marks that turn the direction of writing, in texts without any right-to-left letter."""
    rows = [row for row in _matching(view, _BIDI) if not _RIGHT_TO_LEFT.search(view.text[row])]
    return _hidden(
        view, rows, code="bidi_controls", what="marks that turn the direction of writing, and no letter that needs them"
    )


def control_characters(view: View, config: AuditConfig) -> list[Finding]:
    """Control and private-use characters: leftovers of another program."""
    return _hidden(view, _matching(view, _CONTROL), code="control_characters", what="control or private-use characters")


def mixed_scripts(view: View, config: AuditConfig) -> list[Finding]:
    """Words in which Latin letters stand beside Greek or Cyrillic ones that look like them."""
    rows = [row for row in _matching(view, _MIXED_WORD) if _looks_alike(view.text[row])]
    return found_in(
        view.ids(rows), code="mixed_scripts", severity="warning",
        message="{n} texts hold words of Latin letters with Greek or Cyrillic look-alikes between them.",
        fix="To a tokenizer these are other words. Where they come from a scanner or from somebody who hides words, "
        "put the Latin letters back in the file.",
    )  # fmt: skip


def width_mix(view: View, config: AuditConfig) -> list[Finding]:
    """Full-width letters and digits (ＡＢＣ１２３) in some texts, ordinary ones in others."""
    full = _matching(view, _FULL_WIDTH)
    half = set(_matching(view, _HALF_WIDTH)) - set(full)
    if not full or not half or len(full) < _LEAST_SHARE * (len(full) + len(half)):
        return []
    return [
        Finding(
            code="width_mix", severity="info", count=len(full), row_ids=view.ids(full),
            message=f"{len(full):,} texts write letters or digits in full width, {len(half):,} in ordinary width only.",
            fix="To a tokenizer `Ａ１` and `A1` are different words. `clean.fold_width: true` writes all of them in "
            "ordinary width, here and in every later prediction.",
            command="tunewright data clean FILE --output OUT --set clean.fold_width=true", values={"others": len(half)},
        )
    ]  # fmt: skip


def chinese_mix(view: View, config: AuditConfig) -> list[Finding]:
    """Traditional and simplified characters in one set, or in one text."""
    rows: dict[str, list[int]] = {"simplified": [], "traditional": [], "both": []}
    for position, text in enumerate(view.text):
        variant = chinese_variant(text)
        if variant:
            rows[variant].append(position)
    known = sum(map(len, rows.values()))
    rarer = min(rows["simplified"], rows["traditional"], key=len) + rows["both"]
    if not rarer or len(rarer) < _LEAST_SHARE * known:
        return []
    counts = {name: len(found) for name, found in rows.items()}
    return [
        Finding(
            code="chinese_mix", severity="info", count=len(rarer), row_ids=view.ids(rarer),
            message=f"Of the Chinese texts {counts['simplified']:,} are in simplified characters, "
            f"{counts['traditional']:,} in traditional ones, {counts['both']:,} mix both.",
            fix="A model mostly knows one of them better. If the new texts will be of one kind, convert the others "
            "(OpenCC does it) before training, and the new ones in the same way.",
            values=counts,
        )
    ]  # fmt: skip


def _hidden(view: View, rows: Sequence[int], *, code: str, what: str) -> list[Finding]:
    if not rows:
        return []
    return [
        Finding(
            code=code, severity="warning", count=len(rows), row_ids=view.ids(rows),
            message=f"{len(rows):,} texts hold {what}.",
            fix="They do not show, and to a tokenizer the word is another one. `clean.strip_invisible: true` takes them "
            "out, here and in every later prediction.",
            command="tunewright data clean FILE --output OUT --set clean.strip_invisible=true",
        )
    ]  # fmt: skip


def _matching(view: View, pattern: re.Pattern[str]) -> list[int]:
    return [position for position, text in enumerate(view.text) if pattern.search(text)]


_LOOK_ALIKES = frozenset("АВЕЗКМНОРСТУХаеорсухіјѕԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανρτυκιγ")
_WORD = re.compile(r"[^\W\d_]+")


def _looks_alike(text: str) -> bool:
    """Whether a word mixes Latin letters with others that are all look-alikes: `pаypal`, but not `5μm` or `Wi-Fi-сеть`."""
    for word in _WORD.findall(text):
        foreign = [char for char in word if "\u0370" <= char <= "\u04ff"]
        if foreign and len(foreign) < len(word) / 2 and _LOOK_ALIKES.issuperset(foreign):
            return True
    return False
