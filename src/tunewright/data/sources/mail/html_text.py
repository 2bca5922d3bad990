"""The text of an HTML mail as a person reads it: paragraphs as lines, no scripts, no styles, no tags."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BREAKS = frozenset({
    "p", "div", "br", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "hr", "section",
    "article", "pre",
})  # fmt: skip
_SILENT = frozenset({"script", "style", "head", "title", "template"})
_SPACE = re.compile(r"[ \t\r\n\f\u00a0]+")
_MANY_LINES = re.compile(r"\n{3,}")


def text_of_html(html: str) -> str:
    """The text, whatever is wrong with the HTML. What a reply quotes (`blockquote`) has `> ` in front of its lines."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = "".join(parser.parts).split("\n")
    return _MANY_LINES.sub("\n\n", "\n".join(line.strip() for line in lines)).strip()


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0
        self._quoted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Start a line where the browser would; remember what is not shown."""
        if tag in _SILENT:
            self._silent += 1
        if tag == "blockquote":
            self._quoted += 1
        if tag in _BREAKS:
            self._break()

    def handle_endtag(self, tag: str) -> None:
        """End a line where the browser would."""
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        if tag == "blockquote":
            self._quoted = max(0, self._quoted - 1)
        if tag in _BREAKS and tag != "br":
            self._break()

    def handle_data(self, data: str) -> None:
        """Text, unless it is a script's or a style's."""
        if not self._silent:
            self.parts.append(_SPACE.sub(" ", data))

    def _break(self) -> None:
        self.parts.append("\n" + "> " * min(self._quoted, 5))
