from .drawing import SyntheticLetter as SyntheticLetter
from .drawing import SyntheticRequest as SyntheticRequest
from .drawing import draw_letters as draw_letters
from .drawing import draw_requests as draw_requests
from .writing import CorpusSummary as CorpusSummary
from .writing import pdf_bytes as pdf_bytes
from .writing import write_corpus as write_corpus
