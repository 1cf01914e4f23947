"""Predict, before submission, whether an Independent Medical Review will overturn a denial.

Final determination letters of California's workers' compensation review (IMR) are parsed into a
table of disputed items, the items are labelled, a model is trained on them, and the model scores
requests that are not decided yet. A score is P(overturned | denied and appealed). It supports a
person's decision and denies nothing.

In five lines::

    parsed = imrml.parse_letters(["letters/"])
    result = imrml.train(imrml.label_items(parsed.items), imrml.load_config(), out="model")
    model = imrml.load_model("model")
    predictions = imrml.score(model, imrml.read_table("requests.csv"))
    explanation = imrml.explain(model, imrml.read_table("requests.csv"), row=1)

The functions, in the order of the pipeline:

parse_letter      parse one letter into its submission and its determination
parse_letters     parse letters into a table of items and a table of failures
label_rationale   label one rationale with the deficiencies that the reviewer cites
label_items       label a whole table of items
parse_treatment   parse a treatment into drug, dose, number, body part and category
split_request     split a request of several lines into its items
read_requests     read a filled form, a report, an email or a table into a table of requests
read_table        read a table from Parquet, JSON Lines, CSV or a workbook
write_table       write a table to any of these, readable by its owner only
load_config       read settings that override the defaults
train             fit and evaluate a model; given a folder, save and log it too
evaluate          evaluate a model on cases it has not seen
check_leaks       check features for leakage of the decision
load_model        load a model from a folder, a bundle or the registry
save_model        save a fitted model into a folder
score             score requests: probability, likely deficiencies and what to send
explain           explain one request: what moved its score, what it shows, what to send

Most are also commands; see ``imrml --help``. Tables are plain DataFrames; the help of each function
describes the columns it uses. Errors are those of ``imrml.errors``; an argument of the wrong type
raises ``ArgumentTypeError``, which is also a ``TypeError``.
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
