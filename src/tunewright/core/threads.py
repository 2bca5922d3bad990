"""How OpenMP's threads wait for each other. Has to be set before torch is loaded.

By default they spin, and a thread that spins on a processor that others want stops everybody: beside other work, two threads
on two processors were 3 to 4 times *slower* than one. With a short spin they are as fast as before on a free machine.
"""

from __future__ import annotations

import os

os.environ.setdefault("GOMP_SPINCOUNT", "1000")
