"""For all tests: one thread (the models are tiny, and threads that wait for each other cost more than they bring)."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
