from .files import read_table as read_table
from .files import write_table as write_table
