"""`python -m echodfkd`: the same as the `echodfkd` command."""

import sys

from echodfkd.cli import main

if __name__ == "__main__":
    sys.exit(main())
