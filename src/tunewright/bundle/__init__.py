"""The folder that a stranger can use: weights, tokenizer, labels, card. Plain transformers loads it with the same logits."""

from tunewright.bundle.about import ENCODER, About, is_bundle, read_about, require_intact, verify_bundle, write_about

__all__ = ["ENCODER", "About", "is_bundle", "read_about", "require_intact", "verify_bundle", "write_about"]
