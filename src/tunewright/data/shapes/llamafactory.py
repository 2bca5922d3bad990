"""LLaMA-Factory's `dataset_info.json`: names of data sets, with the file, the shape and the columns of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunewright.core.errors import DataError, nearest
from tunewright.data.shapes.preference import is_ranking, preference_error

NAME = "dataset_info.json"
_PLACES = ("file_name", "hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name")
_ALPACA = {"prompt": "instruction", "query": "input", "response": "output", "history": "history", "system": "system"}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One data set of the file."""

    path: Path
    shape: str
    settings: dict[str, Any]
    reasons: list[str]


def find_entry(path: Path, dataset: str | None) -> Entry | None:
    """The data set that is meant, if `path` is such a file or a folder with one; None if it is neither.

    Raises: DataError where it must be said which one, where it is not beside the file, and for preference data.
    """
    if path.is_dir() and (path / NAME).is_file():
        path = path / NAME
    entries = _entries(path)
    if entries is None:
        return None
    if dataset is None and len(entries) == 1:
        dataset = next(iter(entries))
    if dataset is None:
        raise DataError(
            f"{path}: this file describes {len(entries)} data sets. Say which one: --dataset {_few(entries)}."
        )
    if dataset not in entries:
        raise DataError(
            f"{path}: there is no data set `{dataset}`.{nearest(dataset, entries)} There are: {_few(entries)}."
        )
    return _entry(path, dataset, entries[dataset])


def _few(entries: Mapping[str, Any]) -> str:
    return ", ".join(list(entries)[:20]) + (", ..." if len(entries) > 20 else "")


def _entries(path: Path) -> dict[str, dict[str, Any]] | None:
    if path.suffix.lower() != ".json" or not path.is_file() or path.stat().st_size > 1 << 22:
        return None
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    described = isinstance(value, dict) and bool(value) and all(isinstance(part, dict) for part in value.values())
    if not described or not all(any(place in part for place in _PLACES) for part in value.values()):
        return None
    return value  # type: ignore[no-any-return]


def _entry(path: Path, name: str, entry: dict[str, Any]) -> Entry:
    where = f"{path}: data set `{name}`"
    if is_ranking(entry):
        kind = "KTO: each answer is marked as wanted or unwanted" if "kto_tag" in (entry.get("columns") or {}) else (
            "DPO and its relatives: two answers to one question, one better than the other"
        )  # fmt: skip
        raise preference_error(where, "`ranking` or the columns of preferences", f"preference data for {kind}")
    file_name = entry.get("file_name")
    if not isinstance(file_name, str):
        hub = next((str(entry[place]) for place in _PLACES if place in entry), "elsewhere")
        raise DataError(f"{where} is not in a file but at {hub}. Fetch it first and name its file under `file_name`.")
    file = path.parent / file_name
    if Path(file_name).is_absolute() or ".." in Path(file_name).parts:
        raise DataError(f"{where}: `file_name` is {file_name!r}; it must be beside {path.name} or below its folder.")
    if not file.is_file():
        raise DataError(f"{where}: its file {file} is not there.")
    shape, settings = _shape(where, entry)
    reasons = [f"{NAME}: data set `{name}` is {file_name}, {shape}"]
    if entry.get("num_samples") is not None:
        reasons.append(f"`num_samples` ({entry['num_samples']}) is not obeyed: all rows are read")
    return Entry(path=file, shape=shape, settings=settings, reasons=reasons)


def _shape(where: str, entry: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    columns, tags = entry.get("columns") or {}, entry.get("tags") or {}
    formatting = entry.get("formatting", "alpaca")
    if not isinstance(columns, dict) or not isinstance(tags, dict):
        raise DataError(f"{where}: `columns` and `tags` are objects that give names.")
    seen = sorted({"images", "videos", "audios"} & set(columns))
    if seen:
        raise DataError(f"{where} has {', '.join(seen)}; only text can be read.")
    if formatting in ("sharegpt", "openai"):
        key = columns.get("messages", "messages" if formatting == "openai" else "conversations")
        shape = "openai" if tags.get("role_tag") == "role" or (formatting == "openai" and not tags) else "sharegpt"
        if shape == "openai" and tags.get("content_tag", "content") != "content":
            shape = "sharegpt"
        return shape, {"messages": key, "tags": tags}
    if formatting != "alpaca":
        raise DataError(f"{where}: `formatting` is {formatting!r}; accepted are alpaca, sharegpt and openai.")
    if columns and "response" not in columns and set(columns) <= {"prompt"}:
        return "text", {"text": columns["prompt"]}
    return "alpaca", {ours: columns.get(theirs, ours) for theirs, ours in _ALPACA.items()}
