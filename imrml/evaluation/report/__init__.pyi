from .summary import format_summary as format_summary
from .summary import render_summary as render_summary
from .verdict import Verdict as Verdict
from .verdict import reach_verdict as reach_verdict
from .write import write_report as write_report
