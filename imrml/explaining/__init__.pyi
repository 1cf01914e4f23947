from .explainer import explain as explain
from .explanation import Explanation as Explanation
from .summary import format_summary as format_summary
