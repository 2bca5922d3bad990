"""How a file of chats, prompts or parallel text is read, where that is not to be found out."""

from __future__ import annotations

from tunewright.core.config import Config


class ShapeConfig(Config):
    """What the rows are, for tasks whose answers are texts or tags."""

    name: str | None = None
    """A shape: openai, sharegpt, alpaca, completion, pairs, translation, parallel, tmx, xliff... None: found by content."""
    dataset: str | None = None
    """The entry of a `dataset_info.json` of LLaMA-Factory."""
    source_language: str | None = None
    """Of parallel text: the language that is translated. None: the first one of the file."""
    target_language: str | None = None
    """Of parallel text: the language that is translated into. None: the second one of the file."""

    @property
    def languages(self) -> tuple[str, str] | None:
        """Both languages, if both are given."""
        given = self.source_language, self.target_language
        return (given[0], given[1]) if given[0] is not None and given[1] is not None else None
