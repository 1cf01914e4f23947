from .checks import run_checks as run_checks
from .external import Evaluation as Evaluation
from .external import evaluate as evaluate
from .fitting import TrainingRun as TrainingRun
from .leakcheck import check_leaks as check_leaks
from .run import TrainingResult as TrainingResult
from .run import train as train
