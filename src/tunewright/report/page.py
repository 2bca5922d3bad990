"""Put the page together: read the run, say the verdict, draw the sections, escape everything, allow nothing to run."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Sequence
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from tunewright.core.folder import RunFolder
from tunewright.report.blocks import Section
from tunewright.report.context import Context
from tunewright.report.numbers import Language
from tunewright.report.run import Run, read_run
from tunewright.report.sections import build_sections
from tunewright.report.sections.verdict import Verdict, verdict
from tunewright.report.words import Words

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_HTML_LANGUAGE = {"en": "en", "zh": "zh-Hans"}


def render(folder: RunFolder, *, language: Language, private: bool) -> str:
    """The report as one HTML document that needs no network and no script.

    Reads only files of the run folder; what is missing is said in its place. With `private`, no text of the data and no
    sentence that could quote one is in the page.
    """
    run = read_run(folder)
    context = Context(run=run, words=Words(language), private=private)
    file = context.file
    words = context.words
    return draw(
        words=words,
        title=words("page.title", file=file) if file else words("page.title_bare"),
        file=file,
        made=_made(run, language),
        private=private,
        verdict=_verdict(context),
        sections=build_sections(context),
        footer=words("page.footer", folder=folder.path.resolve().name),
    )


def draw(
    *, words: Words, title: str | Markup, file: str, made: str, private: bool, verdict: Verdict,
    sections: Sequence[Section], footer: str | Markup,
) -> str:  # fmt: skip
    """A page of a first screen and sections: everything escaped, nothing loaded, nothing run."""
    style = _asset("report.css")
    page = _environment().get_template("report.html").render(
        words=words,
        html_language=_HTML_LANGUAGE[words.language],
        policy=content_security_policy(style),
        # The style sheet is ours and holds no `</style`; it must stand unescaped for its digest to hold.
        style=Markup(style),
        title=title,
        file=file,
        made=made,
        private=private,
        verdict=verdict,
        joiner=" " if words.language == "en" else "",
        sections=sections,
        footer=footer,
    )  # fmt: skip
    # Neither HTML nor UTF-8 has a place for these; a text may hold them all the same.
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", page)


def content_security_policy(style: str) -> str:
    """Nothing may load, run or be sent; the one style sheet is allowed by its digest."""
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _verdict(context: Context) -> Verdict:
    try:
        return verdict(context)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
        words = context.words
        detail = type(error).__name__
        said = words("missing.shape", folder=context.run.folder.path.name, detail=detail)
        return Verdict(headline=words("verdict.none"), sentences=(said,))


def _made(run: Run, language: Language) -> str:
    """The day the last event was written; nothing without events, so that the same folder gives the same page."""
    if not run.events:
        return ""
    day = time.gmtime(float(run.events[-1].get("time") or 0))
    if language == "zh":
        return f"{day.tm_year} 年 {day.tm_mon} 月 {day.tm_mday} 日"
    return f"{day.tm_mday} {_MONTHS[day.tm_mon - 1]} {day.tm_year}"


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _environment() -> jinja2.Environment:
    def load(name: str) -> str:
        return resources.files("tunewright.report").joinpath("templates", name).read_text(encoding="utf-8")

    return jinja2.Environment(
        loader=jinja2.FunctionLoader(load), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )


def _asset(name: str) -> Any:
    return resources.files("tunewright.report").joinpath("assets", name).read_text(encoding="utf-8")
