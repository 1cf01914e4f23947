"""Parse determination letters: repair extraction damage, detect the format, extract the case."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
