"""A corpus with known truth: a yardstick with a known optimum and a demo, all of it invented.

It is never evidence of skill on real letters. ``process.yaml`` states how a case is drawn and how
its true P(overturned) follows from its facts.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
