from .files import iter_table as iter_table
from .files import parse_table as parse_table
from .files import read_table as read_table
from .files import table_bytes as table_bytes
from .files import table_format as table_format
from .files import write_parts as write_parts
from .files import write_table as write_table
from .formats import plain_rows as plain_rows
