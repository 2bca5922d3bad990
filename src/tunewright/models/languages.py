"""The codes by which models of many languages are told what to read and to write: `en_XX`, `zho_Hans`, `__de__`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tunewright.core.errors import ModelError, nearest

_CODE = re.compile(r"(?:__|>>)?([a-z]{2,3}(?:_[A-Za-z]+)*)(?:__|<<)?$")
_THREE_LETTERS = """
af afr am amh ar arb as asm az azj be bel bg bul bn ben bo bod bs bos ca cat cs ces cy cym da dan de deu el ell en eng eo epo
es spa et est eu eus fa pes fi fin fo fao fr fra ga gle gd gla gl glg gu guj ha hau he heb hi hin hr hrv ht hat hu hun hy hye
id ind ig ibo is isl it ita ja jpn jv jav ka kat kk kaz km khm kn kan ko kor ku kmr ky kir la lat lb ltz ln lin lo lao lt lit
lv lvs mg plt mi mri mk mkd ml mal mn khk mr mar ms zsm mt mlt my mya nb nob ne npi nl nld nn nno no nob oc oci or ory pa pan
pl pol ps pbt pt por qu quy ro ron ru rus rw kin sd snd si sin sk slk sl slv sm smo sn sna so som sq als sr srp st sot su sun
sv swe sw swh ta tam te tel tg tgk th tha ti tir tk tuk tl tgl tn tsn tr tur ts tso tt tat ug uig uk ukr ur urd uz uzn vi vie
wo wol xh xho yi ydd yo yor zh zho zh cmn zu zul
"""
_TWO_LETTERS = dict(zip(_THREE_LETTERS.split()[1::2], _THREE_LETTERS.split()[::2], strict=True))
_TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})
_SIMPLIFIED = frozenset({"hans", "cn", "sg"})


def codes_of(hf: Any) -> dict[str, int]:
    """Code of a language to the token that stands for it; empty for tokenizers that aren't told languages."""
    if writes_language_first(hf):
        tokens = getattr(hf, "lang_token_to_id", None) or hf.get_added_vocab()
    else:
        tokens = {token: hf.encoder[token] for token in getattr(hf, "supported_language_codes", ())}
    found = {token: _CODE.fullmatch(token) for token in tokens}
    return {match.group(1): tokens[token] for token, match in found.items() if match}


def writes_language_first(hf: Any) -> bool:
    """Whether answers begin with a token of their language (mBART, NLLB, M2M100), so that it has to be known.

    Multilingual Marian is told at the beginning of what it reads, and may be told by the text itself: `>>deu<< Good morning`.
    """
    return hasattr(hf, "set_tgt_lang_special_tokens")


def set_languages(hf: Any, source: str | None, target: str | None) -> tuple[str, ...]:
    """Tell a tokenizer of many languages which two it is for; the codes it knows, none for other tokenizers.

    Raises ModelError where it doesn't know a language.
    """
    codes = codes_of(hf)
    names = ("src_lang", "tgt_lang") if writes_language_first(hf) else (None, "target_lang")
    for asked, attribute in zip((source, target), names, strict=True):
        if codes and asked is not None and attribute is not None:
            code = find_code(asked, codes)
            setattr(hf, attribute, code)
            hf.init_kwargs[attribute] = code  # what a tokenizer saves of itself
    return tuple(codes)


def find_code(asked: str, codes: Mapping[str, int]) -> str:
    """The model's code for a language that was asked for: its own spelling, or `en`, `zh-TW`, `deu`.

    Plain `zh` is Chinese in simplified characters, as the Unicode locale data has it. Raises ModelError where the model
    doesn't know the language, or knows several that it could be.
    """
    wanted = asked.strip().lower().replace("-", "_")
    exact = [code for code in codes if code.lower() == wanted]
    alike = exact or [code for code in codes if _base(code) == _base(wanted)]
    if len(alike) > 1 and _base(wanted) == "zh":
        alike = [code for code in alike if _script(code) == (_script(wanted) or "hans")] or alike
    if len(alike) == 1:
        return alike[0]
    if alike:
        raise ModelError(
            f"the language `{asked}` could be {', '.join(f'`{code}`' for code in alike)} for this model. Say which."
        )
    some = ", ".join(f"`{code}`" for code in list(codes)[:8])
    raise ModelError(
        f"the model doesn't know the language `{asked}`.{nearest(wanted, codes)} It knows {len(codes)}, such as {some}."
    )


def _base(code: str) -> str:
    first = code.lower().split("_")[0]
    return _TWO_LETTERS.get(first, first)


def _script(code: str) -> str | None:
    parts = set(code.lower().split("_")[1:])
    return "hant" if parts & _TRADITIONAL else "hans" if parts & _SIMPLIFIED else None
