"""The verbs of `tunewright data`, one file each: what `run` does to rows, step by step and usable by itself."""
