"""How large pages are and how fast a browser opens them; pictures of them in light and dark, at phone and desk width.

    python bench/pages.py --predictions 100000             # the report of a made-up run with so many test predictions
    python bench/pages.py --page runs/NAME/report.html --pictures FOLDER

Needs chromium, and speaks to it through a pipe (DevTools protocol): no driver, no network, no script in the page.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
WIDTHS = (1280, 390)


class Browser:
    """A headless chromium with one tab."""

    def __init__(self, profile: str) -> None:
        to_child, ours_out = os.pipe()
        ours_in, from_child = os.pipe()
        path = next(path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name)))
        # Chromium reads commands from descriptor 3 and answers on 4.
        command = (
            f'exec "{path}" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking '
            f"--hide-scrollbars --user-data-dir={profile} --remote-debugging-pipe about:blank 3<&{to_child} 4>&{from_child}"
        )
        self._process = subprocess.Popen(
            ["bash", "-c", command], pass_fds=(to_child, from_child), stderr=subprocess.DEVNULL
        )
        os.close(to_child)
        os.close(from_child)
        self._out, self._in, self._rest, self._number = ours_out, ours_in, b"", 0
        self._session: str | None = None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.send("Page.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def wait_for(self, event: str) -> None:
        """Until the browser says so."""
        while self._read().get("method") != event:
            pass

    def close(self) -> None:
        """End the browser."""
        self._process.terminate()
        self._process.wait()

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._in, 1 << 20)
            if not more:
                raise RuntimeError("chromium has ended")
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        value: dict[str, Any] = json.loads(message)
        return value


def opened(browser: Browser, page: Path, *, times: int) -> dict[str, float]:
    """Medians: seconds to the load event and to a picture of the first screen; and how large the page is."""
    seconds, painted = [], []
    for _ in range(times):
        browser.send("Page.navigate", url="about:blank")
        browser.wait_for("Page.loadEventFired")
        start = time.perf_counter()
        browser.send("Page.navigate", url=page.resolve().as_uri())
        browser.wait_for("Page.loadEventFired")
        seconds.append(time.perf_counter() - start)
        browser.send("Page.captureScreenshot")
        painted.append(time.perf_counter() - start)
    return {
        "load_seconds": statistics.median(seconds), "first_screen_seconds": statistics.median(painted),
        "kilobytes": page.stat().st_size / 1000,
    }  # fmt: skip


def pictures(browser: Browser, page: Path, folder: Path) -> list[Path]:
    """The whole page in light and dark, at each width."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            browser.send(
                "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
            )
            browser.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            browser.send("Page.navigate", url=page.resolve().as_uri())
            browser.wait_for("Page.loadEventFired")
            size = browser.send("Page.getLayoutMetrics")["cssContentSize"]
            if size["width"] > width:
                print(f"{page.name} at {width}: {size['width']:.0f} wide, so it scrolls sideways", file=sys.stderr)
            clip = {"x": 0, "y": 0, "width": width, "height": size["height"], "scale": 1}
            shot = browser.send("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
            path = folder / f"{page.stem}.{width}.{scheme}.png"
            path.write_bytes(base64.b64decode(shot))
            made.append(path)
    return made


def made_up(folder: Path, predictions: int) -> Path:
    """The report of a run that was never run, with so many test predictions and a hundred mistakes."""
    sys.path.insert(0, str(ROOT))
    from tests.unit.report.synthetic_run import build_run
    from tunewright.core.folder import read_json, write_json
    from tunewright.report import render

    run = build_run(folder / "run", rows=predictions)
    evidence = read_json(run.evidence)
    write_json(run.evidence, evidence | {"errors": (evidence["errors"] * 8)[:100]})
    start = time.perf_counter()
    page = render(run, language="en", private=False)
    print(f"drawn in {time.perf_counter() - start:.2f} s from {predictions:,} predictions")
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--predictions", type=int, default=100_000)
    parser.add_argument("--page", type=Path, nargs="+", default=[])
    parser.add_argument("--pictures", type=Path, metavar="FOLDER")
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        pages = options.page or [made_up(Path(name), options.predictions)]
        browser = Browser(f"{name}/profile")
        try:
            for page in pages:
                print(
                    page.name,
                    json.dumps({k: round(v, 3) for k, v in opened(browser, page, times=options.times).items()}),
                )
                if options.pictures:
                    print(*pictures(browser, page, options.pictures), sep="\n")
        finally:
            browser.close()


if __name__ == "__main__":
    main()
