"""Preference data (DPO, KTO): recognised, so that it can be refused with a sentence instead of being read wrongly."""

from __future__ import annotations

from typing import Any

from tunewright.core.errors import DataError
from tunewright.data.hints import plain
from tunewright.data.shapes.cells import as_list, names_of, share
from tunewright.data.shapes.types import Sample


class PreferenceDataError(DataError):
    """The file holds preferences, so it is refused whatever else it might be read as."""


_PAIRS = (("chosen", "rejected"), ("preferred", "dispreferred"), ("responsechosen", "responserejected"))
_ANSWERED = ("messages", "conversations", "completion", "response", "output")
_JUDGED = ("label", "kto_tag", "kto_label", "desirable")


def refuse_preferences(sample: Sample) -> None:
    """Raises DataError where the rows hold preferences instead of answers to learn."""
    names = names_of(sample)
    bare = {plain(name): name for name in names}
    for good, bad in _PAIRS:
        if good in bare and bad in bare:
            raise preference_error(
                str(sample.path), f"the columns `{bare[good]}` and `{bare[bad]}`",
                "preference data for DPO and its relatives: two answers to one question, one better than the other",
            )  # fmt: skip
    answered = any(
        share(sample, key, lambda value: as_list(value) or isinstance(value, str)) > 0.5 for key in _ANSWERED
    )
    for key in _JUDGED:
        if answered and share(sample, key, lambda value: isinstance(value, bool)) > 0.5:
            raise preference_error(
                str(sample.path), f"answers and a truth value in `{key}`",
                "preference data for KTO: each answer is marked as wanted or unwanted",
            )  # fmt: skip


def preference_error(where: str, found: str, meaning: str) -> PreferenceDataError:
    """The refusal, with what to do."""
    return PreferenceDataError(
        f"{where}: found {found}. This is {meaning}. Tunewright learns from answers that are right, so such a file is "
        "refused: half of its answers are bad ones. To use the good ones, write them to a file of their own "
        "(prompt and answer) and give that."
    )


def is_ranking(entry: dict[str, Any]) -> bool:
    """Whether an entry of `dataset_info.json` says that it is preference data."""
    columns = entry.get("columns") if isinstance(entry.get("columns"), dict) else {}
    return bool(entry.get("ranking")) or bool({"chosen", "rejected", "kto_tag"} & set(columns or {}))
