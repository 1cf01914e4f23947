from .config import load_config as load_config
from .corpus.batch import parse_letters as parse_letters
from .explaining.explainer import explain as explain
from .features.request_items import split_request as split_request
from .features.treatment import parse_treatment as parse_treatment
from .labelling.labeller import label_rationale as label_rationale
from .labelling.table import label_items as label_items
from .letters.parsing import parse_letter as parse_letter
from .models.persistence import save_model as save_model
from .scoring.prediction import score as score
from .scoring.request_files import read_requests as read_requests
from .tables.files import read_table as read_table
from .tables.files import write_table as write_table
from .tracking.addresses import load_model as load_model
from .tracking.trained import train as train
from .training.external import evaluate as evaluate
from .training.leakcheck import check_leaks as check_leaks

__version__: str
