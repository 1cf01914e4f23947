"""Sentences with their spans, matching in linear time, and caches of what was read in texts."""
