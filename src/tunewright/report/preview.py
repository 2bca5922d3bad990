"""A preview as it is shown: some rows token by token, what is learned of them, which rows are left out, and how long they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from markupsafe import Markup

from tunewright.report.blocks import Block, Code, Column, Paragraph, Section, Table, Token, Tokens
from tunewright.report.numbers import count, fixed
from tunewright.report.sections.verdict import Fact, Verdict
from tunewright.report.view import View
from tunewright.report.words import Words

Json = Mapping[str, Any]


def preview_view(preview: Json, words: Words) -> View:
    """The view of what `Preview.to_json` holds."""
    file = PurePath(str(preview["source"]).replace("\\", "/")).name
    shown = _Shown(preview, words)
    sections = [
        Section(anchor="examples", title=words("preview.title_examples"), blocks=tuple(shown.examples())),
        Section(anchor="lengths", title=words("preview.title_lengths"), blocks=(shown.lengths(),)),
    ]
    if preview["untaught"]:
        untaught = Section(anchor="untaught", title=words("preview.title_untaught"), blocks=(shown.untaught(),))
        sections.insert(1, untaught)
    if preview["template"]:
        sections.append(
            Section(
                anchor="template", title=words("preview.title_template"), page_only=True,
                blocks=(Code(text=preview["template"]),),
            )
        )  # fmt: skip
    return View(
        title=words("preview.page_title", file=file, model=preview["model"]), file=file, sections=tuple(sections),
        verdict=Verdict(
            headline=shown.headline(), sentences=tuple(shown.sentences()), facts=tuple(shown.facts()),
            warnings=tuple(shown.warnings()),
            basis=words(
                "preview.basis", looked_at=count(preview["looked_at"]), labelled=count(preview["labelled"])
            ),
        ),
    )  # fmt: skip


class _Shown:
    """One preview in one language."""

    def __init__(self, preview: Json, words: Words) -> None:
        self._preview, self._words = preview, words
        self._writes = preview["kind"] == "text"

    def headline(self) -> Markup:
        """How many of the rows can be taught."""
        taught, looked_at = self._preview["taught"], self._preview["looked_at"]
        key = "preview.none" if not taught else "preview.all" if taught == looked_at else "preview.some"
        return self._words(key, model=self._preview["model"], taught=count(taught), looked_at=count(looked_at))

    def sentences(self) -> Iterator[Markup]:
        """What is learned, and what is not read."""
        words, preview = self._words, self._preview
        if preview["learned_share"] is not None:
            yield words("preview.share", share=fixed(100 * preview["learned_share"], 0))
        elif not self._writes:
            yield words("preview.weights")
        if preview["cut"]:
            yield words("preview.cut", cut=count(preview["cut"]), limit=count(preview["max_length"]))
        elif preview["taught"]:
            yield words("preview.uncut")

    def facts(self) -> Iterator[Fact]:
        """Task, limits and template."""
        words, preview = self._words, self._preview
        task = preview["task"] if self._writes else words.decided(preview["kind"])
        yield Fact(title=words("preview.fact_task"), text=task)
        read, written = preview["max_length"], preview["max_target_length"]
        limit = words("preview.limit", read=count(read))
        if written:
            limit = words("preview.limit_both", read=count(read), written=count(written))
        yield Fact(title=words("preview.fact_limit"), text=limit)
        if self._writes and not written:
            yield Fact(title=words("preview.fact_template"), text=self._template())

    def warnings(self) -> Iterator[Markup]:
        """What would be wrong with a model that learned this."""
        if unfit := sum(not one["prompt_fits"] for one in self._preview["examples"]):
            yield self._words("preview.warn_prompt", rows=count(unfit))
        if self._writes and (endless := sum(not one["ends"] for one in self._preview["examples"])):
            yield self._words("preview.warn_ending", rows=count(endless))

    def examples(self) -> Iterator[Block]:
        """Each row: where it stands, its tokens, its answer, its prompt."""
        yield self._legend()
        for example in self._preview["examples"]:
            yield from self._example(example)

    def lengths(self) -> Table:
        """Tokens that are read and learned of a row."""
        words = self._words
        titles = ("median", "high", "longest")
        columns = (
            Column(title=words("preview.tokens")),
            *(Column(title=words(f"preview.{name}"), kind="number") for name in titles),
        )
        rows = tuple(
            (words(f"preview.{name}"), *(fixed(self._preview[name][title], 0) for title in titles))
            for name in ("read", "learned")
            if self._preview[name]
        )
        return Table(caption=words("preview.lengths"), columns=columns, rows=rows)

    def untaught(self) -> Table:
        """Why rows are left out, how many, and where the first one stands."""
        words = self._words
        columns = (
            Column(title=words("preview.reason")), Column(title=words("preview.stage"), narrow=False),
            Column(title=words("preview.rows"), kind="number"), Column(title=words("preview.first")),
        )  # fmt: skip
        rows = tuple(
            (
                words.name("reason", one["reason_code"]), words.name("stage", one["stage"]), count(one["rows"]),
                self._first(one),
            )
            for one in self._preview["untaught"]
        )  # fmt: skip
        note = words("preview.untaught_note", looked_at=count(self._preview["looked_at"]))
        return Table(caption=words("preview.untaught"), columns=columns, rows=rows, note=note)

    def _first(self, one: Json) -> Markup:
        if one["detail"]:
            return self._words("preview.from", path=one["path"], line=one["line"], detail=one["detail"])
        return Markup("{}:{}").format(one["path"], one["line"])

    def _template(self) -> Markup:
        source = self._preview["template_from"]
        if source is None:
            return self._words("preview.template_none")
        known = self._words.find(f"preview.template_{source}")
        return known or self._words("preview.template_file", file=source)

    def _legend(self) -> Tokens:
        words = self._words
        tokens = [
            Token(text=f" {words('preview.legend_learned')} ", learned=True),
            Token(text=f" {words('preview.legend_read')} "),
            Token(text=f" {words('preview.legend_special')} ", special=True),
        ]
        if self._preview["cut"]:
            tokens.append(Token(text=f" {words('preview.legend_cut')} ", cut=True))
        return Tokens(caption=words("preview.legend"), tokens=tuple(tokens))

    def _example(self, example: Json) -> Iterator[Block]:
        words = self._words
        split = words.name("split", example["split"]) if example["split"] else "–"
        where = words("preview.where", path=example["path"], line=example["line"], split=split)
        yield Paragraph(text=Markup("<b>{}</b>").format(where))
        number = 0
        for part in example["parts"]:
            number += part["name"] == "text"
            caption = self._caption(example, part["name"], number)
            yield Tokens(caption=caption, tokens=tuple(self._tokens(part["tokens"])))
        if example["prompt"] is not None:
            yield Tokens(caption=words("preview.prompt"), tokens=tuple(self._tokens(example["prompt"])))
        elif example["answer"] is not None:
            weight = fixed(example["weight"], 2).rstrip("0").rstrip(".")
            yield Paragraph(text=words("preview.label", answer=example["answer"], weight=weight))
        if not example["weight"]:
            yield Paragraph(text=words("preview.unlabelled"), tone="quiet")

    def _caption(self, example: Json, name: str, number: int) -> Markup:
        words = self._words
        if not self._writes:
            windows = example["num_windows"]
            return words("preview.part_windows", count=windows) if windows > 1 else words("preview.part_row")
        texts = sum(part["name"] == "text" for part in example["parts"])
        if texts > 1:
            return words("preview.part_text_of", number=number, count=texts)
        return words(f"preview.part_{name}")

    def _tokens(self, tokens: Sequence[Json]) -> Iterator[Token]:
        words, usual = self._words, 1.0
        for token in tokens:
            weight, mark = token["weight"], ""
            if weight > 0 and weight != usual:
                usual, mark = weight, f"×{weight:g}"
            key = "preview.token_learned" if weight > 0 else "preview.token"
            title = words(key, id=token["id"], **({"weight": f"{weight:g}"} if weight > 0 else {}))
            yield Token(
                text=_visible(token["text"]), learned=weight > 0, special=token["special"], cut=not token["read"],
                weight=mark, title=title,
            )  # fmt: skip


def _visible(text: str) -> str:
    """The text of a token with something to be seen where there would be nothing."""
    return text.replace("\n", "↵\n").replace("\t", "⇥") or "·"
