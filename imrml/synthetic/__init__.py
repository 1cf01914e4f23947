"""A corpus with known truth: a yardstick and a demo, never evidence of skill on real letters."""
