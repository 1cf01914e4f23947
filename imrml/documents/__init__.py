"""Letters as they come (files, folders, globs, archives, stdin) to bytes and text, with limits."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
