"""`tunewright data convert`: a file from any shape into any other that can hold it. Says what would be lost, then writes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tunewright.core.errors import DataError
from tunewright.core.folder import write_text
from tunewright.data.shapes.convert import HARD, Plan, carry_out, plan_conversion
from tunewright.data.shapes.features import FEATURES


def convert_file(
    path: Path, output: Path, *, to: str | None = None, shape: str | None = None, dataset: str | None = None,
    languages: tuple[str, str] | None = None, lossy: bool = False, dry_run: bool = False,
) -> Plan:  # fmt: skip
    """Convert one file, and return the account. Rows that could not be had are listed in `OUTPUT.refused.jsonl`.

    Raises: DataError where the shape is not known, where no row could be written, or where both files are one.
    """
    if output.exists() and path.exists() and output.samefile(path):
        raise DataError(f"{output}: this is the input itself; name another file to write to.")
    plan = plan_conversion(path, output, to=to, shape=shape, dataset=dataset, languages=languages, lossy=lossy)
    if not dry_run:
        carry_out(plan, languages=languages)
        if plan.refused:
            rows = "".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in plan.refused)
            write_text(refused_path(output), rows)
    return plan


def refused_path(output: Path) -> Path:
    """Where the rows that could not be written are listed."""
    return output.with_name(f"{output.name}.refused.jsonl")


def account(plan: Plan, *, dry_run: bool) -> dict[str, Any]:
    """The conversion as one object for `--json`."""
    return {
        "from": plan.found.shape.name, "to": plan.shape.name, "input": str(plan.found.path), "output": str(plan.output),
        "dry_run": dry_run, "lossy": plan.lossy, "read": plan.read, "written": plan.written, "refused": len(plan.refused),
        "reasons": dict(Counter(one.reason_code for one in plan.refused)),
        "losses": {name: {"rows": count, "what": FEATURES[name]} for name, count in plan.losses.items()},
        "notes": plan.notes,
    }  # fmt: skip


def in_words(plan: Plan, *, dry_run: bool) -> str:
    """The conversion for people."""
    does = "would write" if dry_run else "wrote"
    lines = [*plan.notes, f"{does} {plan.written:,} of {plan.read:,} rows as {plan.shape.title} to {plan.output}"]
    for name, count in sorted(plan.losses.items(), key=lambda item: -item[1]):
        fate = "lost in" if plan.lossy and name not in HARD else "no place in"
        lines.append(f"  {count:,} rows: {fate} {plan.shape.title}: {FEATURES[name]}")
    for (code, detail), count in Counter((one.reason_code, one.detail) for one in plan.refused).most_common(5):
        if code not in ("would_lose", "can_not_hold"):
            first = next(one for one in plan.refused if (one.reason_code, one.detail) == (code, detail))
            lines.append(f"  {count:,} rows refused ({code}), the first at line {first.line}: {detail}")
    if plan.refused and not dry_run:
        lines.append(f"  all refused rows, with line and reason: {refused_path(plan.output)}")
    if set(plan.losses) - HARD and not plan.lossy:
        lines.append("  --lossy writes them without it.")
    return "\n".join(lines)
