"""What editors ask of a spec: pure functions of a text and a place in it.

Everything here works on half-typed specs and imports neither torch nor a protocol; `server`
alone speaks to an editor.
"""
