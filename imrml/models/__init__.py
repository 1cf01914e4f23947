"""The estimators: outcome, deficiencies, the composite that users hold, and its file."""

from imrml.models.persistence import LoadedModel, load_model, save_model
from imrml.models.review import ReviewModel

__all__ = ["LoadedModel", "ReviewModel", "load_model", "save_model"]
