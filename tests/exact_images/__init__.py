"""Images under quarter turns and flips: every bit of what is found moves with them."""
