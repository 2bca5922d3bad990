"""Tagging in records: tokens with tags, or a text with spans (spaCy, doccano, Label Studio and their like)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tunewright.data.shapes.bio import Scheme, find_scheme, spans_of_tags, tags_of_spans
from tunewright.data.shapes.cells import as_list, is_text, list_of, rest, share, text_of
from tunewright.data.shapes.spacing import cut_tokens, join_tokens, joined_offsets, offsets
from tunewright.data.shapes.types import Guess, Sample, Span, Tagged, Unreadable

_WORDS = ("tokens", "words")
_TAGS = ("tags", "ner_tags", "labels", "bio_tags", "pos_tags")
_TEXTS = ("text", "data", "sentence", "content", "文本")
_SPANS = ("spans", "entities", "label", "labels", "annotations", "ents", "result", "实体")
_STARTS, _ENDS = (
    ("start", "start_offset", "start_char", "begin", "start_idx"),
    ("end", "end_offset", "end_char", "end_idx"),
)
_LABELS = ("label", "labels", "type", "entity", "entity_type", "entity_label", "tag")


def detect_tokens(sample: Sample) -> Guess | None:
    """A list of tokens and a list of tags, as long as each other."""
    for words in _WORDS:
        for tags in _TAGS:
            if share(sample, words, as_list) < 0.5 or share(sample, tags, as_list) < 0.5:
                continue
            scheme = find_scheme(tag for r in sample.records for tag in as_list(r.get(tags)) or [])
            why = f"`{words}` and `{tags}`, {scheme.title}"
            return Guess(confidence=0.95, why=why, settings={"tokens": words, "tags": tags, "scheme": scheme.name})
    return None


def read_tokens(record: dict[str, Any], settings: Mapping[str, Any]) -> Tagged:
    """One tagged row; the text is the record's own if the tokens stand in it, else the tokens joined."""
    words_key, tags_key = settings.get("tokens", "tokens"), settings.get("tags", "tags")
    words, tags = list_of(record, words_key), list_of(record, tags_key)
    if not all(isinstance(word, str) for word in words):
        raise Unreadable("not_text", f"`{words_key}` is a list of texts")
    if not all(isinstance(tag, str) for tag in tags):
        raise Unreadable("numbered_tags", f"`{tags_key}` holds numbers; write the names of the tags in their place")
    given = record.get("text")
    places = offsets(words, given) if isinstance(given, str) else None
    used = (words_key, tags_key) if places is None else (words_key, tags_key, "text")
    return tagged(words, tags, scheme=settings.get("scheme", "BIO"), text=given if places is not None else None,
                  columns=rest(record, used))  # fmt: skip


def tagged(
    words: Sequence[str], tags: Sequence[str], *, scheme: Scheme, text: str | None = None, columns: dict[str, Any]
) -> Tagged:
    """A row of words with their tags. Raises Unreadable where they are not as many."""
    if len(words) != len(tags):
        raise Unreadable("lengths_differ", f"{len(words)} tokens but {len(tags)} tags")
    places = (offsets(words, text) if text is not None else None) or joined_offsets(words)
    text = join_tokens(words) if text is None else text
    spans = tuple(
        Span(start=places[first][0], end=places[last][1], label=label)
        for first, last, label in spans_of_tags(tags, scheme)
    )
    return Tagged(text=text, tokens=tuple(places), spans=spans, columns=columns)


def bio_of(row: Tagged) -> list[str]:
    """BIO tags of a row whose spans do not overlap and begin and end with tokens."""
    starts = {start: place for place, (start, _) in enumerate(row.tokens)}
    ends = {end: place for place, (_, end) in enumerate(row.tokens)}
    found = [(starts[s.start], ends[s.end], s.label) for s in row.spans if s.start in starts and s.end in ends]
    return tags_of_spans(found, len(row.tokens))


def write_tokens(row: Tagged) -> dict[str, Any]:
    """The record: tokens, BIO tags, and the text where it is more than the tokens joined."""
    record: dict[str, Any] = {"tokens": row.words, "tags": bio_of(row)}
    if join_tokens(row.words) != row.text:
        record["text"] = row.text
    return record | row.columns


def detect_spans(sample: Sample) -> Guess | None:
    """A text and a list of spans with start, end and label; as objects or as lists of three."""
    for text in _TEXTS:
        if share(sample, text, lambda value: is_text(value) or isinstance(value, dict)) < 0.5:
            continue
        inside = share(sample, text, lambda value: isinstance(value, dict) and is_text(value.get("text"))) >= 0.5
        for key in _SPANS:
            lists = [_list_of_spans(record.get(key)) for record in sample.records]
            filled = [part for part in lists if part]
            if not filled or sum(part is not None for part in lists) < 0.5 * len(lists):
                continue
            if all(_is_span(span) for part in filled for span in part):
                settings = {"text": text, "spans": key} | ({"inside": True} if inside else {})
                return Guess(confidence=0.93, why=f"`{text}` with spans in `{key}`", settings=settings)
    return None


def _list_of_spans(value: Any) -> list[Any] | None:
    """The spans of one cell; Label Studio has them inside `[{"result": [...]}]`."""
    spans = as_list(value)
    if spans and isinstance(spans[0], dict) and isinstance(spans[0].get("result"), list):
        return [span for part in spans if isinstance(part, dict) for span in part.get("result") or []]
    return spans


def _is_span(value: Any) -> bool:
    try:
        _span(value)
    except Unreadable:
        return False
    return True


def _span(value: Any) -> Span:
    if isinstance(value, list) and len(value) == 3:
        start, end, label, more = value[0], value[1], value[2], {}
    elif isinstance(value, dict):
        flat = {**value, **value["value"]} if isinstance(value.get("value"), dict) else dict(value)
        keys = [next((k for k in names if flat.get(k) is not None), None) for names in (_STARTS, _ENDS, _LABELS)]
        start, end, label = (None if key is None else flat[key] for key in keys)
        known = {*keys, "value", "text", "from_name", "to_name"}
        more = {key: part for key, part in flat.items() if key not in known and part is not None}
        if isinstance(value.get("value"), dict):
            more = {key: part for key, part in more.items() if key not in ("id", "type", "origin")}
        if isinstance(label, list) and len(label) == 1:
            label = label[0]
    else:
        raise Unreadable("bad_span", "a span is [start, end, label] or an object with these")
    numbers = all(isinstance(n, int) and not isinstance(n, bool) for n in (start, end))
    if not numbers or not isinstance(label, str):
        raise Unreadable(
            "bad_span", f"a span has start, end (whole numbers) and label; found {start!r}, {end!r}, {label!r}"
        )
    return Span(start=start, end=end, label=label, more=more)


def read_spans(record: dict[str, Any], settings: Mapping[str, Any]) -> Tagged:
    """One text with its spans. A span outside the text or without characters spoils the row."""
    text_key, spans_key = settings.get("text", "text"), settings.get("spans", "spans")
    columns = rest(record, (text_key, spans_key, "tokens"))
    cells: Mapping[str, Any] = record
    if settings.get("inside"):
        cells = record[text_key] if isinstance(record.get(text_key), dict) else {}
        columns |= rest(cells, ("text",))
        text_key = "text"
    text = text_of(cells, text_key)
    spans = _list_of_spans(record.get(spans_key))
    if spans is None:
        raise Unreadable("not_a_list", f"`{spans_key}` is no list of spans")
    found = sorted((_span(span) for span in spans), key=lambda span: (span.start, span.end, span.label))
    for span in found:
        if not 0 <= span.start < span.end <= len(text):
            raise Unreadable(
                "span_outside", f"a span from {span.start} to {span.end} in a text of {len(text)} characters"
            )
    return Tagged(text=text, tokens=_given_tokens(record, text, found), spans=tuple(found), columns=columns)


def _given_tokens(record: Mapping[str, Any], text: str, spans: Iterable[Span]) -> tuple[tuple[int, int], ...]:
    given = as_list(record.get("tokens"))
    if given and all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(n, int) for n in pair) for pair in given
    ):
        edges = [edge for pair in given for edge in pair]
        if edges == sorted(edges) and edges[0] >= 0 and edges[-1] <= len(text):
            return tuple((start, end) for start, end in given)
    return tuple(cut_tokens(text, spans))


def write_spans(row: Tagged) -> dict[str, Any]:
    """The record: text, spans, and the tokens as pairs of offsets where they are not the usual ones."""
    spans = [{"start": s.start, "end": s.end, "label": s.label, **s.more} for s in row.spans]
    record: dict[str, Any] = {"text": row.text, "spans": spans}
    if row.tokens != tuple(cut_tokens(row.text, row.spans)):
        record["tokens"] = [list(token) for token in row.tokens]
    return record | row.columns
