from .columns import Submission as Submission
from .frame import submission_frame as submission_frame
