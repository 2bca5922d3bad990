"""E-mails: `.eml`, Maildir and `.mbox` as rows with subject, text, sender, date and thread.

Attachments are counted and not read. What a reply quotes and a signature stay in the text: `clean.strip_quoted_reply` and
`clean.strip_signature` take them out, and `predict` does the same then.
"""

from __future__ import annotations

from tunewright.data.sources.mail.source import detect_eml, detect_mbox, eml_rows, is_eml, is_mbox, mbox_rows
from tunewright.data.sources.mail.threads import find_threads

__all__ = ["detect_eml", "detect_mbox", "eml_rows", "find_threads", "is_eml", "is_mbox", "mbox_rows"]
