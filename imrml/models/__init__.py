"""The models: P(overturned), P(deficiency | upheld), and the composite that users hold."""
