from __future__ import annotations

from pathlib import Path

import pytest

from tunewright.core.errors import DataError
from tunewright.data.glossary import read_glossary

TBX = """<?xml version="1.0" encoding="UTF-8"?>
<tbx xmlns="urn:iso:std:iso:30042:ed-2" type="TBX-Basic" xml:lang="en"><text><body>
<conceptEntry id="1">
  <langSec xml:lang="en"><termSec><term>neural network</term></termSec><termSec><term>NN</term></termSec></langSec>
  <langSec xml:lang="zh-CN"><termSec><term>神经网络</term></termSec></langSec>
  {more}
</conceptEntry>
<conceptEntry id="2"><langSec xml:lang="en"><termSec><term>bank</term></termSec></langSec></conceptEntry>
</body></text></tbx>
"""
OLD_TBX = """<?xml version="1.0"?>
<!DOCTYPE martif SYSTEM "TBXcoreStructV02.dtd">
<martif type="TBX"><text><body><termEntry id="a">
<langSet xml:lang="en"><tig><term>river</term></tig></langSet>
<langSet xml:lang="de"><ntig><termGrp><term>Fluss</term></termGrp></ntig><tig><term>Strom</term></tig></langSet>
</termEntry></body></text></martif>
"""


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("header", ["source,target", "en,zh", "原文,译文", "English,中文"])
def test_a_table_of_two_columns_is_read(tmp_path: Path, header: str) -> None:
    text = f"{header}\nneural network,神经网络\nbank,银行|河岸\nbank,银行\nempty,\n"
    wanted = {"neural network": ["神经网络"], "bank": ["银行", "河岸"]}
    assert read_glossary(written(tmp_path / "g.csv", text)) == wanted
    assert read_glossary(written(tmp_path / "g.csv", text), source="en", target="zh-CN") == wanted


def test_languages_choose_among_more_columns(tmp_path: Path) -> None:
    path = written(tmp_path / "g.csv", "id,de,en,zh-TW\n1,Haus,house,房子\n2,Baum,tree,樹\n")
    assert read_glossary(path, source="en", target="de") == {"house": ["Haus"], "tree": ["Baum"]}
    assert read_glossary(path, source="de", target="zh") == {"Haus": ["房子"], "Baum": ["樹"]}
    with pytest.raises(DataError, match="`fr`"):
        read_glossary(path, source="en", target="fr")
    with pytest.raises(DataError, match="`source`"):
        read_glossary(path)


def test_tbx_is_read_in_both_of_its_versions(tmp_path: Path) -> None:
    path = written(tmp_path / "g.tbx", TBX.format(more=""))
    assert read_glossary(path) == {"neural network": ["神经网络"], "NN": ["神经网络"]}
    assert read_glossary(path, source="zh", target="en") == {"神经网络": ["neural network", "NN"]}
    assert read_glossary(written(tmp_path / "old.xml", OLD_TBX)) == {"river": ["Fluss", "Strom"]}
    three = written(
        tmp_path / "3.tbx", TBX.format(more='<langSec xml:lang="de"><termSec><term>Netz</term></termSec></langSec>')
    )
    assert read_glossary(three, source="en", target="de") == {"neural network": ["Netz"], "NN": ["Netz"]}
    with pytest.raises(DataError, match="Say which"):
        read_glossary(three)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("g.csv", "source,target\nbank,\n", "no term"),
        ("g.tbx", "<tbx><text>", "not XML"),
        ("g.tbx", '<!DOCTYPE x [<!ENTITY a "b">]><tbx>&a;</tbx>', "entities"),
    ],
)
def test_a_file_without_terms_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_glossary(written(tmp_path / name, text))
