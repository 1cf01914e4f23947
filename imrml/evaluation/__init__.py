"""Evaluate a model: splits, metrics with intervals, checks for leakage, and the report."""
