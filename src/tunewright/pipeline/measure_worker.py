"""The process of one model that is measured: a line with texts in, a line with seconds and memory out, until the input ends."""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """`python -m tunewright.pipeline.measure_worker BUNDLE`."""
    # What libraries print must not come between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(value: dict[str, object]) -> None:
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    try:
        from tunewright.runtime import peak_memory_bytes
        from tunewright.serve import load_labeller

        predictor = load_labeller(sys.argv[1])
        for line in sys.stdin:
            asked = json.loads(line)
            texts = asked["texts"]
            began = time.perf_counter()
            predictor.predictions([str(i) for i in range(len(texts))], texts, pairs=asked["pairs"])
            answer({"seconds": time.perf_counter() - began, "memory_bytes": float(peak_memory_bytes())})
    except Exception as error:
        # Whatever a model meets must reach the person who asked, and not end as a silent process.
        answer({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
