"""What is known before the review: columns, the frame that features accept, requests of people."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
