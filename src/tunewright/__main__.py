"""`python -m tunewright` is the command `tunewright`."""

import sys

from tunewright.cli.main import main

sys.exit(main())
