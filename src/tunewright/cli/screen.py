"""The only file that prints. Results on stdout; progress, decisions and errors on stderr.

Everything shown during a run is a view of its events. On a terminal there is a live bar; elsewhere plain lines.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, Literal

from markupsafe import Markup
from rich.console import Console
from rich.markup import escape as escape_markup
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from tunewright.cli.token_lines import coloured, marked
from tunewright.cli.words import WORDS
from tunewright.core.events import Event
from tunewright.core.text import printable
from tunewright.report import blocks
from tunewright.report.findings import say
from tunewright.report.slices import slice_blocks
from tunewright.report.view import View
from tunewright.report.words import Language, Words

PLAIN_LINE_SECONDS = 10.0
"""Without a terminal, one progress line at most this often."""
PLAIN_WIDTH = 200
"""Without a terminal, tables may be this wide: rich's own 80 columns would cut intervals and names of models off."""


def escape(text: str) -> str:
    """Text that may come from a file, as letters: no markup of ours in it, and nothing that a terminal would obey."""
    return escape_markup(printable(text))


def show_error(message: str, *, as_json: bool = False) -> None:
    """An error in words, on stderr; with `--json` also as the one object on stdout."""
    Console(stderr=True, soft_wrap=True, emoji=False).print(f"[bold red]error:[/] {escape(message)}", highlight=False)
    if as_json:
        print(json.dumps({"error": message}, ensure_ascii=False))


class Screen:
    """Shows one verb's progress and result."""

    def __init__(self, *, as_json: bool = False, language: Language = "en", private: bool = False) -> None:
        self._as_json = as_json
        self._words = WORDS[language]
        self.sentences = Words(language)
        self._private = private
        self._err = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)
        self._out = Console(soft_wrap=True, highlight=False, emoji=False)
        if not self._out.is_terminal and "COLUMNS" not in os.environ:
            self._out.width = PLAIN_WIDTH
        self._bar: Progress | None = None
        self._task: Any = None
        self._last_line = 0.0
        self._began = time.monotonic()

    def begin(self) -> None:
        """Say at once that something is happening: the libraries behind the first stage take seconds to load."""
        self._err.print(f"[dim]{self._words['loading']}[/]")

    def listen(self, event: Event) -> None:
        """Show an event."""
        handler = getattr(self, f"_on_{event['kind']}", None)
        if handler:
            handler(event)

    def finish(self, run: Any) -> None:
        """The end of a run: the headline scores and where the report is."""
        self._close_bar()
        evidence, scores = run.evidence, run.scores
        if self._as_json:
            self._print_json(
                {
                    "folder": str(run.folder.path), "report": str(run.report), "recommended": evidence["recommended"],
                    "weights_digest": run.weights_digest, "scores": [s for s in scores if s["slice"] is None],
                    "comparisons": evidence["comparisons"], "next_step": evidence["next_step"],
                }
            )  # fmt: skip
            return
        metrics = dict.fromkeys(
            (evidence["headline_metric"], evidence["primary_metric"], "macro_f1", "mcc", "spearman", "span_macro_f1")
        )
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column(self._words["system"], no_wrap=True)
        shown = [
            m for m in metrics if any(s["metric"] == m and s["split"] == "test" and s["slice"] is None for s in scores)
        ]
        for metric in shown:
            table.add_column(metric, justify="right", overflow="fold")
        for system in dict.fromkeys(s["system"] for s in scores if s["split"] in ("test", "cv")):
            cells = [_score_cell(scores, system, metric) for metric in shown]
            table.add_row(self._words.get(f"system.{system}", system), *cells)
        self._out.print(table)
        colon, recommended = self._words["colon"], evidence["recommended"]
        rule = evidence.get("recommendation") or {}
        if rule.get("reason") != "not_shown":
            name = self._words.get(f"system.{recommended}", recommended)
            self._out.print(f"{self._words['recommended']}{colon}{name}")
        if why := self.sentences.why_recommended(rule):
            self._out.print(f"[dim]{escape(why.striptags())}[/]")
        self._out.print(f"{self._words['report']}{colon}{run.report}")

    def result(self, value: dict[str, Any], text: str) -> None:
        """One object or one line."""
        self._close_bar()
        if self._as_json:
            self._print_json(value)
        else:
            self._out.print(escape(text))

    def view(self, value: dict[str, Any], view: View) -> None:
        """A result with its tables; what only a page can show is left to the page."""
        self._close_bar()
        if self._as_json:
            self._print_json(value)
            return
        verdict = view.verdict
        self._out.print(f"[bold]{escape(_plain(verdict.headline))}[/]")
        for sentence in (*verdict.sentences, *verdict.warnings):
            self._out.print(escape(_plain(sentence)))
        for fact in verdict.facts:
            self._out.print(f"[bold]{escape(_plain(fact.title))}[/]{self._words['colon']}{escape(_plain(fact.text))}")
        for section in (section for section in view.sections if not section.page_only):
            self._out.print(f"\n[bold]{escape(_plain(section.title))}[/]")
            self._blocks(section.blocks)
        if verdict.basis:
            self._out.print(f"\n[dim]{escape(_plain(verdict.basis))}[/]")

    def _blocks(self, shown: Iterable[blocks.Block]) -> None:
        for block in shown:
            if isinstance(block, blocks.Table):
                self._table(block)
                self._out.print()
            elif isinstance(block, blocks.Paragraph):
                self._out.print(escape(_plain(block.text)))
            elif isinstance(block, blocks.Tokens):
                self._tokens(block)

    def _table(self, block: blocks.Table) -> None:
        if block.show_caption:
            self._out.print(f"[cyan]{escape(_plain(block.caption))}[/]")
        table = Table(box=None, pad_edge=False, header_style="bold")
        # Strips are drawings.
        shown = [place for place, column in enumerate(block.columns) if column.kind != "strip"]
        for column in (block.columns[place] for place in shown):
            justify: Literal["right", "left"] = "right" if column.kind == "number" else "left"
            table.add_column(escape(_plain(column.title)), justify=justify, overflow="fold")
        for row in block.rows:
            table.add_row(*(_cell(row[place]) for place in shown))
        self._out.print(table)

    def _tokens(self, block: blocks.Tokens) -> None:
        has_colours = self._out.color_system is not None and not self._out.no_color
        self._out.print(f"[cyan]{escape(_plain(block.caption))}[/]")
        self._out.print(coloured(block) if has_colours else Text(marked(block)))
        self._out.print()

    def in_words(self, key: str, **values: Any) -> str:
        """A sentence of `words.py` in the language of this screen."""
        return self._words[key].format(**values)

    def ask(self, question: str) -> bool:
        """Whether a person at the terminal types `yes`."""
        self._err.print(escape(question), end="")
        return input().strip().lower() in ("yes", "是")

    def say(self, key: str, **values: Any) -> None:
        """A remark beside the result."""
        self._err.print(escape(self.in_words(key, **values)))

    def audit(self, found: Any) -> None:
        """What an audit found."""
        value = found.to_json(private=self._private)
        if self._as_json:
            self._print_json(value)
            return
        from tunewright.cli.audit_text import audit_lines

        out = Console(highlight=False, width=self._out.width)
        for line in audit_lines(value, language=self.sentences.language, private=self._private, width=out.width):
            out.print(line)

    def remark(self, text: str) -> None:
        """A sentence that is beside the result, as it came."""
        self._err.print(escape(text))

    def read_line(self, prompt: str) -> str | None:
        """The next line that a person types, or of stdin (UTF-8) where there is no terminal; None at the end.

        Ctrl-C at the prompt gives up the line and not the program.
        """
        if not sys.stdin.isatty():
            if isinstance(sys.stdin, io.TextIOWrapper) and sys.stdin.encoding.lower() != "utf-8":
                sys.stdin.reconfigure(encoding="utf-8", errors="replace")
            line = sys.stdin.readline()
            return line.rstrip("\r\n") if line else None
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  # editing and history; with it `input` knows how wide a Chinese character is
        while True:
            try:
                return input("" if self._as_json else prompt)
            except EOFError:
                print()
                return None
            except KeyboardInterrupt:
                print()
                self.say("chat.leave")

    def piece(self, text: str) -> None:
        """A part of an answer that is still being written."""
        if not self._as_json:
            print(printable(text), end="", flush=True)

    def end_of_answer(self, value: dict[str, Any] | None) -> None:
        """The end of what came in pieces; with `--json` the whole in one line, unless it was broken off."""
        if not self._as_json:
            print(flush=True)
        elif value is not None:
            print(json.dumps(value, ensure_ascii=False), flush=True)

    def text(self, text: str) -> None:
        """Verbatim."""
        print(text)

    def answer(self, answer: Any) -> None:
        """The answer to one text."""
        if self._as_json:
            self._print_json(asdict(answer))
            return
        if hasattr(answer, "spans"):
            for span in answer.spans:
                place = f"[dim]{span.start}-{span.end}[/]  {span.confidence:.3f}"
                self._out.print(f"[bold]{escape(span.label)}[/]  {escape(span.text)}  {place}", soft_wrap=True)
            if not answer.spans:
                self._out.print(self._words["no_spans"])
            return
        if hasattr(answer, "text"):
            self._out.print(escape(answer.text), soft_wrap=True)
            return
        label = ", ".join(answer.label) if isinstance(answer.label, list) else str(answer.label)
        if answer.abstained:
            self._out.print(self._words["unsure"])
        self._out.print(
            f"[bold]{escape(label)}[/]"
            + ("" if answer.confidence is None else f"  {answer.confidence:.3f}")
            + ("" if answer.low is None else f"  ({answer.low:.4g} – {answer.high:.4g})")
        )
        for name, score in sorted((answer.scores or {}).items(), key=lambda item: -item[1])[:5]:
            self._out.print(f"  {score:.3f}  {escape(name)}")
        if answer.possible and len(answer.possible) > 1:
            self._out.print(f"{self._words['possible']}{self._words['colon']}{escape(', '.join(answer.possible))}")

    def evaluation(self, found: Any) -> None:
        """What became of the rows of a file, and all scores of a model on them."""
        if self._as_json:
            self._print_json(asdict(found))
            return
        for line in self._account_of(found):
            self._say(escape(line))
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("metric", "slice", "value", "interval", "n"):
            table.add_column(self._words[f"column.{name}"], justify="left" if name in ("metric", "slice") else "right")
        for s in found.scores:
            value = "" if s.value is None else f"{s.value:.4f}"
            interval = "–" if s.low is None else f"{s.low:.4f} – {s.high:.4f}"  # why there is none stands in the JSON
            table.add_row(s.metric, escape(s.slice or ""), value, interval, str(s.n))
        self._out.print(table)
        if found.slices is not None:
            self._out.print()
            self._blocks(slice_blocks(asdict(found.slices), self.sentences, units=self.sentences.units("texts")))

    def _account_of(self, found: Any) -> Iterator[str]:
        """Which rows the scores rest on, and what a reader of the scores should know of them."""
        words = self._words
        yield words["evaluated.rows"].format(**vars(found))
        if found.merged:
            shown = ", ".join(f"'{one.written}' → '{one.meant}' ({one.rows})" for one in found.merged)
            yield words["evaluated.merged"].format(count=sum(one.rows for one in found.merged), shown=shown)
        for one in found.unknown:
            line = words["evaluated.unknown"].format(label=one.label, rows=one.rows)
            yield line + (words["evaluated.nearest"].format(nearest=one.nearest) if one.nearest else "")
        if found.seen and (found.seen["train"] or found.seen["validation"]):
            yield words["evaluated.seen"].format(**found.seen)
        if found.stored:
            yield words["evaluated.stored"].format(**vars(found.stored))
        if found.times_scored:
            yield words["evaluated.ledger"].format(times=found.times_scored)

    def findings(self, findings: Sequence[Any]) -> None:
        """What `doctor` found."""
        if self._as_json:
            self._print_json({"findings": [asdict(f) for f in findings]})
            return
        colours = {"ok": "green", "info": "cyan", "warning": "yellow", "error": "red"}
        for finding in findings:
            self._out.print(f"[{colours[finding.severity]}]{finding.severity:>7}[/]  {escape(finding.message)}")
            if finding.fix:
                self._out.print(f"         [dim]{escape(finding.fix)}[/]")

    def models(self, readers: Sequence[Any], writers: Sequence[Any]) -> None:
        """The catalog: models that read, for labels and numbers, and models that write."""
        if self._as_json:
            self._print_json({"models": [asdict(e) for e in readers], "writers": [asdict(e) for e in writers]})
            return
        for kind, entries in (("reads texts", readers), ("writes texts", writers)):
            table = Table(box=None, pad_edge=False, header_style="bold")
            for name in (kind, "parameters", "languages", "licence"):
                table.add_column(name, overflow="fold")
            for e in entries:
                table.add_row(e.hub_id, f"{e.parameters / 1e6:.0f} M", ", ".join(e.languages), e.license)
            self._out.print(table)

    # ---- events of a run

    def _on_run_started(self, event: Event) -> None:
        """The recipe decides the language: `train` has no option for it."""
        self._words, self.sentences = WORDS[event["language"]], Words(event["language"])
        self._private = event["private"]

    def _on_decided(self, event: Event) -> None:
        said = self.sentences
        how = f"  [dim]({escape(said.pick(event['overrule']))})[/]" if event["overrule"] else ""
        name, value = str(said.name("decision", event["what"])), said.decided(event["value"])
        why = f" — {escape(said.pick(event['why']))}" if event["why"] else ""
        self._say(f"[bold]{escape(name)}[/]{self._words['colon']}{escape(value)}{why}{how}")

    def _on_stage_started(self, event: Event) -> None:
        self._close_bar()
        name = self._words.get(f"stage.{event['stage']}", str(event["stage"]))
        self._err.print(f"[cyan]{escape(name)}[/]  [dim]{time.monotonic() - self._began:.0f} s[/]")

    def _on_finding(self, event: Event) -> None:
        colour = "red" if event["severity"] == "error" else "yellow"
        severity = self._words.get(f"severity.{event['severity']}", event["severity"])
        message = Markup(say(event, self.sentences, private=self._private).message)
        self._say(f"[{colour}]{severity}[/]  {escape(message.striptags())}")

    def _on_notice(self, event: Event) -> None:
        text = self._words.get(f"notice.{event['code']}")
        if text:
            self._say(escape(text.format(**{k: self.sentences.pick(v) for k, v in event.items()})))

    def _on_asking(self, event: Event) -> None:
        self._say(self._words["asking"].format(texts=event["texts"], what=self.sentences.name("axis", event["what"])))

    def _on_smoke_tried(self, event: Event) -> None:
        self._say(escape(self._words["smoke_diverged" if event["diverged"] else "smoke_tried"].format(**event)))

    def _on_smoke(self, event: Event) -> None:
        colour, key = ("green", "smoke_passed") if event["passed"] else ("red", "smoke_failed")
        if event["reproduced"] is not None:
            self._say(escape(self._words["smoke_reproduced"].format(**event)))
        self._say(f"[{colour}]{escape(self._words[key].format(**event))}[/]")

    def _on_forecast(self, event: Event) -> None:
        duration = self.sentences.duration
        text = self._words["forecast"].format(
            seconds=duration(event["seconds"]), low=duration(event["seconds_low"]), high=duration(event["seconds_high"]),
            gigabytes=event["peak_memory_gigabytes"], steps=event["num_steps"],
        )  # fmt: skip
        self._say(text)

    def _on_step(self, event: Event) -> None:
        rate = event["examples"] / max(event["seconds"], 1e-9)
        line = self._words["step"].format(loss=event["loss"], rate=rate)
        if self._err.is_terminal:
            if self._bar is None:
                self._bar = Progress(
                    TextColumn("  {task.description}"),
                    BarColumn(),
                    MofNCompleteColumn(),
                    TimeRemainingColumn(),
                    console=self._err,
                )
                self._task = self._bar.add_task(line, total=event["num_steps"])
                self._bar.start()
            self._bar.update(self._task, completed=event["step"] + 1, description=line)
        elif time.monotonic() - self._last_line >= PLAIN_LINE_SECONDS:
            self._last_line = time.monotonic()
            self._say(self._words["step_of"].format(step=event["step"] + 1, steps=event["num_steps"]) + line)

    def _on_evaluated(self, event: Event) -> None:
        best = "  *" if event["best"] else ""
        shown = event.get("generated") or {}
        figures = "  ".join(f"{name} {value:.2f}" for name, value in shown.items() if value is not None)
        more = self._words["generated"].format(rows=event["generated_rows"], figures=figures) if figures else ""
        self._say(self._words["evaluated"].format(**event) + more + best)

    def _on_fold_finished(self, event: Event) -> None:
        self._say(self._words["fold"].format(fold=event["fold"] + 1, folds=event["folds"]))

    def _on_candidate_read(self, event: Event) -> None:
        self._say(escape(self._words["candidate_read"].format(**event)))

    def _on_tried(self, event: Event) -> None:
        line = self._words["tried"].format(**event | {"seconds": self.sentences.duration(event["seconds"])})
        self._say(escape(line))

    def _on_point_measured(self, event: Event) -> None:
        line = self._words["point"].format(**event | {"seconds": self.sentences.duration(event["seconds"])})
        self._say(escape(line))

    def _on_trial_ended(self, event: Event) -> None:
        shown = {name: "–" if event[name] is None else f"{event[name]:.4f}" for name in ("value", "best")}
        values = ", ".join(
            f"{key} = {f'{value:.3g}' if isinstance(value, float) else value}" for key, value in event["values"].items()
        )
        self._say(escape(self._words[f"trial.{event['state']}"].format(**event | shown | {"values": values})))

    def _on_stopped_early(self, event: Event) -> None:
        self._close_bar()
        self._say(self._words["stopped_early"])

    def _on_resumed(self, event: Event) -> None:
        self._say(self._words["resumed"].format(step=event["step"]))

    def _on_checkpoint_damaged(self, event: Event) -> None:
        self._say("[yellow]" + escape(self._words["damaged"].format(problem=event["problem"])) + "[/]")

    def _say(self, markup: str) -> None:
        """A line of the stage in hand, set in; where a terminal is narrower than it, the rest stands further in."""
        text = Text.from_markup(markup, emoji=False)
        lines = text.wrap(self._err, max(20, self._err.width - 6)) if self._err.is_terminal else [text]
        for number, line in enumerate(lines):
            self._err.print(Text("      " if number else "  ") + line)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _print_json(self, value: Any) -> None:
        print(json.dumps(value, ensure_ascii=False, indent=2))


def _plain(text: str) -> str:
    """What stands between the tags of a sentence; a string that is none as it is."""
    return text.striptags() if isinstance(text, Markup) else text


def _cell(value: str | blocks.Cell) -> str:
    if isinstance(value, str):
        return escape(_plain(value))
    text = f"[bold]{escape(_plain(value.text))}[/]" if value.tone == "model" else escape(_plain(value.text))
    return f"{text}  [dim]{escape(_plain(value.note))}[/]" if value.note else text


def _score_cell(scores: Sequence[dict[str, Any]], system: str, metric: str) -> str:
    for s in scores:
        if (s["system"], s["metric"], s["slice"]) == (system, metric, None) and s["split"] in ("test", "cv"):
            if s["value"] is None:
                return "–"
            interval = "" if s["low"] is None else f" ({s['low']:.3f}–{s['high']:.3f})"
            return f"{s['value']:.3f}{interval}"
    return "–"
