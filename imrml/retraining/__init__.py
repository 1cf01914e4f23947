"""Scheduled retraining: boring by design.

Light to import: most nights there is nothing to do, and that must be said at once.
"""
