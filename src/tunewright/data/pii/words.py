"""Words that name a number. The nearest one before it says what it is: "order 4111..." is no card, "tel. 030..." is a phone.

Most formats are ambiguous alone: nine digits may be a Dutch citizen number, a phone or a parcel. People write the word.
"""

from __future__ import annotations

import re

OTHER = "other"
"""What is no personal data: an order, a parcel, a price, a version."""

WORDS: dict[str, str] = {
    "phone": """
        phone|phone number|phone no|telephone|tel|mobile|mobile number|cell|cell phone|cellphone|call|call me|call us
        call me at|call me on|fax|whatsapp|text me|ring me|reach me|reach me at|reach me on|contact number|my number
        my number is|phone/fax|viber|telegram|hotline|dial|desk|office|answering at|messages to
        telefon|telefonnummer|telefonnr|rufnummer|handy|handynummer|handynr|mobil|mobilnummer|festnetz|anrufen|rückruf
        téléphone|portable|tél|mobile|appelez|appelez-moi|joindre|rappelez|teléfono|móvil|llámame|llamar|celular
        telefono|cellulare|chiamare|chiamatemi|telefonu|komórka|komórkowy|dzwonić|telefoon|telefoonnummer|gsm|mobiel
        telefonul|telefonní|mobilní|telefone|telemóvel|telefonnummer|mobilnummer|ring
        电话|电话号码|电话号|手机|手机号|手机号码|联系电话|联系方式|联系我|致电|来电|拨打|座机|固话|传真|打给我|回电|微信|微信号
        電話|電話號碼|手機|手機號|手機號碼|聯絡電話|聯繫電話
        """,
    "cn_resident_id": """
        id|id card|id number|id no|identity card|identity number|resident id|身份证|身份证号|身份证号码|身份證|身份證號
        证件号|证件号码|身份号码|公民身份号码|居民身份证
        """,
    "eu_national_id": """
        national id|national id number|id number|id no|personal number|personal id|身份证|身份证号|身份证号码|证件号|证件号码
        """,
    "eu_national_id.de": """
        steuer-id|steuerid|steuer-identifikationsnummer|steueridentifikationsnummer|idnr|steuer-idnr|identifikationsnummer|tax id
        steuernummer|个人税号|税号
        """,
    "eu_national_id.fr": "numéro de sécurité sociale|sécurité sociale|sécu|nir|insee|n° de sécurité sociale|社保号",
    "eu_national_id.it": "codice fiscale|cod. fisc|c.f|cf|tax id",
    "eu_national_id.es": "dni|nie|nif|documento|documento de identidad",
    "eu_national_id.pl": "pesel|numer pesel|nr pesel",
    "eu_national_id.ro": "cnp|cod numeric personal",
    "eu_national_id.nl": "bsn|burgerservicenummer|sofinummer|citizen service number",
    "eu_national_id.be": "rijksregisternummer|rijksregister|numéro national|registre national|insz|niss",
    "eu_national_id.cz": "rodné číslo|rodne cislo|r.č|rč",
    "eu_national_id.pt": "nif|contribuinte|número de contribuinte|número fiscal|tax id",
    "eu_national_id.se": "personnummer|personnr|samordningsnummer",
    "us_ssn": "ssn|social security|social security number|social|social security no|社保号|社会安全号|社会安全号码",
    "eu_vat": "vat|vat number|vat no|vat id|vat reg|vat registration number|增值税号|增值税|税号",
    "eu_vat.de": "ust-idnr|ust-id|ust-id-nr|ustid|ust.-idnr|umsatzsteuer-id|umsatzsteuer-identifikationsnummer",
    "eu_vat.fr": "tva|numéro de tva|n° tva|tva intracommunautaire",
    "eu_vat.it": "partita iva|p.iva|p. iva|piva|iva",
    "eu_vat.es": "cif|nif|nif-iva",
    "eu_vat.pl": "nip|numer nip|nr nip",
    "eu_vat.ro": "cui|cod fiscal|cif",
    "eu_vat.nl": "btw|btw-nummer|btw-nr|btw-id",
    "eu_vat.be": "btw|btw-nummer|btw-nr|tva|ondernemingsnummer|numéro d'entreprise|numéro de tva",
    "eu_vat.cz": "dič|dic|ičo|ico",
    "eu_vat.pt": "nif|nipc|contribuinte",
    "eu_vat.se": "moms|momsnr|momsregistreringsnummer|vat-nr|organisationsnummer|org.nr|orgnr",
    "bank_card": """
        card|cc|card number|card no|credit card|debit card|bank card|visa|mastercard|amex|american express|unionpay|maestro
        kreditkarte|kartennummer|karte|carte|carte bancaire|carte bleue|tarjeta|carta|carta di credito|karta|karty|creditcard
        cartão|kort|卡|卡号|银行卡|银行卡号|信用卡|信用卡号|储蓄卡|借记卡|卡號|銀行卡|信用卡號
        """,
    "iban": "iban|bank account|account|konto|kontonummer|bankverbindung|compte|cuenta|conto|rachunek|rekening|账户|账号",
    "ip_address": "ip|ip address|ip-adresse|adresse ip|dirección ip|indirizzo ip|host|server|ip地址|主机|服务器|登录地",
    "passport": """
        passport|passport number|passport no|reisepass|reisepassnummer|passnummer|pass-nr|passeport|pasaporte|passaporto
        paspoort|paspoortnummer|paszport|paszportu|pașaport|pas|cestovní pas
        passaporte|pass|护照|护照号|护照号码|護照|護照號碼|паспорт
        """,
    "birth_date": """
        born|born on|date of birth|birth date|birthdate|dob|d.o.b|birthday|my birthday is|geboren|geboren am|geb|geburtsdatum
        geburtstag|geb. am|né le|née le|né(e) le|date de naissance|naissance|nacido|nacida|nací|nací el|nacido el|nacida el
        fecha de nacimiento|nato il|nata il|data di nascita|nascita|urodzony|urodzona|data urodzenia|ur|geboren op
        geboortedatum|data nașterii|născut|născută|datum narození|narozen|narozena|nar|data de nascimento|nascido|nascida
        född|födelsedatum|fødselsdato|出生|出生日期|出生于|出生年月|出生年月日|生日|生日是|生于|生日为|誕生日|生年月日|出生於
        """,
    OTHER: """
        order|order no|order number|order id|orders|purchase|po|tracking|tracking no|tracking number|parcel|shipment|package
        invoice|invoice no|invoice number|receipt|ticket|ticket no|case|case no|case number|ref|reference|reference number
        booking|confirmation|isbn|issn|ean|sku|upc|asin|doi|serial|serial number|serial no|s/n|imei|model|part|part no
        article|item|item no|product|product code|barcode|batch|lot|transaction|transaction id|txn|customer number|customer no
        version|ver|v|build|release|firmware|driver|section|chapter|clause|paragraph|§|commit|hash|sha|md5|checksum|uuid|guid
        coordinates|coordinate|lat|lon|latitude|longitude|gps|price|total|amount|sum|sales|revenue|population|timestamp|epoch
        unix time|score|votes|views|followers|page|pages|range|copies|units|voucher|coupon|gift card|code
        bestellung|bestellnummer|bestellnr|auftrag|auftragsnummer|rechnung|rechnungsnummer|sendung|sendungsnummer|paket
        paketnummer|vorgang|vorgangsnummer|aktenzeichen|kundennummer|kundennr|seriennummer|artikelnummer|artikelnr|betrag|preis
        ticketnummer|referenz|gutschein|commande|facture|colis|suivi|numéro de suivi|référence|dossier|prix|montant|pedido
        factura|seguimiento|referencia|importe|precio|ordine|fattura|spedizione|riferimento|prezzo|zamówienie|zamówienia
        faktura|faktury|przesyłka|paczka|cena|bestelling|factuur|zending|pakket|comandă|comanda|colet|objednávka|zásilka
        encomenda|fatura|beställning|faktura|paket|birthday party|birthday gift|birthday card|birthday present
        birthday discount|passport photo|passport renewal|passport application|passport fee|sent|posted|ordered on|delivered
        expires|expiry|valid until|issued|issued on|printed|founded|published
        订单|订单号|订单编号|单号|快递|快递单号|快递号|运单|运单号|物流|物流单号|流水|流水号|编号|发票|发票号|发票号码|型号|条码|条形码
        版本|版本号|坐标|经度|纬度|金额|价格|总价|工单|工单号|案件|案件号|序列号|批次|批号|商品|货号|股票|代码|交易号|交易流水|会员号
        客户编号|包裹|销量|人口|时间戳|页|第|章节|固件|驱动|哈希|提交|优惠券|兑换码|礼品卡|生日礼物|生日蛋糕|生日派对|生日聚会|下单|签发
        有效期|有效期至|到期|發票|訂單|訂單號|單號|編號|型號|學號|学号|车牌|排队号|取件码|验证码|金額|價格|签发日期|发行
        """,
}
"""Words by what they name: a class, or one country's number of a class. Case does not matter; each is a whole word."""


def _table() -> dict[str, frozenset[str]]:
    named: dict[str, set[str]] = {}
    for name, lines in WORDS.items():
        for word in "|".join(line.strip() for line in lines.strip().splitlines()).split("|"):
            named.setdefault(word.lower(), set()).add(name)
    return {word: frozenset(names) for word, names in named.items()}


_NAMED = _table()
_ENDING_IN: dict[str, list[str]] = {}
_BEGINNING_WITH: dict[str, list[str]] = {}
for _word in sorted(_NAMED, key=len, reverse=True):
    _ENDING_IN.setdefault(_word[-2:], []).append(_word)
    _BEGINNING_WITH.setdefault(_word[:2], []).append(_word)
"""By their last and first two characters (or the one they have), the longest first."""


_STOP = re.compile(r"[。！？!?；;]|(?<!:)\n|(?<=[^\W\d_]{4})(?<!nr)(?<!fisc)\.\s|\d[\d .\-/]{2,}\d")
"""Where the reach of a word ends: at the end of its sentence, and at another number, which it was about."""
_COMMA = re.compile("[,，、]")
_NUMBER_AT_END = re.compile(r"\d\s?[日号]?\s?$")
_UNIT_AFTER = re.compile(
    r"\s?(?:元|块|万|亿|件|人|次|个|張|张|股|公里|米|吨|美元|欧元|%|€|\$|£|(?:kg|km|usd|eur|cny|rmb|gb|mb|ml|pcs|people|units|copies|views)\b)",
    re.IGNORECASE,
)
_MONEY_BEFORE = re.compile(r"(?:[$€£¥]|\b(?:usd|eur|cny|rmb|gbp))$")
BEFORE, AFTER = 48, 14
"""Characters before and after a number in which a word is looked for."""


def names_of(text: str, start: int, end: int) -> frozenset[str]:
    """What the nearest word says that `text[start:end]` is: keys of `WORDS`; empty where no word is near."""
    before = " ".join(part for part in text[max(0, start - BEFORE) : start].lower().split(" ") if part)
    if _MONEY_BEFORE.search(before) or _UNIT_AFTER.match(text, end):
        return _OTHER
    stop = 0
    for match in _STOP.finditer(before):
        stop = match.end()
    for place in range(len(before), stop, -1):
        for tail in (before[max(0, place - 2) : place], before[place - 1]):
            for word in _ENDING_IN.get(tail, ()):
                start_of_word = place - len(word)
                if before.endswith(word, stop, place) and _is_whole(before, start_of_word, place):
                    return frozenset() if _is_of_another(before, start_of_word, place) else _NAMED[word]
    after = text[end : end + AFTER].lower()
    stopped = _STOP.search(after)
    for place in range(stopped.start() if stopped else len(after)):
        for head in (after[place : place + 2], after[place]):
            for word in _BEGINNING_WITH.get(head, ()):
                if after.startswith(word, place) and _is_whole(after, place, place + len(word)):
                    return _NAMED[word] - _OTHER
    return frozenset()


def _is_of_another(before: str, start: int, end: int) -> bool:
    """Whether a word stands behind its own number, and a comma before ours: `1990年5月6日出生，2020年5月6日下单`."""
    return bool(_COMMA.search(before, end) and _NUMBER_AT_END.search(before[:start]))


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether no Latin letter goes on before or behind a word: "ip" is no word in "ship", and is one in "登录ip地址"."""
    return not (
        (start > 0 and _is_latin(text[start]) and _is_latin(text[start - 1]))
        or (end < len(text) and _is_latin(text[end - 1]) and _is_latin(text[end]))
    )


def _is_latin(char: str) -> bool:
    return char.isalpha() and char < "\u2e80"


_OTHER = frozenset({OTHER})

GLUED = "".join(
    f"|(?<={word})"
    for word in [
        "IP",
        "SSN",
        "IBAN",
        "NIF",
        "NIE",
        "DNI",
        "CIF",
        "BSN",
        "NIP",
        "PESEL",
        "CNP",
        "CUI",
        "NIR",
        "BTW",
        "TVA",
        "VAT",
        "NIPC",
        "tel",
        "Tel",
        "TEL",
    ]
)
"""A number may stand right behind these, as in `IP45.146.28.18`; any other letter before a number makes it part of a code."""
_BESIDE = rf"(?:(?<![0-9A-Za-z_+])(?<![0-9][.,\-:/])(?<![0-9] ){GLUED})"
LEFT = r"(?=[0-9(])" + _BESIDE
"""Where a number may begin. (The cheap question first: most characters are no digit.)"""
BEGINNING = re.compile(r"(?=[0-9]|[A-Za-z][ \-]?[0-9])" + _BESIDE)
"""The same for numbers that may have one letter in front."""
RIGHT = r"(?![0-9A-Za-z_])(?![.\-:,/][0-9])(?! \d{3})"
"""Where it may end: no letter or digit goes on, and no further group of digits."""
