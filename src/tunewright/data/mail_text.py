"""The parts of a mail that its author did not write for it: the quoted reply and the signature, in several languages.

Pure steps from text to text. Neither empties a text: a mail that is nothing but a quote is left as it is.
"""

from __future__ import annotations

import re

_WROTE = re.compile(
    r"^(?:On\b.{4,250}\bwrote|Am\b.{4,250}\bschrieb\b.{0,150}|Le\b.{4,250}\ba écrit|El\b.{4,250}\bescribi[óo]|"
    r"Em\b.{4,250}\bescreveu|Il\b.{4,250}\bha scritto|Op\b.{4,250}\bschreef.{0,150}|"
    r".{2,250}(?:写道|寫道|写到|寫到))\s*[:：]\s*$",
    re.IGNORECASE | re.DOTALL,
)
"""What stands above a quote: `On Tuesday, Ann wrote:`, also over two lines."""

_BEGINS = re.compile(r"^(?:On|Am|Le|El|Em|Il|Op|在|于|於)\b|^[在于於]", re.IGNORECASE)

_DIVIDER = re.compile(
    r"^\s*(?:-{2,}|_{2,}|—{2,})\s*(?:Original Message|Original Appointment|Forwarded message|Reply message|"
    r"Urspr(?:ü|ue)ngliche Nachricht|Originalnachricht|Weitergeleitete Nachricht|Message d['’]origine|Message original|"
    r"Message transféré|Mensaje original|Mensaje reenviado|Mensagem original|Messaggio originale|"
    r"原始邮件|原始郵件|原邮件|转发邮件|轉寄郵件|回复的原邮件|原始訊息)\s*(?:-{2,}|_{2,}|—{2,})\s*$",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"^\s*[*]?(?:From|Von|De|Da|Expéditeur|发件人|寄件者|寄件人|發件人)\s*[*]?\s*[:：]\s*\S", re.IGNORECASE
)
_BELOW_FROM = re.compile(
    r"^\s*[*]?(?:Sent|Date|To|Cc|Subject|Gesendet|Datum|An|Betreff|Envoyé|À|Objet|Enviado|Fecha|Para|Asunto|"
    r"发送时间|发送日期|收件人|抄送|主题|日期|時間|时间|傳送時間|寄件日期|收件者|主旨|主題)\s*(?:le|el)?[*]?\s*[:：]",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*[_-]{8,}\s*$")

_SIGNATURE = re.compile(r"^-- ?$")
_SENT_FROM = re.compile(
    r"^\s*(?:Sent from (?:my|Mail|Yahoo|Outlook)\b.{0,60}|Get Outlook for .{2,30}|"
    r"(?:Von meinem|Gesendet von meinem) .{2,40}(?:gesendet)?|Gesendet mit der .{2,40}|Envoyé (?:de|depuis) mon .{2,40}|"
    r"Enviado desde mi .{2,40}|发自我的\s?.{2,30}|發自我的\s?.{2,30}|从我的\s?.{2,30}发送)\.?\s*$",
    re.IGNORECASE,
)


def strip_quoted_reply(text: str) -> str:
    """The text without what it quotes of earlier mails: lines with `>` in front, and all below a divider or the headers of
    the earlier mail. An answer below or between the lines that it quotes stays.
    """
    if not any(mark in text for mark in (">", ":", "：")) and not re.search("[-_—]{2}", text):
        return text
    lines = text.split("\n")
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.lstrip().startswith(">"):
            at += 1
            continue
        if _DIVIDER.match(line) or _is_header_block(lines, at):
            break
        taken = _attribution(lines, at)
        if taken:
            below = next((other for other in lines[at + taken :] if other.strip()), "")
            if below.lstrip().startswith(">"):
                at += taken
                continue
            if re.search(r"[\d@<]", " ".join(lines[at : at + taken])):
                break  # a date or an address stands in it, and the quote below has no marks: all of that is quote
        kept.append(line)
        at += 1
    return _unless_empty("\n".join(kept), text)


def strip_signature(text: str) -> str:
    """The text without its signature: all below a line `-- `, and `Sent from my phone` as the last line."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if _SIGNATURE.match(line):
            lines = lines[:at]
            break
    while lines and (not lines[-1].strip() or _SENT_FROM.match(lines[-1])):
        lines.pop()
    return _unless_empty("\n".join(lines), text)


def _attribution(lines: list[str], at: int) -> int:
    """How many lines from here on say who wrote what is quoted; 0 for none."""
    for taken in (1, 2, 3):
        some = [line.strip() for line in lines[at : at + taken]]
        if not all(some) or len(some) < taken or (taken > 1 and not _BEGINS.match(some[0])):
            return 0
        joined = " ".join(some)
        if len(joined) <= 400 and _WROTE.match(joined):
            return taken
    return 0


def _is_header_block(lines: list[str], at: int) -> bool:
    """Whether the headers of an earlier mail start here, also below a rule as Outlook draws it."""
    if _RULE.match(lines[at]):
        below = next((i for i in range(at + 1, min(at + 3, len(lines))) if lines[i].strip()), None)
        return below is not None and bool(_FROM.match(lines[below])) and _is_header_block(lines, below)
    if not _FROM.match(lines[at]):
        return False
    return sum(bool(_BELOW_FROM.match(line)) for line in lines[at + 1 : at + 6]) >= 2


def _unless_empty(shorter: str, text: str) -> str:
    """The shorter text without blank lines at its end; the text as it was if nothing is left, or nothing was taken."""
    if shorter == text or not shorter.strip():
        return text
    return re.sub(r"\n{3,}", "\n\n", shorter).strip("\n").rstrip()
