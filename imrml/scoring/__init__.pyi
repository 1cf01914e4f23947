from .prediction import score as score
from .request_files import read_request_files as read_request_files
from .request_files import read_requests as read_requests
from .scored_table import score_to_table as score_to_table
