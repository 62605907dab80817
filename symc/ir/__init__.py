"""The typed intermediate representation: what a spec means, resolved and checked."""
