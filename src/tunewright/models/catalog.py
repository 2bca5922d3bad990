"""Two short tables of pretrained models, those that read and those that write, by language, size and licence. Imports nothing
heavy.

Kept short on purpose: each line is a model that is widely used, whose licence allows what it says, and whose size was
counted from its config. What is found on this machine or given by name does not have to stand here.
"""

from __future__ import annotations

from dataclasses import dataclass

CHECKED = "2026-11"
"""When the table was last gone through."""

MULTILINGUAL = "multilingual"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One model."""

    hub_id: str
    parameters: int
    """Of the encoder, without a head."""
    languages: tuple[str, ...]
    """Codes, or `multilingual`: about a hundred, English, Chinese and the European ones among them."""
    license: str
    """As its card states it."""
    context: int
    """Tokens it reads at once."""
    safetensors: bool
    """False: published as .bin, or not known; such a one goes through `tunewright models convert`."""
    note: str
    """What it is good for."""

    @property
    def noncommercial(self) -> bool:
        """Whether the licence forbids commercial use."""
        return is_noncommercial(self.license)


CATALOG: tuple[Entry, ...] = (
    Entry(
        hub_id="sentence-transformers/all-MiniLM-L6-v2", parameters=22_700_000, languages=("en",), license="apache-2.0",
        context=512, safetensors=True, note="the starter: small and quick, good with short texts",
    ),
    Entry(
        hub_id="BAAI/bge-small-en-v1.5", parameters=33_400_000, languages=("en",), license="mit",
        context=512, safetensors=True, note="small, twelve narrow layers",
    ),
    Entry(
        hub_id="distilbert/distilbert-base-uncased", parameters=66_400_000, languages=("en",), license="apache-2.0",
        context=512, safetensors=True, note="half of BERT, most of its scores",
    ),
    Entry(
        hub_id="google-bert/bert-base-uncased", parameters=109_500_000, languages=("en",), license="apache-2.0",
        context=512, safetensors=True, note="the one that everything is compared with",
    ),
    Entry(
        hub_id="FacebookAI/roberta-base", parameters=124_600_000, languages=("en",), license="mit",
        context=512, safetensors=True, note="strong on sentiment and tweets",
    ),
    Entry(
        hub_id="answerdotai/ModernBERT-base", parameters=149_000_000, languages=("en",), license="apache-2.0",
        context=8192, safetensors=True, note="long texts; wants a GPU",
    ),
    Entry(
        hub_id="BAAI/bge-small-zh-v1.5", parameters=24_000_000, languages=("zh",), license="mit",
        context=512, safetensors=True, note="small and quick, simplified Chinese",
    ),
    Entry(
        hub_id="google-bert/bert-base-chinese", parameters=102_300_000, languages=("zh",), license="apache-2.0",
        context=512, safetensors=True, note="simplified and traditional Chinese",
    ),
    Entry(
        hub_id="hfl/chinese-macbert-base", parameters=102_300_000, languages=("zh",), license="apache-2.0",
        context=512, safetensors=False, note="stronger than BERT on Chinese classification",
    ),
    Entry(
        hub_id="hfl/chinese-roberta-wwm-ext", parameters=102_300_000, languages=("zh",), license="apache-2.0",
        context=512, safetensors=False, note="whole-word masking, more text than BERT",
    ),
    Entry(
        hub_id="intfloat/multilingual-e5-small", parameters=117_700_000, languages=(MULTILINGUAL,), license="mit",
        context=512, safetensors=True, note="small for about a hundred languages",
    ),
    Entry(
        hub_id="distilbert/distilbert-base-multilingual-cased", parameters=134_700_000, languages=(MULTILINGUAL,),
        license="apache-2.0", context=512, safetensors=True, note="half of multilingual BERT",
    ),
    Entry(
        hub_id="FacebookAI/xlm-roberta-base", parameters=278_000_000, languages=(MULTILINGUAL,), license="mit",
        context=512, safetensors=True, note="strong across languages; most of it is vocabulary",
    ),
)  # fmt: skip
"""Every model, small before large within a language."""


def suggest(
    language: str | None = None, *, max_parameters: int | None = None, allow_noncommercial: bool = False
) -> list[Entry]:
    """Models for a language, best choice for a laptop first: made for it before multilingual, ready to load, small.

    `None` is the whole table. A language that no model is made for gets the multilingual ones.
    """
    fitting = [
        entry
        for entry in CATALOG
        if (language is None or _code(language) in entry.languages or MULTILINGUAL in entry.languages)
        and (max_parameters is None or entry.parameters <= max_parameters)
        and (allow_noncommercial or not entry.noncommercial)
    ]
    if language is None:
        return fitting
    return sorted(fitting, key=lambda e: (MULTILINGUAL in e.languages, not e.safetensors, e.parameters))


@dataclass(frozen=True, kw_only=True)
class Writer:
    """One model that writes: a decoder, or an encoder-decoder."""

    hub_id: str
    parameters: int
    tasks: tuple[str, ...]
    """Which of our tasks it is a good start for."""
    languages: tuple[str, ...]
    license: str
    note: str


WRITERS: tuple[Writer, ...] = (
    Writer(hub_id="HuggingFaceTB/SmolLM2-135M-Instruct", parameters=134_500_000, tasks=("chat", "complete", "continue"),
           languages=("en",), license="apache-2.0", note="a small decoder for English"),
    Writer(hub_id="Qwen/Qwen3-0.6B", parameters=596_000_000, tasks=("chat", "complete", "continue", "transduce"),
           languages=("en", "zh", MULTILINGUAL), license="apache-2.0", note="a decoder for English, Chinese and others"),
    Writer(hub_id="Qwen/Qwen3-1.7B", parameters=1_720_000_000, tasks=("chat", "complete", "continue", "transduce"),
           languages=("en", "zh", MULTILINGUAL), license="apache-2.0", note="the same, larger; wants a GPU or LoRA"),
    Writer(hub_id="google/flan-t5-small", parameters=77_000_000, tasks=("transduce",), languages=("en",),
           license="apache-2.0", note="a small encoder-decoder for English"),
    Writer(hub_id="google/mt5-small", parameters=300_000_000, tasks=("transduce", "translate"), languages=(MULTILINGUAL,),
           license="apache-2.0", note="an encoder-decoder for a hundred languages, most of it vocabulary"),
    Writer(hub_id="Helsinki-NLP/opus-mt-en-zh", parameters=77_900_000, tasks=("translate",), languages=("en", "zh"),
           license="apache-2.0", note="Marian, English into Chinese; hundreds of other pairs are beside it"),
    Writer(hub_id="facebook/m2m100_418M", parameters=484_000_000, tasks=("translate",), languages=(MULTILINGUAL,),
           license="mit", note="between any two of a hundred languages"),
)  # fmt: skip
"""Models that write, small before large."""


def suggest_writers(task: str | None = None, language: str | None = None, *, target: str | None = None) -> list[Writer]:
    """Models that write, for a task or for any, in a language and, to translate into, in another, small before large."""
    fitting = [writer for writer in WRITERS if task is None or task in writer.tasks]
    for spoken in (language, target):
        if spoken is not None:
            fitting = [w for w in fitting if _code(spoken) in w.languages or MULTILINGUAL in w.languages]
    return sorted(fitting, key=lambda writer: writer.parameters)


def is_noncommercial(license_name: str | None) -> bool:
    """Whether a licence name says "not for commercial use": cc-by-nc-4.0, "research only" and the like."""
    if license_name is None:
        return False
    words = license_name.lower().replace("_", "-").replace(" ", "-").split("-")
    return bool({"nc", "noncommercial", "research"} & set(words)) or "non-commercial" in license_name.lower()


def _code(language: str) -> str:
    """`zh-CN`, `zh_Hant` -> `zh`."""
    return language.lower().replace("_", "-").split("-")[0]
