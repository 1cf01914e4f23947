"""From a rationale to the deficiencies the reviewer cites, with evidence spans: training targets only.

Sentences get a role first (``roles.yaml``): the guideline recited, the record shown, what the
record lacks, the closing formula, boiler-plate. Cues (folder ``cues``) then count only in the
roles, and with the negation, in which they state a fault.
"""

from imrml.labelling.labeller import LabelledSpan, find_supports, label_rationale
from imrml.labelling.table import label_items

__all__ = ["LabelledSpan", "find_supports", "label_items", "label_rationale"]
