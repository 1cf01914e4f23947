from .in_words import (
    compare_with_base_rate as compare_with_base_rate,
)
from .in_words import (
    describe_ignored_input as describe_ignored_input,
)
from .in_words import (
    format_base_rate as format_base_rate,
)
from .in_words import (
    format_interval as format_interval,
)
from .in_words import (
    format_note as format_note,
)
from .in_words import (
    in_points as in_points,
)
from .prediction import (
    N_DEFICIENCIES as N_DEFICIENCIES,
)
from .prediction import (
    PREDICTION_COLUMNS as PREDICTION_COLUMNS,
)
from .prediction import (
    documents_shown as documents_shown,
)
from .prediction import (
    likely_deficiencies as likely_deficiencies,
)
from .prediction import (
    prediction_table as prediction_table,
)
from .prediction import (
    score as score,
)
from .prediction import (
    score_columns as score_columns,
)
from .terminal import prediction_lines as prediction_lines
