from .parsing import case_rows as case_rows
from .parsing import parse_letter as parse_letter
from .spans import ParsedLetter as ParsedLetter
