"""One e-mail: its headers and its text as a person sees them. Whatever is broken in it is read as far as it goes, and said."""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import parsedate_to_datetime

from tunewright.data.sources.mail.html_text import text_of_html

KNOWN_HEADERS = frozenset({
    "from", "to", "cc", "subject", "date", "message-id", "received", "return-path", "mime-version", "content-type",
    "delivered-to", "in-reply-to", "references", "reply-to", "sender", "x-mailer", "content-transfer-encoding",
    "dkim-signature", "list-id", "user-agent",
})  # fmt: skip
_ID = re.compile(r"<([^<>\s]+)>")
_CHINESE = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "hz-gb-2312": "hz"}
_MAX_DEPTH = 40


class Unreadable(ValueError):
    """These bytes are no e-mail; `reason_code` and the message say why."""

    def __init__(self, reason_code: str, detail: str) -> None:
        super().__init__(detail)
        self.reason_code = reason_code


@dataclass(kw_only=True)
class Mail:
    """What is taken from an e-mail."""

    columns: dict[str, object]
    problems: list[tuple[str, str]] = field(default_factory=list)
    """A code and a sentence for what could not be read as it was meant."""


def read_mail(data: bytes) -> Mail:
    """The e-mail in these bytes. Raises Unreadable where there is none."""
    try:
        message = message_from_bytes(data, policy=policy.compat32)
        headers = _headers(message)
        if not KNOWN_HEADERS & headers.keys():
            raise Unreadable("no_mail", "there are no headers of an e-mail (From, Subject, Date...)")
        mail = Mail(columns={})
        text, attachments = _body(message, mail.problems)
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable("nested_too_deep", "its parts are nested too deep") from None
    except (MessageError, ValueError, LookupError, AttributeError, TypeError, AssertionError) as error:
        # The parser of the standard library knows many ways to fail over broken mails, and no common error.
        detail = " ".join(str(error).split()) or type(error).__name__
        raise Unreadable("broken_mail", f"the message is broken: {detail}") from None
    references = _ID.findall(headers.get("references", "")) + _ID.findall(headers.get("in-reply-to", ""))
    own = _ID.search(headers.get("message-id", ""))
    mail.columns.update(
        subject=_decoded(headers.get("subject", "")),
        text=text,
        **{"from": _decoded(headers.get("from", "")), "to": _decoded(headers.get("to", ""))},
        date=_date(headers.get("date", "")),
        message_id=own[1] if own else "",
        references=" ".join(dict.fromkeys(references)),
        attachments=attachments,
    )
    if "x-gmail-labels" in headers:
        mail.columns["labels"] = _decoded(headers["x-gmail-labels"])
    for name, value in mail.columns.items():
        if isinstance(value, str):
            if "\0" in value:
                raise Unreadable("nul_character", f"its {name} holds a NUL character, a sign of a damaged file")
            if not value.isascii() and any(0xD800 <= ord(char) <= 0xDFFF for char in value):
                raise Unreadable("lone_surrogate", f"its {name} holds half of a surrogate pair, which is no character")
    return mail


def _headers(message: Message) -> dict[str, str]:
    """The first header of each name, unfolded, as text; bytes beyond ASCII as what they most likely are."""
    found: dict[str, str] = {}
    for name, value in message.raw_items():
        raw = str(value)
        if not raw.isascii():
            raw = _guess(raw.encode("utf-8", "surrogateescape"))
        found.setdefault(name.lower(), re.sub(r"[\r\n]+[ \t]*", " ", raw).strip())
    return found


def _decoded(value: str) -> str:
    """A header with its encoded words (`=?utf-8?B?...?=`) as text; one that can't be decoded stays as it stands."""
    if "=?" not in value:
        return value
    try:
        parts = decode_header(value)
    except (MessageError, ValueError, binascii.Error):
        return value
    texts = []
    for part, charset in parts:
        if isinstance(part, str):
            texts.append(part)
        else:
            texts.append(_decode(part, charset or "ascii")[0])
    return re.sub(r"[\r\n]+", " ", "".join(texts)).strip()


def _date(value: str) -> str:
    """The date in ISO form; as it stands where it is none."""
    try:
        return parsedate_to_datetime(value).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return value


def _body(message: Message, problems: list[tuple[str, str]]) -> tuple[str, int]:
    """The plain text, or else the text of the HTML, and how many parts are attachments."""
    plain: list[str] = []
    html: list[str] = []
    attachments = 0
    for part in _leaves(message):
        kind = part.get_content_type()
        is_attached = part.get_content_disposition() == "attachment" or bool(part.get_filename())
        if is_attached or kind not in ("text/plain", "text/html"):
            attachments += 1
            continue
        text = _text_of_part(part, problems)
        (plain if kind == "text/plain" else html).append(text)
    text = "\n".join(text for text in plain if text.strip())
    if not text:
        text = "\n".join(filter(None, map(text_of_html, html)))
    return text.strip("\n"), attachments


def _leaves(part: Message, depth: int = 0) -> Iterator[Message]:
    """The parts that hold something; a mail that is attached is one of them and not looked into."""
    if depth > _MAX_DEPTH:
        raise Unreadable("nested_too_deep", f"its parts are nested more than {_MAX_DEPTH} deep")
    payload = part.get_payload()
    if part.get_content_maintype() == "multipart" and isinstance(payload, list):
        for inner in payload:
            if isinstance(inner, Message):
                yield from _leaves(inner, depth + 1)
    else:
        yield part


def _text_of_part(part: Message, problems: list[tuple[str, str]]) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    charset = part.get_content_charset() or "utf-8"
    text, used = _decode(data, charset)
    if used.lower() != charset.lower():
        problems.append(("wrong_charset", f"a part that is said to be {charset}, read as {used}"))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(data: bytes, charset: str) -> tuple[str, str]:
    """The text and the encoding that it was read with: the one that is stated, if its bytes are that."""
    stated = charset.strip().lower()
    try:
        codec = codecs.lookup(_CHINESE.get(stated, stated))
        # Codecs such as `rot13` or `zlib` are no encodings of text.
        if codec._is_text_encoding:
            return data.decode(codec.name), charset
    except (LookupError, UnicodeDecodeError, ValueError):
        pass
    for name in ("utf-8", "gb18030", "cp1252"):
        if name == "gb18030" and sum(byte > 127 for byte in data) < 2:
            continue
        try:
            return data.decode(name), charset if stated in ("us-ascii", "ascii") and data.isascii() else name
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def _guess(data: bytes) -> str:
    return _decode(data, "utf-8")[0]
