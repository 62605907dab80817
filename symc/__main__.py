"""`python -m symc` is the command `symc`."""

import os
import sys

if not sys.flags.safe_path and sys.path and sys.path[0] in ("", os.getcwd()):
    # Python puts the current folder first: a `click.py` in a stranger's pull request would run.
    del sys.path[0]

if __name__ == "__main__":
    from symc.cli import main

    main()
