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
from functools import partial

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
import stdnum.isbn
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


def with_check(rng: Random, body: str, valid: Callable[[str], bool], *, size: int = 1, alphabet: str = string.digits) -> str | None:
    """The body with the check characters that make it valid; None where there are none."""
    ends = list(alphabet) if size == 1 else [f"{i:02d}" for i in range(100)]
    rng.shuffle(ends)
    return next((body + end for end in ends if valid(body + end)), None)


def checked(rng: Random, body: Callable[[], str], valid: Callable[[str], bool], *, size: int = 1, alphabet: str = string.digits) -> str:
    while True:
        value = with_check(rng, body(), valid, size=size, alphabet=alphabet)
        if value:
            return value


def day(rng: Random, first: int = 1930, last: int = 2009) -> date:
    start = date(first, 1, 1)
    return start + timedelta(days=rng.randrange((date(last, 12, 31) - start).days))


# ---- values, by class and kind

NAMES = "anna li.wei j.smith maria_garcia pierre wang1987 k-novak info22 m.o.rossi zhangsan x tom+shop".split()
HOSTS = "gmail.com qq.com 163.com web.de firma-nord.de uni.edu.cn free.fr posteo.net mail.co.uk o2.pl seznam.cz corp.io".split()
REGIONS = ["US", "GB", "DE", "FR", "IT", "ES", "PL", "RO", "NL", "BE", "CZ", "PT", "SE", "CN", "JP", "IN", "BR", "AU", "CH", "AT", "HK"]
CARD_HEADS = [("4", 16), ("51", 16), ("53", 16), ("55", 16), ("2221", 16), ("2600", 16), ("34", 15), ("37", 15), ("62", 16), ("62", 19),
              ("6011", 16), ("65", 16), ("3528", 16), ("3589", 16), ("36", 14)]  # fmt: skip
PROVINCES = "110101 310104 440305 330106 510107 610113 420106 370203 320582 450102 540102 650104 210202 120103 500105".split()


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
            country_code=example.country_code, national_number=int(text[:keep] + digits(rng, len(text) - keep)),
            italian_leading_zero=example.italian_leading_zero,
        )  # fmt: skip
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
    heads = "130 131 135 138 139 145 147 150 152 158 159 166 170 176 177 178 180 185 188 189 191 195 198 199".split()
    value = until(
        lambda: rng.choice(heads) + digits(rng, 8),
        lambda v: phonenumbers.is_valid_number(phonenumbers.parse(v, "CN")),
    )
    if rng.random() < 0.3:
        separator = rng.choice(" -")
        value = separator.join((value[:3], value[3:7], value[7:]))
    return value, "cn_mobile"


def phone_cn_landline(rng: Random) -> tuple[str, str]:
    area = rng.choice("010 021 020 022 028 0755 0571 0512 0731 0371".split())
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
    shapes = {"DE": "n18", "FR": "n10 c11 n2", "IT": "a1 n10 c12", "ES": "n20", "PL": "n24", "RO": "a4 c16", "NL": "a4 n10",
              "BE": "n12", "CZ": "n20", "PT": "n21", "SE": "n20", "GB": "a4 n14", "CH": "n5 c12", "AT": "n16"}  # fmt: skip
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
    value6 = ipaddress.IPv6Address((0x2 << 124) | rng.getrandbits(124) if rng.random() < 0.8 else (0xFE80 << 112) | rng.getrandbits(64))
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
    name = rng.choice(("token", "access_token", "api_key", "key", "sig", "X-Amz-Signature", "session_id", "password", "pwd", "jwt"))
    extra = rng.choice(("", "page=2&", "utm_source=mail&", "id=3321&"))
    return f"https://{host}{path}?{extra}{name}=", token(rng, rng.randrange(12, 40)), rng.choice(("", "&lang=en", "#top"))


def passport(rng: Random) -> tuple[str, str]:
    letters = rng.choice(("E", "G", "EA", "EH", "ED", "C", "XP", "AAB", "YA"))
    return letters + digits(rng, {1: 8, 2: 7, 3: 6}[len(letters)]), "passport"


EN_MONTHS = "January February March April May June July August September October November December".split()
MONTHS = {
    "en": EN_MONTHS,
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split(),
}


def birth(rng: Random, language: str) -> str:
    d = day(rng)
    numeric = [f"{d:%Y-%m-%d}", f"{d:%d.%m.%Y}", f"{d:%d/%m/%Y}", f"{d.day}.{d.month}.{d.year}"]
    if language == "zh":
        return rng.choice([f"{d.year}年{d.month}月{d.day}日", f"{d:%Y年%m月%d日}", f"{d:%Y-%m-%d}", f"{d:%Y.%m.%d}", f"{d:%Y%m%d}", f"{d.year}/{d.month}/{d.day}"])  # fmt: skip
    month = MONTHS[language][d.month - 1]
    named = {"en": [f"{d.day} {month} {d.year}", f"{month} {d.day}, {d.year}", f"{d.day}th of {month} {d.year}"],
             "de": [f"{d.day}. {month} {d.year}"], "fr": [f"{d.day} {month} {d.year}"],
             "es": [f"{d.day} de {month} de {d.year}"]}[language]  # fmt: skip
    return rng.choice(named + numeric)


def national(rng: Random, kind: str) -> str:
    d = day(rng)
    make: dict[str, Callable[[], str]] = {
        "de": lambda: until(lambda: digits(rng, 11, first="123456789"), stdnum.de.idnr.is_valid),
        "fr": lambda: checked(rng, lambda: rng.choice("12") + f"{d:%y%m}" + rng.choice(("75", "13", "33", "59", "06")) + digits(rng, 3) + digits(rng, 3), stdnum.fr.nir.is_valid, size=2),
        "it": lambda: checked(rng, lambda: "".join(rng.choices("BCDFGLMNPRSTV", k=6)) + f"{d:%y}" + "ABCDEHLMPRST"[d.month - 1] + f"{d.day + rng.choice((0, 40)):02d}" + rng.choice(("H501", "F205", "L219", "A944")), stdnum.it.codicefiscale.is_valid, alphabet=string.ascii_uppercase),
        "es": lambda: checked(rng, lambda: digits(rng, 8), stdnum.es.dni.is_valid, alphabet=string.ascii_uppercase),
        "es_nie": lambda: checked(rng, lambda: rng.choice("XYZ") + digits(rng, 7), stdnum.es.nie.is_valid, alphabet=string.ascii_uppercase),
        "pl": lambda: checked(rng, lambda: f"{d:%y}{d.month + (20 if d.year >= 2000 else 0):02d}{d:%d}" + digits(rng, 4), stdnum.pl.pesel.is_valid),
        "ro": lambda: checked(rng, lambda: rng.choice("56" if d.year >= 2000 else "12") + f"{d:%y%m%d}" + rng.choice(("01", "12", "23", "40", "46")) + digits(rng, 3), stdnum.ro.cnp.is_valid),
        "nl": lambda: checked(rng, lambda: digits(rng, 8, first="12345"), stdnum.nl.bsn.is_valid),
        "be": lambda: checked(rng, lambda: f"{d:%y%m%d}" + f"{rng.randrange(1, 998):03d}", stdnum.be.nn.is_valid, size=2),
        "cz": lambda: checked(rng, lambda: f"{d:%y}{d.month + rng.choice((0, 50)):02d}{d:%d}" + digits(rng, 3), stdnum.cz.rc.is_valid),
        "pt": lambda: checked(rng, lambda: digits(rng, 8, first="123"), stdnum.pt.nif.is_valid),
        "se": lambda: checked(rng, lambda: f"{d:%y%m%d}-" + digits(rng, 3), stdnum.se.personnummer.is_valid),
    }  # fmt: skip
    return make[kind]()


NATIONAL_FORMS: dict[str, Callable[[str], str]] = {
    "de": lambda v: f"{v[:2]} {v[2:5]} {v[5:8]} {v[8:]}",
    "fr": lambda v: f"{v[0]} {v[1:3]} {v[3:5]} {v[5:7]} {v[7:10]} {v[10:13]} {v[13:]}",
    "be": lambda v: f"{v[:2]}.{v[2:4]}.{v[4:6]}-{v[6:9]}.{v[9:]}",
    "cz": lambda v: f"{v[:6]}/{v[6:]}",
    "es": lambda v: f"{v[:8]}-{v[8]}",
}
NATIONAL_WORDS = {
    "de": ["Steuer-ID", "Steueridentifikationsnummer", "tax ID"], "fr": ["numéro de sécurité sociale", "NIR"],
    "it": ["codice fiscale", "C.F."], "es": ["DNI", "NIF"], "es_nie": ["NIE"], "pl": ["PESEL"], "ro": ["CNP"],
    "nl": ["BSN", "burgerservicenummer"], "be": ["rijksregisternummer", "numéro national"], "cz": ["rodné číslo"],
    "pt": ["NIF", "número de contribuinte"], "se": ["personnummer"],
}  # fmt: skip
NAMED_ONLY = ("nl", "pt", "cz", "pl", "de")
"""Without the word these are not promised (cz: without its slash, de: without its spaces)."""


def vat(rng: Random, kind: str) -> str:
    d = day(rng)
    siren = lambda: checked(rng, lambda: digits(rng, 8), stdnum.luhn.is_valid)  # noqa: E731
    make: dict[str, Callable[[], str]] = {
        "de": lambda: checked(rng, lambda: digits(rng, 8, first="123456789"), stdnum.de.vat.is_valid),
        "fr": lambda: until(lambda: (lambda s: f"{(12 + 3 * int(s)) % 97:02d}{s}")(siren()), stdnum.fr.tva.is_valid),
        "it": lambda: checked(rng, lambda: digits(rng, 7) + rng.choice(("001", "015", "058", "100")), stdnum.it.iva.is_valid),
        "es": lambda: checked(rng, lambda: rng.choice("AB") + digits(rng, 7), stdnum.es.cif.is_valid),
        "pl": lambda: checked(rng, lambda: digits(rng, 9, first="1234567"), stdnum.pl.nip.is_valid),
        "ro": lambda: checked(rng, lambda: digits(rng, rng.choice((6, 7, 8)), first="1234"), stdnum.ro.cf.is_valid),
        "nl": lambda: until(lambda: digits(rng, 9) + "B" + f"{rng.randrange(1, 99):02d}", stdnum.nl.btw.is_valid),
        "be": lambda: checked(rng, lambda: "0" + digits(rng, 7, first="4567"), stdnum.be.vat.is_valid, size=2),
        "cz": lambda: checked(rng, lambda: digits(rng, 7, first="12345678"), stdnum.cz.dic.is_valid),
        "pt": lambda: checked(rng, lambda: "5" + digits(rng, 7), stdnum.pt.nif.is_valid),
        "se": lambda: checked(rng, lambda: "55" + digits(rng, 7, first="6789"), stdnum.luhn.is_valid) + "01",
    }  # fmt: skip
    del d
    return make[kind]()


VAT_WORDS = {
    "de": ["USt-IdNr.", "VAT number"], "fr": ["TVA", "VAT no."], "it": ["P.IVA", "partita IVA"], "es": ["CIF", "NIF"], "pl": ["NIP"],
    "ro": ["CUI", "cod fiscal"], "nl": ["BTW", "btw-nummer"], "be": ["BTW", "TVA"], "cz": ["DIČ"], "pt": ["NIPC", "contribuinte"],
    "se": ["VAT-nr", "momsnr"],
}  # fmt: skip

# ---- sentences

EN_PLAIN = ["{}", "Hello, {} please.", "my details are {}, thanks for the quick help", "It is {} and nothing happened so far.",
            "You have {} on file, that is out of date!", "please update to {}\nbest regards", "({})", "as said: {}; reply soon"]  # fmt: skip
ZH_PLAIN = ["{}", "您好，{}，谢谢。", "我填的是{}，一直没有人处理", "请改成{}好吗？", "资料里写的{}是错的！", "（{}）", "就是{}这个"]
EN_WORD = ["my {w} is {}", "{w}: {}", "please note the {w} {} for this account", "{w} {}", "Here is my {w}: {}. Thank you.",
           "Hi, I changed my {w} to {} last week and still get no reply"]  # fmt: skip
ZH_WORD = ["我的{w}是{}，请核对", "{w}：{}", "{w}{}", "麻烦把{w}改为{}。", "{w}为{}请尽快处理谢谢", "已提供{w}{}，为什么还要再次提交？"]
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
    make, named = rng.choice(((phone_international, 0.4), (phone_national, 1.0), (phone_cn_mobile, 0.5), (phone_cn_mobile, 0.5),
                              (phone_cn_landline, 0.5)))  # fmt: skip
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

# ---- decoys

OTHER_WORDS = (["order number", "tracking number", "invoice", "ticket", "reference", "serial number", "item no.", "order", "case"],
               ["订单号", "快递单号", "发票号码", "工单", "编号", "序列号", "运单号", "流水号", "会员号"])  # fmt: skip


def invalid(make: Callable[[], str], valid: Callable[[str], bool]) -> str:
    return until(make, lambda v: not valid(v))


def hexes(rng: Random, size: int) -> str:
    return "".join(rng.choices("0123456789abcdef", k=size))


def isbn(rng: Random) -> str:
    value = checked(rng, lambda: rng.choice(("978", "979")) + digits(rng, 9), stdnum.isbn.is_valid)
    return rng.choice((value, f"{value[:3]}-{value[3]}-{value[4:8]}-{value[8:12]}-{value[12]}"))


def common_decoy(rng: Random) -> str:
    """What messages are full of and no person can be found by."""
    chinese = rng.random() < 0.5
    d = day(rng, 2015, 2026)
    number = rng.random()
    if number < 0.3:
        value = digits(rng, rng.choice((6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20)))
        value = rng.choice((value, value, f"{d:%Y%m%d}{digits(rng, rng.choice((4, 6, 8, 10)))}", f"{value[:4]}-{value[4:]}"))
        if rng.random() < 0.9:
            return sentence(rng, value, "", OTHER_WORDS, named=True).text if chinese else place(
                rng.choice(EN_WORD), value, "", word=rng.choice(OTHER_WORDS[0])
            ).text  # fmt: skip
        return sentence(rng, f"{d:%Y%m%d}{digits(rng, rng.choice((4, 6)))}", "", None, named=False).text
    value = rng.choice(
        (
            lambda: f"{d:%Y-%m-%d}", lambda: f"{d:%d.%m.%Y} 10:30", lambda: f"{d:%Y-%m-%d}/{d + timedelta(30):%Y-%m-%d}",
            lambda: f"{d.year}年{d.month}月{d.day}日", lambda: f"{rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}",
            lambda: hexes(rng, rng.choice((32, 40, 64))), lambda: "-".join(hexes(rng, n) for n in (8, 4, 4, 4, 12)),
            lambda: "ISBN " + isbn(rng), lambda: f"1Z{digits(rng, 3)}AA{digits(rng, 11)}", lambda: f"SF{digits(rng, 13)}",
            lambda: f"JJD{digits(rng, 18)}", lambda: f"RR{digits(rng, 9)}CN", lambda: f"YT{digits(rng, 13)}",
            lambda: f"${rng.randrange(1, 99999):,}.{rng.randrange(100):02d}", lambda: f"{rng.randrange(10**6, 10**11)}元",
            lambda: f"€{rng.randrange(10**6, 10**9)}", lambda: f"{rng.randrange(10**6, 10**8)} views",
            lambda: f"version {rng.randrange(20)}.{rng.randrange(99)}.{rng.randrange(99)}.{rng.randrange(99)}",
            lambda: f"v{rng.randrange(20)}.{rng.randrange(99)}.{rng.randrange(9)}", lambda: f"Chrome/{rng.randrange(60, 130)}.0.0.0",
            lambda: f"版本{rng.randrange(20)}.{rng.randrange(99)}.{rng.randrange(99)}.{rng.randrange(9)}", lambda: f"§ {rng.randrange(9)}.{rng.randrange(9)}.{rng.randrange(9)}.{rng.randrange(9)}",
            lambda: f"{rng.uniform(-90, 90):.6f}, {rng.uniform(-180, 180):.6f}", lambda: f"坐标{rng.uniform(20, 50):.8f},{rng.uniform(80, 130):.8f}",
            lambda: f"{rng.randrange(1000, 5000)}-{rng.randrange(5000, 9999)}", lambda: f"{rng.randrange(10**6, 2 * 10**6)}-{rng.randrange(3 * 10**6, 9 * 10**6)} people",
            lambda: f"pages {rng.randrange(100, 300)}-{rng.randrange(300, 999)}", lambda: ":".join(hexes(rng, 2) for _ in range(6)),
            lambda: f"@{rng.choice(NAMES)}{rng.randrange(9999)}", lambda: "image@2x.png", lambda: "left-pad@1.3.0", lambda: "git@host.org:team/app.git",
            lambda: f"https://shop.io/item/{digits(rng, 11)}?id={digits(rng, 11)}&utm_source=a1b2c3d4e5f6g7", lambda: f"https://x.cn/a?sort_key=name&page={rng.randrange(99)}",
            lambda: "https://api.io/v1?api_key=YOUR_API_KEY", lambda: f"std::vector<a::b> x{rng.randrange(99)}", lambda: "127.0.0.1", lambda: "255.255.255.0",
            lambda: f"iPhone {rng.randrange(11, 17)} {rng.choice((64, 128, 256))}GB", lambda: f"Boeing 737-{rng.randrange(600, 900)}", lambda: f"CA{rng.randrange(100, 9999)}次航班",
            lambda: f"Unix time {rng.randrange(10**9, 2 * 10**9)}", lambda: f"时间戳{rng.randrange(10**12, 2 * 10**12)}", lambda: f"{rng.uniform(0, 1):.12f}",
            lambda: f"{rng.randrange(10**4, 10**5)} Berlin", lambda: f"{rng.randrange(1, 99)} x {rng.randrange(1, 99)} = {rng.randrange(9999)}", lambda: f"IMG_{d:%Y%m%d}_{digits(rng, 6)}.jpg",
            lambda: f"EAN {digits(rng, 13, first='4')}", lambda: f"验证码{digits(rng, 6)}", lambda: f"{rng.randrange(2000, 2030)}/{rng.randrange(1, 13):02d}",
            lambda: f"user{digits(rng, 8)}@example.com", lambda: f"call 555-01{digits(rng, 2)}", lambda: invalid(lambda: f"{rng.randrange(1, 10**4)}-{rng.randrange(1, 99)}-{rng.randrange(1, 10**4)}", stdnum.us.ssn.is_valid),
        )
    )()  # fmt: skip
    return place(rng.choice(ZH_PLAIN if chinese else EN_PLAIN), value, "").text


def other_named(make: Callable[[Random], tuple[str, str]], rng: Random) -> str:
    """A value that would be valid, said to be something else."""
    value, _ = make(rng)
    chinese = rng.random() < 0.5
    return place(rng.choice(ZH_WORD if chinese else EN_WORD), value, "", word=rng.choice(OTHER_WORDS[chinese])).text


def flipped(rng: Random, value: str, valid: Callable[[str], bool]) -> str:
    """The value with one digit changed so that its check digit no longer holds; separators stay."""
    while True:
        at = rng.choice([i for i, char in enumerate(value) if char.isdigit()])
        changed = value[:at] + rng.choice("0123456789") + value[at + 1 :]
        if not valid(changed):
            return changed


def near_card(rng: Random) -> str:
    if rng.random() < 0.5:
        return other_named(card, rng)
    value = flipped(rng, card(rng)[0], lambda v: stdnum.luhn.is_valid(v.replace(" ", "").replace("-", "")))
    return sentence(rng, value, "", WORDS["card"], named=rng.random() < 0.5).text


def near_cn_id(rng: Random) -> str:
    value = cn_id(rng)[0].upper()
    kind = rng.randrange(3)
    if kind == 0:
        value = invalid(lambda: value[:17] + rng.choice("0123456789X"), stdnum.cn.ric.is_valid)
    elif kind == 1:
        value = checked(rng, lambda: value[:6] + "19901" + rng.choice(("332", "431", "240")) + digits(rng, 3), lambda v: True)
    else:
        value = rng.choice(("00", "19", "98", "77")) + value[2:]
    return sentence(rng, value, "", WORDS["cn_id"], named=rng.random() < 0.5).text


def near_phone(rng: Random) -> str:
    value, _ = rng.choice((phone_cn_mobile, phone_national, phone_cn_landline))(rng)
    kind = rng.randrange(3)
    if kind == 0:
        return other_named(lambda r: (value, ""), rng)
    if kind == 1:
        return place(rng.choice(EN_PLAIN + ZH_PLAIN), f"12{digits(rng, 9)}", "").text
    return place(rng.choice(EN_PLAIN), f"0.{digits(rng, 11, first='1')}", "").text


def near_passport(rng: Random) -> str:
    value, _ = passport(rng)
    if rng.random() < 0.5:
        return other_named(passport, rng)
    return rng.choice((f"product {value} is out of stock", f"passport renewal takes {rng.randrange(2, 9)} weeks, form {value}",
                       f"护照照片{rng.randrange(10, 99)}张，订单号{value}", f"{value}", f"型号{value}没货", f"passport photo order {value}"))  # fmt: skip


def near_birth(rng: Random) -> str:
    language = rng.choice(("en", "zh"))
    value = birth(rng, language)
    if language == "zh":
        return rng.choice((f"下单日期{value}", f"生日礼物{value}下单", f"{value}收到的包裹", f"签发日期：{value}", f"出生日期：{rng.randrange(1950, 2000)}年{rng.randrange(13, 40)}月3日", f"活动在{value}结束"))  # fmt: skip
    return rng.choice((f"ordered on {value}", f"birthday party on {value}", f"delivered {value}", f"the invoice of {value}", f"date of birth: {rng.randrange(1950, 2000)}-{rng.randrange(13, 40)}-10",
                       f"expires {value}", f"issued on {value}", f"The concert is on {value}."))  # fmt: skip


def near_national(rng: Random) -> str:
    kind = rng.choice(sorted(NATIONAL_WORDS))
    value = national(rng, kind)
    if kind in NATIONAL_FORMS and rng.random() < 0.5:
        value = NATIONAL_FORMS[kind](value)
    if rng.random() < 0.5:
        return other_named(lambda r: (value, ""), rng)
    checks = {"de": stdnum.de.idnr, "fr": stdnum.fr.nir, "it": stdnum.it.codicefiscale, "es": stdnum.es.dni, "es_nie": stdnum.es.nie,
              "pl": stdnum.pl.pesel, "ro": stdnum.ro.cnp, "nl": stdnum.nl.bsn, "be": stdnum.be.nn, "cz": stdnum.cz.rc, "pt": stdnum.pt.nif,
              "se": stdnum.se.personnummer}  # fmt: skip
    return sentence(rng, flipped(rng, value, checks[kind].is_valid), "", (NATIONAL_WORDS[kind],) * 2, named=rng.random() < 0.3).text


def near_vat(rng: Random) -> str:
    kind = rng.choice(sorted(VAT_WORDS))
    value = vat(rng, kind)
    if rng.random() < 0.5:
        return other_named(lambda r: (kind.upper() + value, ""), rng)
    checks = {"de": stdnum.de.vat, "fr": stdnum.fr.tva, "it": stdnum.it.iva, "es": stdnum.es.cif, "pl": stdnum.pl.nip, "ro": stdnum.ro.cf,
              "nl": stdnum.nl.btw, "be": stdnum.be.vat, "cz": stdnum.cz.dic, "pt": stdnum.pt.nif, "se": stdnum.se.vat}  # fmt: skip
    wrong = flipped(rng, value, checks[kind].is_valid)
    return sentence(rng, kind.upper() + wrong, "", (VAT_WORDS[kind],) * 2, named=rng.random() < 0.3).text


def near_iban(rng: Random) -> str:
    value = iban(rng)[0]
    if rng.random() < 0.2:
        return place(rng.choice(EN_PLAIN), "XX" + value[2:], "").text
    wrong = flipped(rng, value, lambda v: stdnum.iban.is_valid(v, check_country=False))
    return sentence(rng, wrong, "", WORDS["iban"], named=rng.random() < 0.5).text


def near_ip(rng: Random) -> str:
    parts = [rng.randrange(256) for _ in range(4)]
    dotted = ".".join(map(str, parts))
    small = ".".join(str(rng.randrange(10)) for _ in range(4))
    return place(rng.choice(EN_PLAIN + ZH_PLAIN), rng.choice((f"version {dotted}", f"v{dotted}", f"firmware {dotted}", f"版本{dotted}", f"build {dotted}",
                 f"Safari/{dotted}", small, f"{parts[0]}.{parts[1]}.{parts[2]}.{parts[3]}.{parts[0]}", f"{rng.randrange(300, 999)}.{parts[1]}.1.2", f"固件 {dotted}")), "").text  # fmt: skip


def near_ssn(rng: Random) -> str:
    value = f"{digits(rng, 3)}-{digits(rng, 2)}-{digits(rng, 4)}"
    if rng.random() < 0.5:
        return other_named(lambda r: (value, ""), rng)
    wrong = rng.choice((f"000{value[3:]}", f"666{value[3:]}", f"9{value[1:]}", value[:4] + "00" + value[6:], value[:7] + "0000"))
    return place(rng.choice(EN_WORD), wrong, "", word="SSN").text


def near_email(rng: Random) -> str:
    name = rng.choice(NAMES)
    return place(rng.choice(EN_PLAIN + ZH_PLAIN), rng.choice((f"@{name}", f"{name}@localhost", f"{name} at gmail dot com", f"icon{rng.randrange(9)}@3x.png", f"{name}@{rng.randrange(9)}.{rng.randrange(9)}.0",
                 f"{name}@", f"npm i @types/{name}", f"{name}@example.com", f"git@github.com:{name}/app.git", f"{name}@test")), "").text  # fmt: skip


def near_secret(rng: Random) -> str:
    value = token(rng, rng.randrange(8, 30))
    return rng.choice((f"https://shop.io/p/{value}", f"https://a.cn/s?q={value}", f"https://a.io/?page=2&id={value}", "https://api.io/v1?api_key=YOUR_API_KEY", "https://api.io/?token={token}",
                       "https://a.io/list?sort_key=name&key=name", f"http://news.cn/{digits(rng, 12)}.html?from=timeline", f"链接https://a.cn/{value} 打不开", f"https://a.io/?utm_campaign={value}", f"token={value}"))  # fmt: skip


NEAR: dict[str, Callable[[Random], str]] = {
    "email": near_email, "phone": near_phone, "cn_resident_id": near_cn_id, "eu_national_id": near_national, "eu_vat": near_vat,
    "bank_card": near_card, "iban": near_iban, "ip_address": near_ip, "url_secret": near_secret, "passport": near_passport,
    "birth_date": near_birth, "us_ssn": near_ssn,
}  # fmt: skip
"""By class: what looks most like it and is not it. Half of a class's decoys; the other half is common to all."""


def positives(class_name: str, count: int, *, seed: int) -> list[Planted]:
    rng = random.Random(f"{seed} {class_name} positives")
    return [POSITIVES[class_name](rng) for _ in range(count)]


def decoys(class_name: str, count: int, *, seed: int) -> list[str]:
    rng = random.Random(f"{seed} {class_name} decoys")
    return [NEAR[class_name](rng) if i % 2 else common_decoy(rng) for i in range(count)]


__all__ = ["NEAR", "POSITIVES", "Planted", "decoys", "partial", "positives"]
