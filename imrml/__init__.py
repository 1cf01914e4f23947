"""Outcome prediction for California workers' compensation Independent Medical Review (IMR)."""

__version__ = "0.1.0"
