"""What is shown about one thing of a spec, as Markdown."""
