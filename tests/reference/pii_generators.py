"""Texts with planted personal data, and texts that only look like it; seeded. Shares no code with the detectors.

Numbers are drawn at random and kept where `python-stdnum` or `phonenumbers` (both written by others) say that they are valid;
a near miss is one that they call invalid. Sentences are English, Chinese, and the language of the number's country.
"""

from __future__ import annotations

import ipaddress
import random
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import phonenumbers
import stdnum.be.nn
import stdnum.be.vat
import stdnum.cn.ric
import stdnum.cz.dic
import stdnum.cz.rc
import stdnum.de.idnr
import stdnum.de.vat
import stdnum.es.cif
import stdnum.es.dni
import stdnum.es.nie
import stdnum.fr.nir
import stdnum.fr.tva
import stdnum.iban
import stdnum.it.codicefiscale
import stdnum.it.iva
import stdnum.luhn
import stdnum.nl.bsn
import stdnum.nl.btw
import stdnum.pl.nip
import stdnum.pl.pesel
import stdnum.pt.nif
import stdnum.ro.cf
import stdnum.ro.cnp
import stdnum.se.personnummer
import stdnum.se.vat
import stdnum.us.ssn

Random = random.Random


@dataclass(frozen=True)
class Planted:
    """A text with one piece of personal data in it, and where."""

    text: str
    start: int
    end: int
    kind: str


def digits(rng: Random, count: int, *, first: str = "0123456789") -> str:
    return rng.choice(first) + "".join(rng.choices("0123456789", k=count - 1))


def until(make: Callable[[], str], valid: Callable[[str], bool]) -> str:
    while True:
        value = make()
        if valid(value):
            return value


def with_check(
    rng: Random, body: str, valid: Callable[[str], bool], *, size: int = 1, alphabet: str = string.digits
) -> str | None:
    """The body with the check characters that make it valid; None where there are none."""
    ends = list(alphabet) if size == 1 else [f"{i:02d}" for i in range(100)]
    rng.shuffle(ends)
    return next((body + end for end in ends if valid(body + end)), None)


def checked(
    rng: Random, body: Callable[[], str], valid: Callable[[str], bool], *, size: int = 1, alphabet: str = string.digits
) -> str:
    while True:
        value = with_check(rng, body(), valid, size=size, alphabet=alphabet)
        if value:
            return value


def day(rng: Random, first: int = 1930, last: int = 2009) -> date:
    start = date(first, 1, 1)
    return start + timedelta(days=rng.randrange((date(last, 12, 31) - start).days))


# ---- values, by class and kind

NAMES = [
    "anna",
    "li.wei",
    "j.smith",
    "maria_garcia",
    "pierre",
    "wang1987",
    "k-novak",
    "info22",
    "m.o.rossi",
    "zhangsan",
    "x",
    "tom+shop",
]
HOSTS = [
    "gmail.com",
    "qq.com",
    "163.com",
    "web.de",
    "firma-nord.de",
    "uni.edu.cn",
    "free.fr",
    "posteo.net",
    "mail.co.uk",
    "o2.pl",
    "seznam.cz",
    "corp.io",
]
REGIONS = [
    "US",
    "GB",
    "DE",
    "FR",
    "IT",
    "ES",
    "PL",
    "RO",
    "NL",
    "BE",
    "CZ",
    "PT",
    "SE",
    "CN",
    "JP",
    "IN",
    "BR",
    "AU",
    "CH",
    "AT",
    "HK",
]
CARD_HEADS = [
    ("4", 16),
    ("51", 16),
    ("53", 16),
    ("55", 16),
    ("2221", 16),
    ("2600", 16),
    ("34", 15),
    ("37", 15),
    ("62", 16),
    ("62", 19),
    ("6011", 16),
    ("65", 16),
    ("3528", 16),
    ("3589", 16),
    ("36", 14),
]
PROVINCES = [
    "110101",
    "310104",
    "440305",
    "330106",
    "510107",
    "610113",
    "420106",
    "370203",
    "320582",
    "450102",
    "540102",
    "650104",
    "210202",
    "120103",
    "500105",
]


def email(rng: Random) -> tuple[str, str]:
    return f"{rng.choice(NAMES)}{rng.randrange(99) if rng.random() < 0.5 else ''}@{rng.choice(HOSTS)}", "email"


def phone_of(rng: Random, region: str, kinds: tuple[int, ...]) -> phonenumbers.PhoneNumber:
    """An assigned number of a region: the example of its kind, with its last digits drawn anew until it is valid."""
    while True:
        example = phonenumbers.example_number_for_type(region, rng.choice(kinds))
        if example is None:
            continue
        text = str(example.national_number)
        keep = max(2, len(text) - rng.choice((4, 5, 6)))
        number = phonenumbers.PhoneNumber(
            country_code=example.country_code,
            national_number=int(text[:keep] + digits(rng, len(text) - keep)),
            italian_leading_zero=example.italian_leading_zero,
        )
        if phonenumbers.is_valid_number(number):
            return number


BOTH_KINDS = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)


def phone_international(rng: Random) -> tuple[str, str]:
    number = phone_of(rng, rng.choice(REGIONS), BOTH_KINDS)
    form = rng.choice((phonenumbers.PhoneNumberFormat.INTERNATIONAL, phonenumbers.PhoneNumberFormat.E164))
    text = phonenumbers.format_number(number, form)
    return (("00" + text[1:]) if rng.random() < 0.15 else text), "international"


def phone_national(rng: Random) -> tuple[str, str]:
    number = phone_of(rng, rng.choice([r for r in REGIONS if r != "CN"]), BOTH_KINDS)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL), "national"


def phone_cn_mobile(rng: Random) -> tuple[str, str]:
    heads = [
        "130",
        "131",
        "135",
        "138",
        "139",
        "145",
        "147",
        "150",
        "152",
        "158",
        "159",
        "166",
        "170",
        "176",
        "177",
        "178",
        "180",
        "185",
        "188",
        "189",
        "191",
        "195",
        "198",
        "199",
    ]
    value = until(
        lambda: rng.choice(heads) + digits(rng, 8),
        lambda v: phonenumbers.is_valid_number(phonenumbers.parse(v, "CN")),
    )
    if rng.random() < 0.3:
        separator = rng.choice(" -")
        value = separator.join((value[:3], value[3:7], value[7:]))
    return value, "cn_mobile"


def phone_cn_landline(rng: Random) -> tuple[str, str]:
    area = rng.choice(["010", "021", "020", "022", "028", "0755", "0571", "0512", "0731", "0371"])
    size = 8
    value = f"{area}{rng.choice(('-', ' ', '-'))}{digits(rng, size, first='5678')}"
    return value + (f"转{rng.randrange(100, 9999)}" if rng.random() < 0.1 else ""), "cn_landline"


def cn_id(rng: Random) -> tuple[str, str]:
    valid = lambda v: stdnum.cn.ric.is_valid(v)  # noqa: E731
    body = lambda: rng.choice(PROVINCES) + day(rng).strftime("%Y%m%d") + digits(rng, 3)  # noqa: E731
    value = checked(rng, body, valid, alphabet="0123456789X")
    return (value.lower() if rng.random() < 0.1 else value), "cn_18"


def cn_old_id(rng: Random) -> tuple[str, str]:
    return rng.choice(PROVINCES) + day(rng, 1930, 1999).strftime("%y%m%d") + digits(rng, 3), "cn_15"


def card(rng: Random) -> tuple[str, str]:
    head, size = rng.choice(CARD_HEADS)
    value = checked(rng, lambda: head + digits(rng, size - 1 - len(head)), stdnum.luhn.is_valid)
    if rng.random() < 0.6:
        separator = rng.choice("  -")
        cuts = (4, 10, 15) if size in (14, 15) else (4, 8, 12, 16, 20)
        value = separator.join(value[a:b] for a, b in zip((0, *cuts), cuts, strict=False) if value[a:b])
    return value, "card"


def iban(rng: Random) -> tuple[str, str]:
    shapes = {
        "DE": "n18",
        "FR": "n10 c11 n2",
        "IT": "a1 n10 c12",
        "ES": "n20",
        "PL": "n24",
        "RO": "a4 c16",
        "NL": "a4 n10",
        "BE": "n12",
        "CZ": "n20",
        "PT": "n21",
        "SE": "n20",
        "GB": "a4 n14",
        "CH": "n5 c12",
        "AT": "n16",
    }
    country = rng.choice(sorted(shapes))
    letters = {"n": string.digits, "a": string.ascii_uppercase, "c": string.digits * 3 + string.ascii_uppercase}

    def make() -> str:
        body = "".join("".join(rng.choices(letters[part[0]], k=int(part[1:]))) for part in shapes[country].split())
        return country + stdnum.iban.calc_check_digits(country + "00" + body) + body

    value = until(make, lambda v: stdnum.iban.is_valid(v, check_country=False))
    return (stdnum.iban.format(value) if rng.random() < 0.5 else value), f"iban_{country.lower()}"


def ip(rng: Random) -> tuple[str, str]:
    if rng.random() < 0.7:
        while True:
            value = ipaddress.IPv4Address(rng.getrandbits(32))
            if value.is_global and not value.is_multicast and max(value.packed) > 40:
                return str(value), "ipv4"
    value6 = ipaddress.IPv6Address(
        (0x2 << 124) | rng.getrandbits(124) if rng.random() < 0.8 else (0xFE80 << 112) | rng.getrandbits(64)
    )
    if value6 in ipaddress.IPv6Network("2001:db8::/32"):
        return ip(rng)
    return (str(value6) if rng.random() < 0.7 else value6.exploded), "ipv6"


def token(rng: Random, size: int) -> str:
    while True:
        value = "".join(rng.choices(string.ascii_letters + string.digits, k=size))
        if any(map(str.isdigit, value)) and any(map(str.isalpha, value)):
            return value


def url_secret(rng: Random) -> tuple[str, str, str]:
    host = rng.choice(("api.shop.io", "files.corp.de", "www.weather.cn", "10.2.0.4:8080", "s3.amazonaws.com"))
    path = rng.choice(("/v1/report", "/", "/download/2024/05/a.pdf", "/登录" if rng.random() < 0.2 else "/login"))
    if rng.random() < 0.3:
        secret = f"{rng.choice(('admin', 'root', 'ann', 'deploy'))}:{token(rng, rng.randrange(6, 14))}"
        return f"{rng.choice(('https', 'ftp', 'postgres'))}://", secret, f"@{host}{path}"
    name = rng.choice(
        ("token", "access_token", "api_key", "key", "sig", "X-Amz-Signature", "session_id", "password", "pwd", "jwt")
    )
    extra = rng.choice(("", "page=2&", "utm_source=mail&", "id=3321&"))
    return (
        f"https://{host}{path}?{extra}{name}=",
        token(rng, rng.randrange(12, 40)),
        rng.choice(("", "&lang=en", "#top")),
    )


def passport(rng: Random) -> tuple[str, str]:
    letters = rng.choice(("E", "G", "EA", "EH", "ED", "C", "XP", "AAB", "YA"))
    return letters + digits(rng, {1: 8, 2: 7, 3: 6}[len(letters)]), "passport"


EN_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
MONTHS = {
    "en": EN_MONTHS,
    "de": [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    "fr": [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    "es": [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
}


def birth(rng: Random, language: str) -> str:
    d = day(rng)
    numeric = [f"{d:%Y-%m-%d}", f"{d:%d.%m.%Y}", f"{d:%d/%m/%Y}", f"{d.day}.{d.month}.{d.year}"]
    if language == "zh":
        return rng.choice(
            [
                f"{d.year}年{d.month}月{d.day}日",
                f"{d:%Y年%m月%d日}",
                f"{d:%Y-%m-%d}",
                f"{d:%Y.%m.%d}",
                f"{d:%Y%m%d}",
                f"{d.year}/{d.month}/{d.day}",
            ]
        )
    month = MONTHS[language][d.month - 1]
    named = {
        "en": [f"{d.day} {month} {d.year}", f"{month} {d.day}, {d.year}", f"{d.day}th of {month} {d.year}"],
        "de": [f"{d.day}. {month} {d.year}"],
        "fr": [f"{d.day} {month} {d.year}"],
        "es": [f"{d.day} de {month} de {d.year}"],
    }[language]
    return rng.choice(named + numeric)


def national(rng: Random, kind: str) -> str:
    d = day(rng)
    make: dict[str, Callable[[], str]] = {
        "de": lambda: until(lambda: digits(rng, 11, first="123456789"), stdnum.de.idnr.is_valid),
        "fr": lambda: checked(
            rng,
            lambda: (
                rng.choice("12")
                + f"{d:%y%m}"
                + rng.choice(("75", "13", "33", "59", "06"))
                + digits(rng, 3)
                + digits(rng, 3)
            ),
            stdnum.fr.nir.is_valid,
            size=2,
        ),
        "it": lambda: checked(
            rng,
            lambda: (
                "".join(rng.choices("BCDFGLMNPRSTV", k=6))
                + f"{d:%y}"
                + "ABCDEHLMPRST"[d.month - 1]
                + f"{d.day + rng.choice((0, 40)):02d}"
                + rng.choice(("H501", "F205", "L219", "A944"))
            ),
            stdnum.it.codicefiscale.is_valid,
            alphabet=string.ascii_uppercase,
        ),
        "es": lambda: checked(rng, lambda: digits(rng, 8), stdnum.es.dni.is_valid, alphabet=string.ascii_uppercase),
        "es_nie": lambda: checked(
            rng, lambda: rng.choice("XYZ") + digits(rng, 7), stdnum.es.nie.is_valid, alphabet=string.ascii_uppercase
        ),
        "pl": lambda: checked(
            rng,
            lambda: f"{d:%y}{d.month + (20 if d.year >= 2000 else 0):02d}{d:%d}" + digits(rng, 4),
            stdnum.pl.pesel.is_valid,
        ),
        "ro": lambda: checked(
            rng,
            lambda: (
                rng.choice("56" if d.year >= 2000 else "12")
                + f"{d:%y%m%d}"
                + rng.choice(("01", "12", "23", "40", "46"))
                + digits(rng, 3)
            ),
            stdnum.ro.cnp.is_valid,
        ),
        "nl": lambda: checked(rng, lambda: digits(rng, 8, first="12345"), stdnum.nl.bsn.is_valid),
        "be": lambda: checked(
            rng, lambda: f"{d:%y%m%d}" + f"{rng.randrange(1, 998):03d}", stdnum.be.nn.is_valid, size=2
        ),
        "cz": lambda: checked(
            rng, lambda: f"{d:%y}{d.month + rng.choice((0, 50)):02d}{d:%d}" + digits(rng, 3), stdnum.cz.rc.is_valid
        ),
        "pt": lambda: checked(rng, lambda: digits(rng, 8, first="123"), stdnum.pt.nif.is_valid),
        "se": lambda: checked(rng, lambda: f"{d:%y%m%d}-" + digits(rng, 3), stdnum.se.personnummer.is_valid),
    }
    return make[kind]()


NATIONAL_FORMS: dict[str, Callable[[str], str]] = {
    "de": lambda v: f"{v[:2]} {v[2:5]} {v[5:8]} {v[8:]}",
    "fr": lambda v: f"{v[0]} {v[1:3]} {v[3:5]} {v[5:7]} {v[7:10]} {v[10:13]} {v[13:]}",
    "be": lambda v: f"{v[:2]}.{v[2:4]}.{v[4:6]}-{v[6:9]}.{v[9:]}",
    "cz": lambda v: f"{v[:6]}/{v[6:]}",
    "es": lambda v: f"{v[:8]}-{v[8]}",
}
NATIONAL_WORDS = {
    "de": ["Steuer-ID", "Steueridentifikationsnummer", "tax ID"],
    "fr": ["numéro de sécurité sociale", "NIR"],
    "it": ["codice fiscale", "C.F."],
    "es": ["DNI", "NIF"],
    "es_nie": ["NIE"],
    "pl": ["PESEL"],
    "ro": ["CNP"],
    "nl": ["BSN", "burgerservicenummer"],
    "be": ["rijksregisternummer", "numéro national"],
    "cz": ["rodné číslo"],
    "pt": ["NIF", "número de contribuinte"],
    "se": ["personnummer"],
}
NAMED_ONLY = ("nl", "pt", "cz", "pl", "de")
"""Without the word these are not promised (cz: without its slash, de: without its spaces)."""


def vat(rng: Random, kind: str) -> str:
    d = day(rng)
    siren = lambda: checked(rng, lambda: digits(rng, 8), stdnum.luhn.is_valid)  # noqa: E731
    make: dict[str, Callable[[], str]] = {
        "de": lambda: checked(rng, lambda: digits(rng, 8, first="123456789"), stdnum.de.vat.is_valid),
        "fr": lambda: until(lambda: (lambda s: f"{(12 + 3 * int(s)) % 97:02d}{s}")(siren()), stdnum.fr.tva.is_valid),
        "it": lambda: checked(
            rng, lambda: digits(rng, 7) + rng.choice(("001", "015", "058", "100")), stdnum.it.iva.is_valid
        ),
        "es": lambda: checked(rng, lambda: rng.choice("AB") + digits(rng, 7), stdnum.es.cif.is_valid),
        "pl": lambda: checked(rng, lambda: digits(rng, 9, first="1234567"), stdnum.pl.nip.is_valid),
        "ro": lambda: checked(rng, lambda: digits(rng, rng.choice((6, 7, 8)), first="1234"), stdnum.ro.cf.is_valid),
        "nl": lambda: until(lambda: digits(rng, 9) + "B" + f"{rng.randrange(1, 99):02d}", stdnum.nl.btw.is_valid),
        "be": lambda: checked(rng, lambda: "0" + digits(rng, 7, first="4567"), stdnum.be.vat.is_valid, size=2),
        "cz": lambda: checked(rng, lambda: digits(rng, 7, first="12345678"), stdnum.cz.dic.is_valid),
        "pt": lambda: checked(rng, lambda: "5" + digits(rng, 7), stdnum.pt.nif.is_valid),
        "se": lambda: checked(rng, lambda: "55" + digits(rng, 7, first="6789"), stdnum.luhn.is_valid) + "01",
    }
    del d
    return make[kind]()


VAT_WORDS = {
    "de": ["USt-IdNr.", "VAT number"],
    "fr": ["TVA", "VAT no."],
    "it": ["P.IVA", "partita IVA"],
    "es": ["CIF", "NIF"],
    "pl": ["NIP"],
    "ro": ["CUI", "cod fiscal"],
    "nl": ["BTW", "btw-nummer"],
    "be": ["BTW", "TVA"],
    "cz": ["DIČ"],
    "pt": ["NIPC", "contribuinte"],
    "se": ["VAT-nr", "momsnr"],
}

# ---- sentences

EN_PLAIN = [
    "{}",
    "Hello, {} please.",
    "my details are {}, thanks for the quick help",
    "It is {} and nothing happened so far.",
    "You have {} on file, that is out of date!",
    "please update to {}\nbest regards",
    "({})",
    "as said: {}; reply soon",
]
ZH_PLAIN = [
    "{}",
    "您好，{}，谢谢。",
    "我填的是{}，一直没有人处理",
    "请改成{}好吗？",
    "资料里写的{}是错的！",
    "（{}）",
    "就是{}这个",
]
EN_WORD = [
    "my {w} is {}",
    "{w}: {}",
    "please note the {w} {} for this account",
    "{w} {}",
    "Here is my {w}: {}. Thank you.",
    "Hi, I changed my {w} to {} last week and still get no reply",
]
ZH_WORD = [
    "我的{w}是{}，请核对",
    "{w}：{}",
    "{w}{}",
    "麻烦把{w}改为{}。",
    "{w}为{}请尽快处理谢谢",
    "已提供{w}{}，为什么还要再次提交？",
]
WORDS = {
    "phone": (["phone number", "mobile", "telephone", "phone"], ["手机号", "电话", "联系电话", "手机"]),
    "card": (["card number", "credit card", "card"], ["银行卡号", "信用卡", "卡号"]),
    "cn_id": (["ID number", "ID card"], ["身份证号", "身份证", "身份证号码"]),
    "iban": (["IBAN", "account"], ["IBAN", "账号"]),
    "ip": (["IP", "IP address"], ["IP地址", "IP"]),
    "email": (["e-mail", "email address"], ["邮箱", "电子邮箱"]),
    "passport": (["passport number", "passport no.", "passport"], ["护照号", "护照号码", "护照"]),
    "ssn": (["SSN", "social security number"], ["SSN", "社保号"]),
}
BIRTH = {
    "en": ["I was born on {}", "date of birth: {}", "DOB {}", "my birthday is {}", "Patient, born {}, asks for help"],
    "zh": ["我的生日是{}", "出生日期：{}", "出生于{}，请核实", "生日{}", "{}出生，女"],
    "de": ["geboren am {}", "Geburtsdatum: {}", "geb. {}"],
    "fr": ["né le {}", "date de naissance : {}", "née le {} à Lyon"],
    "es": ["nací el {}", "fecha de nacimiento: {}", "nacida el {}"],
}
FULL = str.maketrans("0123456789", "０１２３４５６７８９")


def place(template: str, value: str, kind: str, *, word: str = "") -> Planted:
    if template == "{w}{}" or "{w}{}" in template:
        # A Latin word is set apart from its number, but for abbreviations that people do run together with it.
        glue = word[-1] > "\u2e80" or word.isupper()
        template = template if glue and word.isalpha() else template.replace("{w}{}", "{w} {}")
    head, tail = template.replace("{w}", word).split("{}")
    return Planted(head + value + tail, len(head), len(head) + len(value), kind)


def sentence(rng: Random, value: str, kind: str, words: tuple[list[str], list[str]] | None, *, named: bool) -> Planted:
    chinese = rng.random() < 0.5
    if chinese and rng.random() < 0.1 and value.isdigit():
        value = value.translate(FULL)
    if words and named:
        return place(rng.choice(ZH_WORD if chinese else EN_WORD), value, kind, word=rng.choice(words[chinese]))
    return place(rng.choice(ZH_PLAIN if chinese else EN_PLAIN), value, kind)


def plain_or_named(make: Callable[[Random], tuple[str, str]], words: str, *, named: float, rng: Random) -> Planted:
    value, kind = make(rng)
    return sentence(rng, value, kind, WORDS[words], named=rng.random() < named)


def phone(rng: Random) -> Planted:
    make, named = rng.choice(
        (
            (phone_international, 0.4),
            (phone_national, 1.0),
            (phone_cn_mobile, 0.5),
            (phone_cn_mobile, 0.5),
            (phone_cn_landline, 0.5),
        )
    )
    return plain_or_named(make, "phone", named=named, rng=rng)


def cn_resident_id(rng: Random) -> Planted:
    if rng.random() < 0.1:
        return plain_or_named(cn_old_id, "cn_id", named=1.0, rng=rng)
    return plain_or_named(cn_id, "cn_id", named=0.5, rng=rng)


def eu_national_id(rng: Random) -> Planted:
    kind = rng.choice(sorted(NATIONAL_WORDS))
    value = national(rng, kind)
    shaped = kind in NATIONAL_FORMS and rng.random() < 0.5
    value = NATIONAL_FORMS[kind](value) if shaped else value
    named = (kind in NAMED_ONLY and not shaped) or rng.random() < 0.5
    words = NATIONAL_WORDS[kind]
    return sentence(rng, value, kind, (words, words), named=named)


def eu_vat(rng: Random) -> Planted:
    kind = rng.choice(sorted(VAT_WORDS))
    value = vat(rng, kind)
    lettered = kind == "fr" or rng.random() < 0.6
    words = VAT_WORDS[kind]
    value = kind.upper() + rng.choice(("", "", " ")) + value if lettered else value
    return sentence(rng, value, kind, (words, words), named=not lettered or rng.random() < 0.5)


def planted_secret(rng: Random) -> Planted:
    head, secret, tail = url_secret(rng)
    outer = rng.choice(("{}", "open {} now", "链接是 {} 打不开", "see {}\nthanks", "下载地址：{} ，谢谢"))
    left, right = outer.split("{}")
    start = len(left) + len(head)
    return Planted(left + head + secret + tail + right, start, start + len(secret), "url_secret")


def birth_date(rng: Random) -> Planted:
    language = rng.choice(("en", "zh", "zh", "de", "fr", "es"))
    return place(rng.choice(BIRTH[language]), birth(rng, language), language)


def us_ssn(rng: Random) -> Planted:
    value = until(lambda: f"{digits(rng, 3)}-{digits(rng, 2)}-{digits(rng, 4)}", stdnum.us.ssn.is_valid)
    dashed = rng.random() < 0.7
    value = value if dashed else value.replace("-", "")
    return sentence(rng, value, "us_ssn", WORDS["ssn"], named=not dashed or rng.random() < 0.6)


POSITIVES: dict[str, Callable[[Random], Planted]] = {
    "email": lambda rng: plain_or_named(email, "email", named=0.5, rng=rng),
    "phone": phone,
    "cn_resident_id": cn_resident_id,
    "eu_national_id": eu_national_id,
    "eu_vat": eu_vat,
    "bank_card": lambda rng: plain_or_named(card, "card", named=0.5, rng=rng),
    "iban": lambda rng: plain_or_named(iban, "iban", named=0.5, rng=rng),
    "ip_address": lambda rng: plain_or_named(ip, "ip", named=0.5, rng=rng),
    "url_secret": planted_secret,
    "passport": lambda rng: plain_or_named(passport, "passport", named=1.0, rng=rng),
    "birth_date": birth_date,
    "us_ssn": us_ssn,
}


def positives(class_name: str, count: int, *, seed: int) -> list[Planted]:
    """Texts of one class, the same for the same seed."""
    rng = random.Random(f"{seed} {class_name} positives")
    return [POSITIVES[class_name](rng) for _ in range(count)]
