"""The metrics of texts that a recipe asks for: those that need no settings, and those of a glossary or a schema."""

from __future__ import annotations

import json
from pathlib import Path

from tunewright.core.errors import DataError
from tunewright.evaluate.config import TextConfig
from tunewright.metrics.text import TEXT_METRICS, TextMetric
from tunewright.metrics.text.json_schema import validator
from tunewright.metrics.text.sacre import bleu_cut
from tunewright.metrics.text.structured import follows_schema
from tunewright.metrics.text.target import off_target, off_variant
from tunewright.metrics.text.terms import term_accuracy


def text_metrics(
    config: TextConfig, *, source_language: str | None = None, target_language: str | None = None
) -> dict[str, TextMetric]:
    """All metrics of texts by name, for `score`, `value_of` and `compare`. The languages are those of the task.

    Raises `DataError` where the glossary or the schema can't be read or used.
    """
    language = config.language or target_language
    metrics = {
        **TEXT_METRICS,
        "bleu": bleu_cut(config.bleu_tokenizer),
        "off_target_rate": off_target(language),
        "off_variant_rate": off_variant(language),
    }
    if config.glossary is not None:
        from tunewright.data.glossary import read_glossary  # brings the readers of tables with it

        metrics["term_accuracy"] = term_accuracy(
            read_glossary(Path(config.glossary), source=source_language, target=language)
        )
    if config.json_schema is not None:
        try:
            schema = json.loads(Path(config.json_schema).read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise DataError(f"{config.json_schema}: can't be read as a JSON schema ({error})") from error
        metrics["schema_rate"] = follows_schema(validator(schema))
    return metrics
