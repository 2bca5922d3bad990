"""Names that columns go by, in the languages people keep tables in. A hint is never proof: content decides, too."""

from __future__ import annotations

import re
import unicodedata

_LAYOUT = re.compile(r"[\s_\-./:]+")
_CAMEL = re.compile(r"([a-z])([A-Z])")


def _names(*lines: str) -> list[str]:
    return " ".join(lines).split()


TEXT = _names(
    "text texts sentence body content message review comment utterance tweet document post feedback description query",
    "文本 内容 正文 评论 评论内容 评价内容 用户评论 文本内容 句子 文章 消息 留言",
    "反馈 描述 原文 文本內容 內容 評論 留言內容 句 訊息",
    "nachricht kommentar inhalt satz beschreibung rezension bewertungstext anfrage freitext",
    "texte commentaire contenu phrase avis texto mensaje comentario contenido reseña frase testo commento recensione",
    "mensagem comentário conteúdo текст сообщение комментарий отзыв",
    "テキスト 本文 コメント レビュー 텍스트 내용 댓글 리뷰",
    "question input prompt email ticket reviewtext reviewbody messagetext 问题 新闻标题 评价",
    "title headline subject 标题 標題 betreff response answer",
)
"""From the surest to the least sure."""

LABEL = _names(
    "label labels class classes category categories target sentiment intent emotion polarity topic queue",
    "标签 类别 分类 类目 情感 情感倾向 情感标签 意图 主题 情绪 部门 標籤 類別 分類 情感標籤 極性",
    "kategorie klasse etikett stimmung thema abteilung étiquette catégorie classe sujet etiqueta categoría categoria",
    "clase sentimiento sentimento etichetta rótulo метка класс категория тональность",
    "ラベル カテゴリ 感情 라벨 레이블 분류 감정 카테고리",
    "rating stars score 评分 星级 打分 评级 得分 bewertung note punktzahl оценка 評価",
    "tag tags gold y department output labelname classname labeltext 倾向 结果",
)
"""From the surest to the least sure."""

LABEL_NAME = _names(
    "labelname labeltext labelstr labeldesc classname categoryname intentname",
    "标签名 标签名称 类别名 类别名称",
)
"""Columns that spell out what a number in the label column means."""

GROUP = _names(
    "group groupid user userid username customer customerid client clientid author authorid patient patientid",
    "conversation conversationid thread threadid session sessionid dialogid dialogueid account accountid",
    "用户 用户id 用户名 客户 客户id 客户编号 作者 会话 会话id 患者 对话id",
    "kunde kundennummer kundenid autor nutzer benutzer cliente usuario",
)
WEIGHT = _names("weight weights sampleweight exampleweight 权重 样本权重 gewicht gewichtung poids peso")
SPLIT = _names(
    "split set partition subset dataset fold usage splitname 划分 数据集 集合 数据划分 teilmenge aufteilung",
)
IGNORED = _names(
    "id ids idx index rowid row uuid guid nr no num number unnamed0 unnamed1 date datetime time timestamp created",
    "createdat updated updatedat url link email phone fold language lang locale country city source origin confidence",
    "file filename messageid references inreplyto from to sender recipient cc attachments",
    "序号 编号 日期 时间 时间戳 链接 语言 来源 datum zeit uhrzeit nummer sprache quelle land fecha",
)
"""Columns that are neither text nor answer, whatever they hold."""

PAIRS = (
    ("premise", "hypothesis"),
    ("question1", "question2"),
    ("sentence1", "sentence2"),
    ("text1", "text2"),
    ("texta", "textb"),
    ("query", "passage"),
    ("query", "document"),
    ("question", "context"),
    ("question", "passage"),
    ("句子1", "句子2"),
    ("文本1", "文本2"),
    ("前提", "假设"),
    ("prämisse", "hypothese"),
    ("satz1", "satz2"),
)
"""Names of the first and the second text of a pair."""

SPLIT_VALUES = {
    "train": "train", "training": "train", "trn": "train", "训练": "train", "训练集": "train", "訓練": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "development": "validation", "验证": "validation", "验证集": "validation", "开发集": "validation",
    "test": "test", "testing": "test", "tst": "test", "测试": "test", "测试集": "test", "測試": "test",
}  # fmt: skip
"""What the cells of a split column, or the names of files, may say."""

_KNOWN = frozenset([*TEXT, *LABEL, *LABEL_NAME, *GROUP, *WEIGHT, *SPLIT, *IGNORED, *sum(PAIRS, ())])


def plain(name: str) -> str:
    """A column name without case, spaces and punctuation: what the lists above are written in."""
    return _LAYOUT.sub("", unicodedata.normalize("NFKC", name).casefold())


def rank(name: str, names: list[str]) -> int | None:
    """The place of a name in a list of hints; one that only contains a hint comes after all; None for neither."""
    bare = plain(name)
    if bare in names:
        return names.index(bare)
    words = set(_LAYOUT.split(unicodedata.normalize("NFKC", _CAMEL.sub(r"\1_\2", name)).casefold()))
    inside = [i for i, hint in enumerate(names) if hint in words or (not hint.isascii() and hint in bare)]
    return len(names) + inside[0] if inside else None


def is_known(name: str) -> bool:
    """Whether a cell reads like the name of a column."""
    bare = plain(name)
    return bare in _KNOWN or bare.rstrip("0123456789") in _KNOWN
