"""Explain one request: what moved its score, what it shows, what to send, similar past items."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
