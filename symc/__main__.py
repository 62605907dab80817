"""`python -m symc` is the command `symc`."""

from symc.cli import main

if __name__ == "__main__":
    main()
