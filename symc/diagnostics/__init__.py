"""Diagnostics: codes, data and renderers."""
