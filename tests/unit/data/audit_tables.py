"""Small fields tables for the tests of audit, clean and split: written by hand, or made with planted faults."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from tunewright.data.table import origins, row_ids

WORDS = """
invoice parcel refund window printer orange quickly never battery yellow ticket broken garden friday music
letter coffee branch hotel screen payment garage winter station bottle paper market number signal doctor
planet engine mirror pencil carpet velvet thunder kitchen harvest lantern meadow
""".split()  # noqa: SIM905
HAN = "房间酒店服务早餐位置电池屏幕键盘价格质量书籍内容作者故事前台卫生设施交通方便环境安静隔音空调热水态度"


def table(
    texts: Sequence[str | None],
    labels: Sequence[Any],
    *,
    label_type: pa.DataType | None = None,
    **columns: Sequence[Any],
) -> pa.Table:
    """A fields table; `columns` may hold text_pair, group, split..."""
    cells = [[repr(value) for value in row] for row in zip(texts, labels, *columns.values(), strict=True)]
    data = {
        "row_id": pa.array(row_ids(cells), pa.string()),
        "origin": origins(["made.csv"] * len(texts), list(range(2, len(texts) + 2))),
        "text": pa.array(texts, pa.string()),
        "label": pa.array(labels, label_type or pa.string()),
    }
    return pa.table(data | {name: pa.array(values, pa.string()) for name, values in columns.items()})


def sentence(chance: random.Random, *, chinese: bool = False, words: int = 14) -> str:
    """A random text of 60-120 characters, unlike any other."""
    if chinese:
        return "".join(chance.choice(HAN) for _ in range(words * 5))
    return " ".join(chance.choice(WORDS) for _ in range(words)) + f" {chance.randrange(10**6)}"


def disguised(text: str, chance: random.Random) -> str:
    """The same text for `fold`: other case, other width of spaces, space around it."""
    text = "".join(char.upper() if chance.random() < 0.3 else char for char in text)
    return f" {text.replace(' ', chance.choice(['  ', ' ', chr(0x3000)]))}\n"


def retouched(text: str, chance: random.Random) -> str:
    """A near duplicate: one character of a long text replaced."""
    place = chance.randrange(len(text))
    return text[:place] + "#" + text[place + 1 :]
