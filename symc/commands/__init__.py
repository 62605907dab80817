"""The subcommands: one file each, found by its name, with a click command named `command`."""
