"""Facts about methods of symmetrization, one file each; no file here imports torch."""
