"""One request in full: what moved its score, what it shows, what to send, what past items say."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
