from .coverage import Coverage as Coverage
from .coverage import measure_coverage as measure_coverage
from .parsing import case_rows as case_rows
from .parsing import parse_letter as parse_letter
from .spans import ParsedLetter as ParsedLetter
from .spans import Span as Span
