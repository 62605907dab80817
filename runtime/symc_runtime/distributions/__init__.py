"""From inputs and noise to group elements, one distribution a file."""
