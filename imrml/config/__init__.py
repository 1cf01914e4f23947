"""Frozen, strict settings: what there is (``schema``), and how a file is read (``loading``)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
