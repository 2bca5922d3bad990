"""E-mails as rows, whatever is broken in them, and the threads they make."""

from __future__ import annotations

import mailbox
import random
from email.header import Header
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from tunewright.core.errors import DataError
from tunewright.data.columns import find_columns
from tunewright.data.sources import find_source, iter_rows, read
from tunewright.data.sources.mail.html_text import text_of_html

HEAD = b"From: Ann <ann@example.org>\r\nTo: bob@example.org\r\nDate: Wed, 31 Jan 2024 10:30:00 +0100\r\n"


def eml(tmp_path: Path, data: bytes, name: str = "a.eml") -> dict[str, object]:
    path = tmp_path / name
    path.write_bytes(data)
    (row,) = read(path).table.to_pylist()
    return dict(row)


def mail(number: int, *, subject: str, body: str, reply_to: int | None = None) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = f"user{number % 7}@example.org", "help@example.org"
    message["Subject"], message["Message-ID"] = subject, f"<m{number}@example.org>"
    message["Date"] = "Wed, 31 Jan 2024 10:30:00 +0100"
    if reply_to is not None:
        message["In-Reply-To"] = f"<m{reply_to}@example.org>"
    message.set_content(body)
    return message


def mbox(path: Path, messages: list[EmailMessage]) -> Path:
    box = mailbox.mbox(path)
    for message in messages:
        box.add(message)
    box.close()
    return path


def test_headers_and_text_are_columns(tmp_path: Path) -> None:
    row = eml(tmp_path, mail(1, subject="退款问题 überall", body="第一行\nzweite Zeile\n").as_bytes())
    del row["row_id"], row["origin"]
    assert row == {
        "subject": "退款问题 überall", "text": "第一行\nzweite Zeile", "from": "user1@example.org",
        "to": "help@example.org", "date": "2024-01-31T10:30:00+01:00", "message_id": "m1@example.org",
        "references": "", "thread": "m1@example.org", "attachments": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("charset", "text"),
    [("utf-8", "中文 é"), ("gb2312", "这是中文"), ("gb18030", "镕基"), ("big5", "繁體中文"), ("iso-8859-1", "Käse"),
     ("iso-2022-jp", "東京"), ("koi8-r", "Привет"), ("utf-16", "中文")],
)  # fmt: skip
def test_every_charset_and_encoded_header_is_decoded(tmp_path: Path, charset: str, text: str) -> None:
    codec = "gb18030" if charset.startswith("gb") else charset
    body = MIMEText("x", "plain", "us-ascii")
    del body["Content-Type"], body["Content-Transfer-Encoding"]
    body["Content-Type"] = f'text/plain; charset="{charset}"'
    body["Content-Transfer-Encoding"] = "base64"
    import base64

    body.set_payload(base64.encodebytes((text * 3).encode(codec)).decode())
    body["From"] = "a@b.c"
    body["Subject"] = Header(text, "utf-8")
    row = eml(tmp_path, body.as_bytes())
    assert (row["text"], row["subject"]) == (text * 3, text)


def test_a_wrong_charset_is_read_as_what_the_bytes_are_and_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(HEAD + b"Content-Type: text/plain; charset=us-ascii\r\n\r\n" + "这家酒店很好".encode("gb18030"))
    result = read(path)
    assert result.table["text"].to_pylist() == ["这家酒店很好"]
    (note,) = result.notes
    assert (note.code, note.detail) == ("wrong_charset", "a part that is said to be us-ascii, read as gb18030")


def test_the_plain_part_is_preferred_and_attachments_are_counted(tmp_path: Path) -> None:
    both = MIMEMultipart("mixed")
    alternative = MIMEMultipart("alternative")
    alternative.attach(MIMEText("the plain text", "plain", "utf-8"))
    alternative.attach(MIMEText("<p>the HTML text</p>", "html", "utf-8"))
    both.attach(alternative)
    attached = MIMEText("a,b\n1,2", "csv", "utf-8")
    attached.add_header("Content-Disposition", "attachment", filename="a.csv")
    both.attach(attached)
    both["From"], both["Subject"] = "a@b.c", "s"
    row = eml(tmp_path, both.as_bytes())
    assert (row["text"], row["attachments"]) == ("the plain text", 1)


def test_html_alone_is_turned_into_text(tmp_path: Path) -> None:
    html = "<html><head><style>p {x}</style></head><body><p>Hello&nbsp;&amp; <b>welcome</b></p><p>第二段</p>"
    html += "<script>alert(1)</script><blockquote>earlier<br>text</blockquote></body>"
    assert text_of_html(html) == "Hello & welcome\n\n第二段\n\n> earlier\n> text"
    row = eml(tmp_path, HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + html.encode())
    assert row["text"] == text_of_html(html)


def test_an_mbox_has_a_row_a_message_with_its_line_and_a_from_line_inside_is_text(tmp_path: Path) -> None:
    messages = [mail(i, subject=f"subject {i}", body=f"text {i}\n\nFrom here on it is text {i}\n") for i in range(5)]
    path = mbox(tmp_path / "a.mbox", messages)
    result = read(path)
    assert result.table["text"].to_pylist() == [f"text {i}\n\nFrom here on it is text {i}" for i in range(5)]
    starts = [n for n, line in enumerate(path.read_bytes().split(b"\n"), start=1) if line.startswith(b"From ")]
    assert [origin["line"] for origin in result.table["origin"].to_pylist()] == starts
    parts = [row["row_id"] for part in iter_rows(path, rows_per_chunk=2) for row in part.table.to_pylist()]
    assert parts == result.table["row_id"].to_pylist()


def test_broken_messages_are_set_aside_with_their_bytes_and_the_others_are_read(tmp_path: Path) -> None:
    path = mbox(tmp_path / "a.mbox", [mail(i, subject=f"s{i}", body=f"text {i}") for i in range(3)])
    data = path.read_bytes()
    broken = b"From x@y Wed Jan 31 10:30:00 2024\nthis is no header\nand this is none\n\n"
    nul = b"From x@y Wed Jan 31 10:30:00 2024\nSubject: s\nFrom: a@b.c\n\nte\0xt\n\n"
    path.write_bytes(data + broken + nul)
    result = read(path)
    assert len(result.table) == 3
    assert [bad.reason_code for bad in result.quarantined] == ["no_mail", "nul_character"]
    first = result.quarantined[0]
    assert path.read_bytes()[first.byte_start : first.byte_end] == broken
    assert path.read_bytes().split(b"\n")[first.line - 1].startswith(b"From x@y")


def test_threads_are_found_by_ids_and_by_subjects_whatever_the_order(tmp_path: Path) -> None:
    messages = [
        mail(1, subject="Refund", body="a"),
        mail(2, subject="Re: Refund", body="b", reply_to=1),
        mail(3, subject="AW: Refund", body="c", reply_to=2),
        mail(4, subject="Something else", body="d"),
        mail(5, subject="登录问题", body="e"),
        mail(6, subject="回复：登录问题", body="f"),  # no ids at all, as some programs answer
        mail(7, subject="Newsletter", body="g"),
        mail(8, subject="Newsletter", body="h"),
    ]
    expected = [{"a", "b", "c"}, {"d"}, {"e", "f"}, {"g"}, {"h"}]
    for seed in range(3):
        shuffled = list(messages)
        random.Random(seed).shuffle(shuffled)
        folder = tmp_path / str(seed)
        folder.mkdir()
        for i, message in enumerate(shuffled):
            (folder / f"{i}.eml").write_bytes(message.as_bytes())
        for place in (mbox(tmp_path / f"{seed}.mbox", shuffled), folder):
            threads: dict[str, set[str]] = {}
            for row in read(place).table.to_pylist():
                threads.setdefault(row["thread"], set()).add(row["text"])
            assert sorted(threads.values(), key=min) == expected


def test_the_columns_of_mails_are_found_with_the_thread_as_group(tmp_path: Path) -> None:
    for name in ("refund", "login"):
        (tmp_path / name).mkdir()
    for i in range(120):
        text = f"Hello, this is message number {i} about my {'refund' if i % 2 else 'login'}, please answer soon."
        message = mail(i, subject=f"Re: question {i // 4}", body=text, reply_to=1000 + i // 4)
        (tmp_path / ("refund" if i % 2 else "login") / f"{i}.eml").write_bytes(message.as_bytes())
    result = read(tmp_path)
    plan = find_columns(result.table)
    assert (plan.text, plan.label, plan.group) == ("text", "folder", "thread")
    assert "file" not in result.table.column_names


def test_a_maildir_is_read_whole(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "mails")
    for i in range(4):
        box.add(mail(i, subject=f"s{i}", body=f"text {i}"))
    result = read(tmp_path / "mails")
    assert sorted(result.table["text"].to_pylist()) == [f"text {i}" for i in range(4)]


def test_any_damage_is_read_or_said_never_raised(tmp_path: Path) -> None:
    both = MIMEMultipart("mixed")
    both.attach(MIMEText("第一 the plain text", "plain", "utf-8"))
    both.attach(MIMEText("<p>the HTML text", "html", "gb18030"))
    both["From"], both["Subject"], both["Date"] = "a@b.c", Header("退款", "utf-8"), "Wed, 31 Jan 2024 10:30:00 +0100"
    whole = both.as_bytes()
    chance = random.Random(17)
    path = tmp_path / "a.eml"
    marks = [
        b"=?utf-8?B?",
        b"?=",
        b"\xff",
        b"--",
        b"\n\n",
        b'charset="',
        b";;",
        b"base64",
        b"\0",
        b"Content-Type: multipart/x\n",
    ]
    for _ in range(600):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(len(data))
            data[at : at + chance.randrange(4)] = chance.choice(marks)
        path.write_bytes(data)
        try:
            assert read(path).read == 1
        except DataError as error:
            assert "a.eml" in str(error)  # noqa: PT017


@pytest.mark.parametrize("depth", [100, 3000])
def test_parts_nested_without_end_are_set_aside(tmp_path: Path, depth: int) -> None:
    head = b"From: a@b.c\nSubject: s\nDate: Wed, 31 Jan 2024 10:30:00 +0100\n"
    parts = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(depth))
    good = mail(1, subject="s", body="good").as_bytes()
    line = b"From x@y Wed Jan 31 10:30:00 2024\n"
    path = tmp_path / "a.mbox"
    path.write_bytes(line + good + b"\n\n" + line + head + parts)
    result = read(path)
    assert result.table["text"].to_pylist() == ["good"]
    assert [bad.reason_code for bad in result.quarantined] == ["nested_too_deep"]


def test_mail_of_outlook_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.pst").write_bytes(b"!BDN" + bytes(100))
    with pytest.raises(DataError, match=r"\.pst.*Export"):
        read(tmp_path / "a.pst")
    (tmp_path / "a.msg").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500))
    with pytest.raises(DataError, match=r"message of Outlook.*\.eml"):
        read(tmp_path / "a.msg")


def test_a_table_about_mails_is_no_mail(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("From: someone,Subject: text,label\nhello there you,a second text,x\n" * 3)
    assert find_source(path).kind == "csv"
