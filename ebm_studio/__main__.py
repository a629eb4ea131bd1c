"""`python -m ebm_studio` is `ebm-studio`."""

import sys

from ebm_studio.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
