from .in_words import (
    in_points as in_points,
)
from .in_words import (
    interval_words as interval_words,
)
from .in_words import (
    note_words as note_words,
)
from .in_words import (
    rate_words as rate_words,
)
from .in_words import (
    standing as standing,
)
from .in_words import (
    told_passed_over as told_passed_over,
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
