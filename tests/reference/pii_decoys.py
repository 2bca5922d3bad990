"""Texts that only look like personal data, seeded: near misses of each class, and what messages are full of.

A near miss is one that `python-stdnum` calls invalid, or a valid number that its sentence says to be something else.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

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

from tests.reference.pii_generators import (
    EN_PLAIN,
    EN_WORD,
    NAMES,
    NATIONAL_FORMS,
    NATIONAL_WORDS,
    VAT_WORDS,
    WORDS,
    ZH_PLAIN,
    ZH_WORD,
    Random,
    birth,
    card,
    checked,
    cn_id,
    day,
    digits,
    iban,
    national,
    passport,
    phone_cn_landline,
    phone_cn_mobile,
    phone_national,
    place,
    sentence,
    token,
    until,
    vat,
)

OTHER_WORDS = (
    ["order number", "tracking number", "invoice", "ticket", "reference", "serial number", "item no.", "order", "case"],
    ["订单号", "快递单号", "发票号码", "工单", "编号", "序列号", "运单号", "流水号", "会员号"],
)


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
        value = rng.choice(
            (value, value, f"{d:%Y%m%d}{digits(rng, rng.choice((4, 6, 8, 10)))}", f"{value[:4]}-{value[4:]}")
        )
        if rng.random() < 0.9:
            return (
                sentence(rng, value, "", OTHER_WORDS, named=True).text
                if chinese
                else place(rng.choice(EN_WORD), value, "", word=rng.choice(OTHER_WORDS[0])).text
            )
        return sentence(rng, f"{d:%Y%m%d}{digits(rng, rng.choice((4, 6)))}", "", None, named=False).text
    value = rng.choice(
        (
            lambda: f"{d:%Y-%m-%d}",
            lambda: f"{d:%d.%m.%Y} 10:30",
            lambda: f"{d:%Y-%m-%d}/{d + timedelta(30):%Y-%m-%d}",
            lambda: f"{d.year}年{d.month}月{d.day}日",
            lambda: f"{rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}",
            lambda: hexes(rng, rng.choice((32, 40, 64))),
            lambda: "-".join(hexes(rng, n) for n in (8, 4, 4, 4, 12)),
            lambda: "ISBN " + isbn(rng),
            lambda: f"1Z{digits(rng, 3)}AA{digits(rng, 11)}",
            lambda: f"SF{digits(rng, 13)}",
            lambda: f"JJD{digits(rng, 18)}",
            lambda: f"RR{digits(rng, 9)}CN",
            lambda: f"YT{digits(rng, 13)}",
            lambda: f"${rng.randrange(1, 99999):,}.{rng.randrange(100):02d}",
            lambda: f"{rng.randrange(10**6, 10**11)}元",
            lambda: f"€{rng.randrange(10**6, 10**9)}",
            lambda: f"{rng.randrange(10**6, 10**8)} views",
            lambda: f"version {rng.randrange(20)}.{rng.randrange(99)}.{rng.randrange(99)}.{rng.randrange(99)}",
            lambda: f"v{rng.randrange(20)}.{rng.randrange(99)}.{rng.randrange(9)}",
            lambda: f"Chrome/{rng.randrange(60, 130)}.0.0.0",
            lambda: f"版本{rng.randrange(20)}.{rng.randrange(99)}.{rng.randrange(99)}.{rng.randrange(9)}",
            lambda: f"§ {rng.randrange(9)}.{rng.randrange(9)}.{rng.randrange(9)}.{rng.randrange(9)}",
            lambda: f"{rng.uniform(-90, 90):.6f}, {rng.uniform(-180, 180):.6f}",
            lambda: f"坐标{rng.uniform(20, 50):.8f},{rng.uniform(80, 130):.8f}",
            lambda: f"{rng.randrange(1000, 5000)}-{rng.randrange(5000, 9999)}",
            lambda: f"{rng.randrange(10**6, 2 * 10**6)}-{rng.randrange(3 * 10**6, 9 * 10**6)} people",
            lambda: f"pages {rng.randrange(100, 300)}-{rng.randrange(300, 999)}",
            lambda: ":".join(hexes(rng, 2) for _ in range(6)),
            lambda: f"@{rng.choice(NAMES)}{rng.randrange(9999)}",
            lambda: "image@2x.png",
            lambda: "left-pad@1.3.0",
            lambda: "git@host.org:team/app.git",
            lambda: f"https://shop.io/item/{digits(rng, 11)}?id={digits(rng, 11)}&utm_source=a1b2c3d4e5f6g7",
            lambda: f"https://x.cn/a?sort_key=name&page={rng.randrange(99)}",
            lambda: "https://api.io/v1?api_key=YOUR_API_KEY",
            lambda: f"std::vector<a::b> x{rng.randrange(99)}",
            lambda: "127.0.0.1",
            lambda: "255.255.255.0",
            lambda: f"iPhone {rng.randrange(11, 17)} {rng.choice((64, 128, 256))}GB",
            lambda: f"Boeing 737-{rng.randrange(600, 900)}",
            lambda: f"CA{rng.randrange(100, 9999)}次航班",
            lambda: f"Unix time {rng.randrange(10**9, 2 * 10**9)}",
            lambda: f"时间戳{rng.randrange(10**12, 2 * 10**12)}",
            lambda: f"{rng.uniform(0, 1):.12f}",
            lambda: f"{rng.randrange(10**4, 10**5)} Berlin",
            lambda: f"{rng.randrange(1, 99)} x {rng.randrange(1, 99)} = {rng.randrange(9999)}",
            lambda: f"IMG_{d:%Y%m%d}_{digits(rng, 6)}.jpg",
            lambda: f"EAN {digits(rng, 13, first='4')}",
            lambda: f"验证码{digits(rng, 6)}",
            lambda: f"{rng.randrange(2000, 2030)}/{rng.randrange(1, 13):02d}",
            lambda: f"user{digits(rng, 8)}@example.com",
            lambda: f"call 555-01{digits(rng, 2)}",
            lambda: invalid(
                lambda: f"{rng.randrange(1, 10**4)}-{rng.randrange(1, 99)}-{rng.randrange(1, 10**4)}",
                stdnum.us.ssn.is_valid,
            ),
        )
    )()
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
        value = checked(
            rng, lambda: value[:6] + "19901" + rng.choice(("332", "431", "240")) + digits(rng, 3), lambda v: True
        )
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
    return rng.choice(
        (
            f"product {value} is out of stock",
            f"passport renewal takes {rng.randrange(2, 9)} weeks, form {value}",
            f"护照照片{rng.randrange(10, 99)}张，订单号{value}",
            f"{value}",
            f"型号{value}没货",
            f"passport photo order {value}",
        )
    )


def near_birth(rng: Random) -> str:
    language = rng.choice(("en", "zh"))
    value = birth(rng, language)
    if language == "zh":
        return rng.choice(
            (
                f"下单日期{value}",
                f"生日礼物{value}下单",
                f"{value}收到的包裹",
                f"签发日期：{value}",
                f"出生日期：{rng.randrange(1950, 2000)}年{rng.randrange(13, 40)}月3日",
                f"活动在{value}结束",
            )
        )
    return rng.choice(
        (
            f"ordered on {value}",
            f"birthday party on {value}",
            f"delivered {value}",
            f"the invoice of {value}",
            f"date of birth: {rng.randrange(1950, 2000)}-{rng.randrange(13, 40)}-10",
            f"expires {value}",
            f"issued on {value}",
            f"The concert is on {value}.",
        )
    )


def near_national(rng: Random) -> str:
    kind = rng.choice(sorted(NATIONAL_WORDS))
    value = national(rng, kind)
    if kind in NATIONAL_FORMS and rng.random() < 0.5:
        value = NATIONAL_FORMS[kind](value)
    if rng.random() < 0.5:
        return other_named(lambda r: (value, ""), rng)
    checks = {
        "de": stdnum.de.idnr,
        "fr": stdnum.fr.nir,
        "it": stdnum.it.codicefiscale,
        "es": stdnum.es.dni,
        "es_nie": stdnum.es.nie,
        "pl": stdnum.pl.pesel,
        "ro": stdnum.ro.cnp,
        "nl": stdnum.nl.bsn,
        "be": stdnum.be.nn,
        "cz": stdnum.cz.rc,
        "pt": stdnum.pt.nif,
        "se": stdnum.se.personnummer,
    }
    return sentence(
        rng, flipped(rng, value, checks[kind].is_valid), "", (NATIONAL_WORDS[kind],) * 2, named=rng.random() < 0.3
    ).text


def near_vat(rng: Random) -> str:
    kind = rng.choice(sorted(VAT_WORDS))
    value = vat(rng, kind)
    if rng.random() < 0.5:
        return other_named(lambda r: (kind.upper() + value, ""), rng)
    checks = {
        "de": stdnum.de.vat,
        "fr": stdnum.fr.tva,
        "it": stdnum.it.iva,
        "es": stdnum.es.cif,
        "pl": stdnum.pl.nip,
        "ro": stdnum.ro.cf,
        "nl": stdnum.nl.btw,
        "be": stdnum.be.vat,
        "cz": stdnum.cz.dic,
        "pt": stdnum.pt.nif,
        "se": stdnum.se.vat,
    }
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
    return place(
        rng.choice(EN_PLAIN + ZH_PLAIN),
        rng.choice(
            (
                f"version {dotted}",
                f"v{dotted}",
                f"firmware {dotted}",
                f"版本{dotted}",
                f"build {dotted}",
                f"Safari/{dotted}",
                small,
                f"{parts[0]}.{parts[1]}.{parts[2]}.{parts[3]}.{parts[0]}",
                f"{rng.randrange(300, 999)}.{parts[1]}.1.2",
                f"固件 {dotted}",
            )
        ),
        "",
    ).text


def near_ssn(rng: Random) -> str:
    value = f"{digits(rng, 3)}-{digits(rng, 2)}-{digits(rng, 4)}"
    if rng.random() < 0.5:
        return other_named(lambda r: (value, ""), rng)
    wrong = rng.choice(
        (f"000{value[3:]}", f"666{value[3:]}", f"9{value[1:]}", value[:4] + "00" + value[6:], value[:7] + "0000")
    )
    return place(rng.choice(EN_WORD), wrong, "", word="SSN").text


def near_email(rng: Random) -> str:
    name = rng.choice(NAMES)
    return place(
        rng.choice(EN_PLAIN + ZH_PLAIN),
        rng.choice(
            (
                f"@{name}",
                f"{name}@localhost",
                f"{name} at gmail dot com",
                f"icon{rng.randrange(9)}@3x.png",
                f"{name}@{rng.randrange(9)}.{rng.randrange(9)}.0",
                f"{name}@",
                f"npm i @types/{name}",
                f"{name}@example.com",
                f"git@github.com:{name}/app.git",
                f"{name}@test",
            )
        ),
        "",
    ).text


def near_secret(rng: Random) -> str:
    value = token(rng, rng.randrange(8, 30))
    return rng.choice(
        (
            f"https://shop.io/p/{value}",
            f"https://a.cn/s?q={value}",
            f"https://a.io/?page=2&id={value}",
            "https://api.io/v1?api_key=YOUR_API_KEY",
            "https://api.io/?token={token}",
            "https://a.io/list?sort_key=name&key=name",
            f"http://news.cn/{digits(rng, 12)}.html?from=timeline",
            f"链接https://a.cn/{value} 打不开",
            f"https://a.io/?utm_campaign={value}",
            f"token={value}",
        )
    )


NEAR: dict[str, Callable[[Random], str]] = {
    "email": near_email,
    "phone": near_phone,
    "cn_resident_id": near_cn_id,
    "eu_national_id": near_national,
    "eu_vat": near_vat,
    "bank_card": near_card,
    "iban": near_iban,
    "ip_address": near_ip,
    "url_secret": near_secret,
    "passport": near_passport,
    "birth_date": near_birth,
    "us_ssn": near_ssn,
}
"""By class: what looks most like it and is not it. Half of a class's decoys; the other half is common to all."""


def decoys(class_name: str, count: int, *, seed: int) -> list[str]:
    rng = random.Random(f"{seed} {class_name} decoys")
    return [NEAR[class_name](rng) if i % 2 else common_decoy(rng) for i in range(count)]
