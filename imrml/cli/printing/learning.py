"""How ``imrml labels learn`` prints what a learned part would add."""

from collections.abc import Iterator

from imrml.labelling.learning import LearningResult
from imrml.phrases import pluralize


def print_learning(result: LearningResult) -> None:
    """Print figures on stdout.

    Parameters
    ----------
    result : LearningResult
        Of ``fit_learned``.
    """
    print("\n".join(learning_lines(result)))


def learning_lines(result: LearningResult) -> Iterator[str]:
    """Draw the nested figures of a fit for a terminal.

    Parameters
    ----------
    result : LearningResult
        Of ``fit_learned``.

    Yields
    ------
    str
        A line a deficiency, then those over all.
    """
    yield f"{'deficiency':<36}{'gold':>5}  {'F1 of cues':<12}{'F1 with learned part'}"
    for id_, of_id in result.by_id.items():
        low, high = of_id.interval
        yield (
            f"{id_:<36}{of_id.n_gold:>5,}  {of_id.f1_of_cues:<12.3f}{of_id.f1:.3f} "
            f"({low:.3f} to {high:.3f})"
        )
    yield f"{'micro F1':<41}  {result.f1_of_cues:<12.3f}{result.f1:.3f}"
    low, high = result.gain
    yield (
        f"gain {result.f1 - result.f1_of_cues:+.3f} ({low:+.3f} to {high:+.3f}), "
        f"{pluralize(result.n_items, 'item')} of {pluralize(result.n_cases, 'case')}, "
        "everything fitted without the cases that it is measured on"
    )
