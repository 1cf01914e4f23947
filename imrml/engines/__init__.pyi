from .mapping import Engine as Engine
from .mapping import Guard as Guard
from .mapping import Longer as Longer
from .mapping import WorkerFailure as WorkerFailure
from .mapping import joblib_backend as joblib_backend
from .mapping import map_isolated as map_isolated
from .mapping import map_ordered as map_ordered
from .mapping import require_engine as require_engine
