"""Concrete syntax: text to abstract syntax tree and back."""
