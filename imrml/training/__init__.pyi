from .external import Evaluation as Evaluation
from .external import evaluate as evaluate
from .leakcheck import check_leaks as check_leaks
from .run import TrainingResult as TrainingResult
