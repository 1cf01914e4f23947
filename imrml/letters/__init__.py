"""Final determination letters: undo extraction damage, recognize the format, parse into a case."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
