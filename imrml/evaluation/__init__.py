"""Splits, metrics with intervals, checks and the report: an honest verdict on a model."""
