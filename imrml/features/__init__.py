"""Features of a submission: treatment, clinical facts and text, as scikit-learn transformers."""
