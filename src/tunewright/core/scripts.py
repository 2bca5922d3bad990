"""What texts are written in: the script of a letter, and simplified or traditional Chinese.

The table of Chinese below holds pairs of which each character belongs to one of the two standards only, so that one of them
suffices to tell. It was put together from the variant relations that the Unicode Character Database states
(`kSimplifiedVariant`, `kTraditionalVariant` in Unihan), the commonest of them, and without characters that are in use in
both standards (后, 里, 面, 干, 台, 只, 才, 于, 几, 云...), which would call simplified what is traditional. It tells the two
apart, and turns what it holds into the other; it is no converter of everything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from functools import lru_cache
from typing import Literal

_PAIRS = """
们們 这這 国國 会會 来來 时時 说說 对對 发發 经經 过過 还還 没沒 为為 学學 动動 现現 开開 关關 无無 从從 进進
问問 间間 长長 见見 产產 点點 实實 业業 东東 车車 话話 电電 让讓 两兩 样樣 种種 应應 给給 头頭 书書 买買 卖賣
价價 质質 题題 机機 气氣 风風 网網 爱愛 欢歡 听聽 觉覺 认認 识識 虽雖 热熱 难難 虑慮 总總 结結 联聯 级級 纸紙
线線 细細 组組 终終 绍紹 绝絕 统統 继繼 续續 维維 编編 红紅 约約 纪紀 纯純 络絡 练練 讲講 许許 论論 设設 访訪
证證 评評 词詞 译譯 试試 该該 详詳 语語 误誤 请請 读讀 课課 谁誰 调調 谈談 谢謝 谱譜 记記 议議 计計 订訂 讨討
训訓 讯訊 诉訴 铁鐵 钱錢 银銀 错錯 镇鎮 镜鏡 针針 钟鐘 钢鋼 链鏈 锁鎖 键鍵 铃鈴 铺鋪 门門 闭閉 闹鬧 闻聞 阅閱
队隊 阳陽 阴陰 阵陣 际際 陆陸 险險 随隨 隐隱 页頁 项項 顺順 须須 预預 领領 频頻 颗顆 颜顏 额額 飞飛 饭飯 饮飲
馆館 饿餓 饼餅 马馬 驾駕 验驗 骑騎 骗騙 鱼魚 鸟鳥 鸡雞 龙龍 齐齊 齿齒 龄齡 贝貝 负負 财財 责責 败敗 货貨 贵貴
费費 资資 赛賽 赞贊 赢贏 购購 贴貼 贸貿 赏賞 赔賠 轮輪 软軟 转轉 轻輕 较較 输輸 辆輛 边邊 达達 迁遷 运運 连連
远遠 违違 适適 选選 递遞 遗遺 邮郵 邻鄰 郑鄭 酱醬 释釋 鉴鑒 万萬 与與 严嚴 个個 丰豐 临臨 举舉 义義 乐樂 习習
乡鄉 争爭 亏虧 亚亞 亲親 仅僅 仓倉 仪儀 众眾 优優 伤傷 伟偉 传傳 体體 侧側 侨僑 俭儉 债債 倾傾 偿償 储儲 儿兒
养養 兽獸 冈岡 册冊 写寫 军軍 农農 决決 况況 冻凍 净淨 减減 凤鳳 凭憑 刘劉 则則 刚剛 创創 剂劑 剧劇 劝勸 办辦
务務 劳勞 势勢 区區 医醫 华華 协協 单單 卢盧 卫衛 厂廠 厅廳 历歷 厉厲 压壓 县縣 参參 双雙 变變 叶葉 号號 叹嘆
吗嗎 员員 响響 团團 园園 围圍 图圖 圆圓 圣聖 场場 坏壞 块塊 坚堅 坛壇 垒壘 处處 备備 复復 够夠 夹夾 夺奪 奋奮
奖獎 妇婦 妈媽 娱娛 孙孫 宁寧 宝寶 宽寬 宾賓 寻尋 导導 寿壽 将將 尔爾 尘塵 尝嘗 层層 届屆 属屬 岁歲 岛島 币幣
师師 帅帥 帐帳 带帶 帮幫 庆慶 库庫 废廢 张張 弹彈 归歸 当當 录錄 忆憶 忧憂 怀懷 态態 恋戀 恶惡 惊驚 惯慣 戏戲
战戰 扑撲 执執 扩擴 扫掃 扬揚 护護 报報 担擔 拟擬 拥擁 择擇 挂掛 挤擠 损損 换換 据據 摆擺 摇搖 摄攝 数數 断斷
旧舊 显顯 晓曉 暂暫 术術 权權 条條 极極 构構 枪槍 标標 树樹 档檔 桥橋 检檢 楼樓 横橫 欧歐 残殘 汉漢 汤湯 泽澤
洁潔 浅淺 测測 济濟 浓濃 涛濤 润潤 涨漲 渐漸 湾灣 湿濕 满滿 滚滾 滞滯 灭滅 灯燈 灵靈 灾災 炉爐 烂爛 烦煩 烧燒
环環 独獨 狱獄 猎獵 猫貓 献獻 玛瑪 疗療 疯瘋 盖蓋 监監 盘盤 础礎 确確 离離 积積 称稱 稳穩 穷窮 窃竊 竞競 笔筆
简簡 类類 粮糧 紧緊 罗羅 罚罰 职職 肤膚 肿腫 胜勝 胶膠 脑腦 脚腳 脸臉 舰艦 艺藝 节節 苏蘇 药藥 获獲 营營 萧蕭
蓝藍 虚虛 虫蟲 补補 装裝 观觀 规規 视視 览覽 触觸 迟遲
"""
_SIMPLIFIED, _TRADITIONAL = (
    re.compile("[" + "".join(sorted({pair[side] for pair in _PAIRS.split()})) + "]") for side in (0, 1)
)
_TO_TRADITIONAL = {ord(pair[0]): pair[1] for pair in _PAIRS.split()}
_TO_SIMPLIFIED = {ord(pair[1]): pair[0] for pair in _PAIRS.split()}
_KANA_OR_HANGUL = re.compile("[\u3040-\u30ff\uac00-\ud7af]")

Variant = Literal["simplified", "traditional", "both"]


def chinese_variant(text: str) -> Variant | None:
    """Which characters a text is written in; None where none of them tells, or where it is Japanese or Korean.

    Japanese shares simplified forms with China (国, 学, 会), so a text with kana is not called Chinese.
    """
    simplified, traditional = _SIMPLIFIED.search(text), _TRADITIONAL.search(text)
    if not (simplified or traditional) or _KANA_OR_HANGUL.search(text):
        return None
    return "both" if simplified and traditional else "simplified" if simplified else "traditional"


def other_variant(text: str) -> str | None:
    """The text in the other standard, as far as the table goes; None where it tells of neither, or of both."""
    table = {"simplified": _TO_TRADITIONAL, "traditional": _TO_SIMPLIFIED}.get(chinese_variant(text) or "")
    return None if table is None else text.translate(table)


def declared_variant(language: str) -> Variant | None:
    """Which Chinese characters the code of a language asks for: `zh-TW`, `zho_Hant`, `zh-Hans-SG`; None where it is silent."""
    parts = language.lower().replace("_", "-").split("-")
    if {"hant", "tw", "hk", "mo"} & set(parts):
        return "traditional"
    return "simplified" if {"hans", "cn", "sg"} & set(parts) else None


_RANGES = (
    (0x370, 0x3FF, "greek"), (0x400, 0x52F, "cyrillic"), (0x590, 0x5FF, "hebrew"), (0x600, 0x77F, "arabic"),
    (0x900, 0x97F, "devanagari"), (0xE00, 0xE7F, "thai"), (0x3040, 0x30FF, "kana"), (0x3400, 0x9FFF, "han"),
    (0xAC00, 0xD7AF, "hangul"), (0x20000, 0x3FFFF, "han"),
)  # fmt: skip


@lru_cache(maxsize=1 << 16)
def script_of(char: str) -> str | None:
    """The script of a letter (latin, greek, cyrillic, han, kana, hangul, ... or other); None for what is no letter."""
    if not char.isalpha():
        return None
    code = ord(char)
    if code < 0x250 or 0x1E00 <= code <= 0x1EFF:
        return "latin"
    return next((name for first, last, name in _RANGES if first <= code <= last), "other")


def is_foreign(text: str, scripts: Collection[str]) -> bool:
    """Whether hardly any letter is of these scripts. Names and codes in Latin letters are at home everywhere."""
    counts = Counter(script for char in text if (script := script_of(char)))
    letters = counts.total()
    if letters < (4 if set(scripts) == {"latin"} else 12):
        return False
    return sum(counts[script] for script in scripts) <= 0.1 * letters
