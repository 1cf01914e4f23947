from .columns import (
    CODED_COLUMNS as CODED_COLUMNS,
)
from .columns import (
    IGNORED_COLUMNS as IGNORED_COLUMNS,
)
from .columns import (
    NAMING_TREATMENT as NAMING_TREATMENT,
)
from .columns import (
    REFUSED_COLUMNS as REFUSED_COLUMNS,
)
from .columns import (
    SUBMISSION_COLUMNS as SUBMISSION_COLUMNS,
)
from .columns import (
    Column as Column,
)
from .columns import (
    KnownAt as KnownAt,
)
from .columns import (
    Submission as Submission,
)
from .columns import (
    columns_at as columns_at,
)
from .columns import (
    columns_of as columns_of,
)
from .columns import (
    require_submission_columns as require_submission_columns,
)
from .frame import SubmissionFrame as SubmissionFrame
from .frame import submission_frame as submission_frame
from .requests import (
    LONGEST_NARRATIVE as LONGEST_NARRATIVE,
)
from .requests import (
    LONGEST_TEXT as LONGEST_TEXT,
)
from .requests import (
    Requests as Requests,
)
from .requests import (
    is_known_heading as is_known_heading,
)
from .requests import (
    name_columns as name_columns,
)
from .requests import (
    sort_requests as sort_requests,
)
