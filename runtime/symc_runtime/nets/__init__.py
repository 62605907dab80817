"""Facts about the nets that choose elements, one file each; no file here imports torch."""
