"""Label rationales with the deficiencies that the reviewer cites; used only as training targets.

Each sentence first gets a role (``roles.yaml``): guideline quoted, record summarized, documentation
missing, conclusion, boilerplate. Cues (folder ``cues``) then count only in the roles, and with the
negation, in which they state a deficiency.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
