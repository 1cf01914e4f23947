"""The only door to MLflow: runs, models and aliases; on an SQLite database unless told otherwise.

MLflow itself is imported by what speaks to it: a model in a folder or a bundle opens without it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
