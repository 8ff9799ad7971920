"""`python -m vendorrisk` is the command line."""

import sys

from vendorrisk.cli import main

sys.exit(main())
