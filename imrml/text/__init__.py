"""Sentences with their spans, pattern matching in linear time, and caches of parsed text."""
