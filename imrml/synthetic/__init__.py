"""Generate a synthetic corpus with known truth, as a demo and as a benchmark with a known optimum.

It is never evidence of skill on real letters. ``process.yaml`` states how a case is drawn and how
its true P(overturned) follows from its facts.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
