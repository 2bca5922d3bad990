"""What a given tokenizer makes of the texts: how many are cut at which length, and what it can't read."""

from __future__ import annotations

from tunewright.data.audit.records import AuditConfig, Finding, TokenCounts, View, token_summary
from tunewright.data.keys import PAIR_SEPARATOR

_UNKNOWN_SHARE = 0.01
_CUT_SHARE = 0.01


def count_sample(view: View, config: AuditConfig) -> TokenCounts | None:
    """Tokens of a sample of the rows; None without a tokenizer."""
    if view.count_tokens is None:
        return None
    both = [view.text[row].split(PAIR_SEPARATOR) for row in view.sample(config.token_rows)]
    pairs = [parts[1] for parts in both] if both and all(len(parts) == 2 for parts in both) else None
    return view.count_tokens([parts[0] for parts in both], pairs)


def token_findings(tokens: TokenCounts | None, *, rows: int) -> list[Finding]:
    """Texts beyond what the model reads, and tokens that stand for something its vocabulary lacks."""
    if tokens is None or not tokens.lengths:
        return []
    summary = token_summary(tokens)
    where = f"a sample of {summary['rows']:,} texts" if summary["rows"] < rows else f"{summary['rows']:,} texts"
    cut = sum(length > tokens.limit for length in tokens.lengths)
    shares = ", ".join(f"{length}: {share:.1%}" for length, share in summary["share_cut"].items())
    found = []
    if cut:
        found.append(
            Finding(
                code="over_limit", severity="warning" if cut > _CUT_SHARE * len(tokens.lengths) else "info", count=cut,
                row_ids=[],
                message=f"{cut:,} of {where} are longer than the {tokens.limit:,} tokens that {tokens.model} reads "
                f"(cut at max_length {shares}).",
                fix="`encode.long_texts: windows` reads them whole in several windows, `head_tail` their beginning and end.",
                command="tunewright run FILE --set encode.long_texts=windows",
                values={"limit": tokens.limit, "model": tokens.model, "shares": shares, "sample": summary["rows"]},
            )
        )  # fmt: skip
    if tokens.unknown_share > _UNKNOWN_SHARE:
        found.append(
            Finding(
                code="unknown_tokens", severity="error" if tokens.unknown_share > 5 * _UNKNOWN_SHARE else "warning",
                count=round(100 * tokens.unknown_share), row_ids=[],
                message=f"{tokens.unknown_share:.1%} of the tokens that {tokens.model} makes of {where} are unknown to it.",
                fix="It can't read these characters: choose a model that knows the language.",
                command="tunewright models list",
                values={"share": f"{tokens.unknown_share:.1%}", "model": tokens.model, "sample": summary["rows"]},
            )
        )  # fmt: skip
    return found
