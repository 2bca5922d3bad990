"""切片与错误的说法；键与 `failing_en.py` 相同。"""

# ruff: noqa: E501 (a sentence stands on one line, so that the two files can be laid side by side)

from __future__ import annotations

FAILING: dict[str, str] = {
    "slices.said": "把 {n} {measure}测试{noun}按{attributes}切分，查看了 {tested} 个切片，每个至少 {least} {measure}。",
    "slices.worse": "其中 {worse} 个确实差于其余部分。若没有任何切片更差，误报哪怕一个的机会也只有 5%。",
    "slices.not_worse": "未能证明其中任何一个差于其余部分；看的切片多了，最差的那个总会显得很差。",
    "slices.none_large": "没有一个切片达到 {least} {measure}测试{noun}：切分依据为{attributes}。",
    "slices.caption": "最弱的切片",
    "slices.slice": "切片",
    "slices.others": "其余",
    "slices.note": "圆点：切片，附 95% 区间。圆圈：其余全部数据。p：仅凭偶然，所有切片中最差者达到这种程度的机会（把错误在各行间重新分配，Westfall–Young 法）。",
    "slices.shown": "确实更差",
    "slices.not_shown": "未能证明",
    "slices.typical": "代表词：{words}",
    "slices.of_column": "{column}：{value}",
    "slices.of.length": "{value} 个字符",
    "slices.of.language": "语言：{value}",
    "slices.of.script": "文字：{value}",
    "slices.of.source": "文件：{value}",
    "slices.of.unseen": "{value}",
    "slices.of.cluster": "相似文本，第 {value} 组",
    "slices.by.length": "长度",
    "slices.by.language": "语言",
    "slices.by.script": "文字",
    "slices.by.source": "文件",
    "slices.by.unseen": "训练中未见的词",
    "slices.by.cluster": "预训练模型认为相似的文本",
    "slices.value.unseen.none": "没有生词",
    "slices.value.unseen.some": "生词不超过五分之一",
    "slices.value.unseen.many": "生词超过五分之一",
    "slices.value.script.latin": "拉丁字母",
    "slices.value.script.han": "汉字",
    "slices.value.script.simplified": "简体中文",
    "slices.value.script.traditional": "繁体中文",
    "slices.value.script.both": "简繁并用",
    "slices.value.script.mixed": "两种文字混用",
    "title.slices": "哪里较弱",
}
