"""Sentences with their spans, matching in linear time, and what a text once read is remembered by."""
