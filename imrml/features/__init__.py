"""Features of a submission: treatment, clinical facts and text, as scikit-learn transformers."""

from imrml.features.builder import (
    block_places,
    build_features,
    describe_feature,
    feature_frame,
    is_filler,
)
from imrml.features.clinical import ClinicalFeatures
from imrml.features.crossed import CrossedTextFeatures
from imrml.features.documents import FoundDocument, answering_cues, background, find_documents
from imrml.features.hashed import HashedText
from imrml.features.request_items import split_request
from imrml.features.text import TextFeatures
from imrml.features.treatment import (
    TreatmentFacts,
    TreatmentFeatures,
    parse_treatment,
    treatment_category,
)
from imrml.text.cache import forget_texts

__all__ = [
    "ClinicalFeatures",
    "CrossedTextFeatures",
    "FoundDocument",
    "HashedText",
    "TextFeatures",
    "TreatmentFacts",
    "TreatmentFeatures",
    "answering_cues",
    "background",
    "block_places",
    "build_features",
    "describe_feature",
    "feature_frame",
    "find_documents",
    "forget_texts",
    "is_filler",
    "parse_treatment",
    "split_request",
    "treatment_category",
]
