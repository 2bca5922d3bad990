"""What is wrong with single texts: empty, too long, broken by an encoding, or with markup left in."""

from __future__ import annotations

import re

from ftfy.badness import is_bad

from tunewright.data.audit.records import AuditConfig, Finding, View, found_in

_MARKUP = re.compile(
    r"&(?:amp|lt|gt|quot|nbsp|apos|hellip|mdash|ndash|#\d{2,6}|#x[0-9a-f]{2,6});"
    r"|</?(?:p|br|div|span|a|b|i|u|em|strong|ul|ol|li|td|tr|table|font|img|script|style|h[1-6])\b[^<>]{0,200}>",
    re.IGNORECASE,
)


def empty_texts(view: View, config: AuditConfig) -> list[Finding]:
    """Rows without any text."""
    rows = [position for position, key in enumerate(view.key) if not key]
    return found_in(
        view.ids(rows),
        code="empty_text",
        severity="warning",
        message=f"{len(rows):,} rows have no text.",
        fix="They are dropped (`clean.empty_text: drop`).",
        command="tunewright data clean FILE --output OUT --set clean.empty_text=drop",
    )


def long_texts(view: View, config: AuditConfig) -> list[Finding]:
    """Rows that most encoders would have to truncate."""
    rows = [position for position, tokens in enumerate(view.tokens) if tokens > config.long_text_tokens]
    share = len(rows) / max(1, len(view.tokens))
    return found_in(
        view.ids(rows),
        code="long_text",
        severity="warning" if share > 0.05 else "info",
        message=f"{len(rows):,} texts ({share:.1%}) are longer than about {config.long_text_tokens:,} tokens.",
        fix="What the model does with their ends stands in the recipe: head, head and tail, or pooled windows.",
        command="tunewright run FILE --set encode.long_texts=windows",
        values={"tokens": config.long_text_tokens, "share": f"{share:.1%}"},
    )


def broken_characters(view: View, config: AuditConfig) -> list[Finding]:
    """Text that was decoded with the wrong encoding once (mojibake), or holds U+FFFD where a character was lost."""
    rows = [
        position for position, text in enumerate(view.text) if not text.isascii() and ("\ufffd" in text or is_bad(text))
    ]
    return found_in(
        view.ids(rows),
        code="broken_characters",
        severity="warning",
        message=f"{len(rows):,} texts hold characters that look broken by a wrong encoding.",
        fix="`clean.fix_mojibake: true` mends what can be mended, here and in every later prediction. "
        "Better: export the file again as UTF-8.",
        command="tunewright data clean FILE --output OUT --set clean.fix_mojibake=true",
    )


def markup(view: View, config: AuditConfig) -> list[Finding]:
    """HTML tags and entities left in the text."""
    rows = [
        position for position, text in enumerate(view.text) if ("<" in text or "&" in text) and _MARKUP.search(text)
    ]
    return found_in(
        view.ids(rows),
        code="markup",
        severity="info",
        message=f"{len(rows):,} texts hold HTML tags or entities.",
        fix="`clean.strip_markup: true` takes them out, here and in every later prediction.",
        command="tunewright data clean FILE --output OUT --set clean.strip_markup=true",
    )
