from .held_out import (
    HeldOut as HeldOut,
)
from .held_out import (
    best_attainable as best_attainable,
)
from .held_out import (
    compare as compare,
)
from .held_out import (
    measure as measure,
)
from .held_out import (
    measure_learning_curve as measure_learning_curve,
)
from .held_out import (
    share_of_attainable as share_of_attainable,
)
