"""From a rationale to the deficiencies that the reviewer cites: training targets only.

Sentences get a role first (``roles.yaml``): the guideline recited, the record shown, what the
record lacks, the closing formula, boilerplate. Cues (folder ``cues``) then count only in the roles,
and with the negation, in which they state a deficiency.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
