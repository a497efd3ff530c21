"""`python -m bridge` is `roombridge`."""

import sys

from bridge.cli import main

sys.exit(main())
