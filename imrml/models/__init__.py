"""The estimators: outcome, deficiencies, the ``ReviewModel`` that combines them, and its file."""

from imrml.models.persistence import MODEL_FILES, LoadedModel, load_model, save_model
from imrml.models.review import ReviewModel

__all__ = ["MODEL_FILES", "LoadedModel", "ReviewModel", "load_model", "save_model"]
