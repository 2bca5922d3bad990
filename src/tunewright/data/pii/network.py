"""IP addresses, and secrets inside web addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from tunewright.data.pii.types import Detector, Found
from tunewright.data.pii.words import GLUED, OTHER, names_of

# ---- IP

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = re.compile(
    rf"(?=[0-9])(?:(?<![0-9A-Za-z_.\-]){GLUED})(?:{_OCTET}\.){{3}}{_OCTET}(?![0-9A-Za-z_])(?!\.[0-9])(?!-[0-9A-Za-z])"
)
_IPV6 = re.compile(
    rf"(?=[0-9A-Fa-f:]{{0,4}}:)(?:(?<![0-9A-Za-z_.])(?<![0-9A-Fa-f:]:){GLUED})"
    r"(?:[0-9A-Fa-f]{1,4}:|::)(?=[0-9A-Fa-f]*:)[0-9A-Fa-f:]{1,37}(?:(?:\.\d{1,3}){3})?(?![0-9A-Za-z_:])"
)
_PERSONAL_V6 = tuple(map(ipaddress.IPv6Network, ("2000::/3", "fc00::/7", "fe80::/10")))
_DOCUMENTATION_V6 = ipaddress.IPv6Network("2001:db8::/32")
_DOCUMENTATION_V4 = tuple(map(ipaddress.IPv4Network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))
_AGENT = re.compile(r"[A-Za-z]/$")


def _addresses(text: str) -> Iterator[Found]:
    for match in _IPV4.finditer(text):
        if _AGENT.search(text, max(0, match.start() - 2), match.start()) or not _is_somebodys(match.group()):
            continue
        names = names_of(text, *match.span())
        named = "ip_address" in names
        # 3.1.4.2 is a section or a version; an address rarely has four small numbers.
        if named or (OTHER not in names and max(map(int, match.group().split("."))) > 30):
            yield Found(*match.span(), "ipv4", "four numbers up to 255", named=named)
    for match in _IPV6.finditer(text):
        try:
            address = ipaddress.IPv6Address(
                match.group().rstrip(":") if not match.group().endswith("::") else match.group()
            )
        except ValueError:
            continue
        if any(address in net for net in _PERSONAL_V6) and address not in _DOCUMENTATION_V6:
            end = match.end() - (match.group().endswith(":") and not match.group().endswith("::"))
            yield Found(match.start(), end, "ipv6", "a routable, local or link-local address", named=True)


def _is_somebodys(value: str) -> bool:
    """Not loopback, unspecified, a net mask, multicast, reserved, or kept for examples."""
    address = ipaddress.IPv4Address(value)
    nobody = address.is_loopback or address.is_multicast or address.is_reserved or value.startswith("0.")
    return not nobody and not any(address in net for net in _DOCUMENTATION_V4)


# ---- secrets in addresses

_URL = re.compile(
    r"[a-z][a-z0-9+.\-]{1,12}://(?:[^\s<>\"'，。；、！？（）【】《》\u4e00-\u9fff]|[\u4e00-\u9fff]{1,20}(?=[/?#&=.])){4,2000}",
    re.IGNORECASE,
)
"""Han characters are part of an address only where it visibly goes on behind them."""
_LOGIN = re.compile(r"://([^/\s:@?#]{1,64}:[^/\s@?#]{3,128})@")
_PARAMETER = re.compile(r"[?&#;]([A-Za-z_\-.]{2,40})=([^&#\s;]{4,2000})")
_PASSWORDS = frozenset(
    ["password", "passwd", "pwd", "pass", "passphrase", "secret", "client_secret", "clientsecret", "pin"]
)
_TOKENS = frozenset(
    [
        "token",
        "access_token",
        "accesstoken",
        "auth_token",
        "authtoken",
        "id_token",
        "refresh_token",
        "api_key",
        "apikey",
        "api-key",
        "key",
        "auth",
        "authorization",
        "sig",
        "signature",
        "hmac",
        "session",
        "sessionid",
        "session_id",
        "sid",
        "jsessionid",
        "phpsessid",
        "jwt",
        "credential",
        "x-amz-signature",
        "x-amz-credential",
        "x-goog-signature",
        "app_key",
        "appkey",
        "app_secret",
        "appsecret",
        "secret_key",
        "secretkey",
        "private_key",
        "invite_token",
        "reset_token",
        "otp",
        "ticket",
        "sas",
        "sharedkey",
        "subscription-key",
        "access_key",
        "accesskey",
    ]
)
_PLACEHOLDER = re.compile(
    r"(?i)^(?:secret-\d{10}|your|my|xxx|\*{3}|<|\{|%7b|\$|\[|example|test|none|null|true|false|redacted)"
)


def _secrets(text: str) -> Iterator[Found]:
    for url in _URL.finditer(text):
        login = _LOGIN.search(text, url.start(), url.end())
        if login and not _PLACEHOLDER.match(login.group(1)):
            yield Found(*login.span(1), "url_login", "user and password before the host", named=True)
        for match in _PARAMETER.finditer(text, url.start(), url.end()):
            name, value = match.group(1).lower(), match.group(2).rstrip(").,!?")
            if _PLACEHOLDER.match(value) or not (name in _PASSWORDS or (name in _TOKENS and _looks_random(value))):
                continue
            start = match.start(2)
            yield Found(start, start + len(value), "url_parameter", f"value of `{name}`", named=True)


def _looks_random(value: str) -> bool:
    return len(value) >= 12 and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


IP_ADDRESS = Detector(
    find=_addresses,
    needs=("digits", "colons"),
    source="RFC 791, RFC 4291; not what RFC 5737, 3849 and 6890 reserve",
    withstands="version and section numbers, Chrome/114.0.0.0, times, MAC addresses, C++ names, 127.0.0.1, net masks",
)
URL_SECRET = Detector(
    find=_secrets,
    needs=("url",),
    source="RFC 3986 user information; names of parameters in use for keys, tokens and passwords",
    withstands="utm_ parameters, ids, page numbers, sort_key=name, YOUR_API_KEY, {token}",
)
