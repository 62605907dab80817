"""Facts about groups, one file each; no file here imports torch."""
