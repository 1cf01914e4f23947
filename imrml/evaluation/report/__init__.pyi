from .verdict import Verdict as Verdict
from .write import write_report as write_report
