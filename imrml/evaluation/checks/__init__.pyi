from .features import (
    check_golden_column as check_golden_column,
)
from .features import (
    check_golden_feature as check_golden_feature,
)
from .predictive_words import check_predictive_words as check_predictive_words
from .splits import (
    Check as Check,
)
from .splits import (
    Finding as Finding,
)
from .splits import (
    check_better_than_prior as check_better_than_prior,
)
from .splits import (
    check_cases as check_cases,
)
from .splits import (
    check_near_duplicates as check_near_duplicates,
)
from .splits import (
    check_time_order as check_time_order,
)
from .trials import (
    check_alarms as check_alarms,
)
from .trials import (
    check_chance_labels as check_chance_labels,
)
from .trials import (
    check_sections as check_sections,
)
from .trials import (
    check_swap as check_swap,
)
from .wording import (
    check_feature_names as check_feature_names,
)
from .wording import (
    check_outcome_phrases as check_outcome_phrases,
)
from .wording import (
    check_removals as check_removals,
)
