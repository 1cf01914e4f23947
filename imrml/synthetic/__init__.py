"""A corpus with known truth: a yardstick with a known optimum and a demo, never evidence of skill on real letters.

Everything here is invented. ``process.yaml`` states how a case is drawn and how its true
P(overturned) follows from its facts.
"""

from imrml.synthetic.drawing import SyntheticLetter, SyntheticRequest, draw_letters, draw_requests
from imrml.synthetic.writing import CorpusSummary, pdf_bytes, write_corpus

__all__ = [
    "CorpusSummary",
    "SyntheticLetter",
    "SyntheticRequest",
    "draw_letters",
    "draw_requests",
    "pdf_bytes",
    "write_corpus",
]
