"""The catalogue: every class of dirt that a file may have, with what must become of it."""

from __future__ import annotations

from tests.dirt.columns import COLUMNS
from tests.dirt.delimited import DELIMITED
from tests.dirt.objects import OBJECTS_DIRT

CATALOGUE = [*DELIMITED, *OBJECTS_DIRT, *COLUMNS]
