"""Predict, before submission, whether an Independent Medical Review will overturn a denial.

A letter of California's workers' compensation review (IMR) becomes a table of disputed items, the
items get labels, labelled items train a model, and the model scores requests that nobody has
decided yet. A score is P(overturned | denied and appealed). It supports a person's decision, and
denies nothing.

In five lines::

    parsed = imrml.parse_letters(["letters/"])
    result = imrml.train(imrml.label_items(parsed.items), imrml.load_config(), out="model")
    model = imrml.load_model("model")
    predictions = imrml.score(model, imrml.read_table("requests.csv"))
    explanation = imrml.explain(model, imrml.read_table("requests.csv"), row=1)

The verbs, in the order of that line:

parse_letter      one letter to its submission and its determination
parse_letters     letters to a table of items, and a table of those that could not be read
label_rationale   one rationale to the deficiencies that the reviewer cites, word for word
label_items       the same for a whole table of items
parse_treatment   a treatment as worded to drug, dose, number, body part and category
split_request     a request of several lines to its items
read_requests     a filled form, a report, a mail or a table to a table of requests
read_table        a table from Parquet, JSON Lines, CSV or a workbook
write_table       a table to any of these, readable by its owner only
load_config       settings, laid over the defaults
train             fit and evaluate a model; with a folder, save and log it too
evaluate          measure a model on cases that it never saw
check_leaks       look for features that could know the decision
load_model        a model from a folder, a bundle or the registry
save_model        a fitted model into a folder
score             requests to probabilities, likely deficiencies and what to send
explain           one request: what moved its score, what it shows, what to send

Each is also a command, where ``imrml --help`` lists one. Tables are plain DataFrames; their columns
and what each function does with them are in its own help. Errors are those of ``imrml.errors``; an
argument of a wrong type is an ``ArgumentTypeError``, which is a ``TypeError`` too.
"""

import lazy_loader

__version__ = "0.1.0"
__all__ = [  # noqa: RUF022 - in the order of the pipeline
    "parse_letter",
    "parse_letters",
    "label_rationale",
    "label_items",
    "parse_treatment",
    "split_request",
    "read_requests",
    "read_table",
    "write_table",
    "load_config",
    "train",
    "evaluate",
    "check_leaks",
    "load_model",
    "save_model",
    "score",
    "explain",
]

__getattr__, __dir__, _ = lazy_loader.attach_stub(__name__, __file__)
