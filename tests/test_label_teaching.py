"""The order in which a person is asked: what teaches most comes first, and always the same."""

import pandas as pd

from imrml.labelling import GoldItem, item_ids
from imrml.labelling.learning import fit_unmeasured
from imrml.labelling.teaching import order_by_lesson

FUNCTION = "In this case, there is no record of functional improvement."
SCREEN = "In this case, there is no record of a urine drug screen."
UNREAD = "In this case, there is no tally in the ledger."
NOTHING = "The worker drives a truck."


def table(*rationales: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "case_number": [f"CM20-{number:07d}" for number in range(len(rationales))],
            "item_number": 1,
            "item": "Norco 10/325 mg #60",
            "decision": "upheld",
            "rationale": list(rationales),
        }
    )


def gold_of(items: pd.DataFrame, *ids: str) -> dict[str, GoldItem]:
    return {
        item_id: GoldItem(item_id, frozenset({id_} - {""}), {id_: (rationale,)} if id_ else {})
        for item_id, id_, rationale in zip(item_ids(items), ids, items["rationale"], strict=True)
    }


def order(items: pd.DataFrame, gold: dict[str, GoldItem], learned=None) -> list[int]:
    ids = item_ids(items)
    left = [item_id for item_id in ids if item_id not in gold]
    return [ids.index(item_id) for item_id in order_by_lesson(items, left, gold, learned)]


def test_what_states_nothing_comes_last():
    assert order(table(NOTHING, FUNCTION), {}) == [1, 0]


def test_a_deficiency_that_the_answers_hold_often_gives_way_to_a_rare_one():
    items = table(FUNCTION, FUNCTION, FUNCTION, SCREEN)
    gold = gold_of(items.head(2), *["no_functional_improvement"] * 2)
    assert order(items, gold) == [3, 2]


def test_a_wording_that_no_cue_reads_is_asked_for_but_not_again_and_again():
    items = table(FUNCTION, UNREAD, UNREAD, SCREEN, FUNCTION)
    gold = gold_of(items.head(1), "no_functional_improvement")
    assert order(items, gold) == [1, 3, 2, 4]


def test_what_cues_and_learned_part_dispute_comes_first():
    # Twelve answers say that a bare ledger means lacking records; no cue knows it.
    ledger = "In this case, the ledger is bare of any tally."
    items = table(*[ledger, FUNCTION] * 12, FUNCTION, ledger)
    gold = gold_of(items.head(24), *["insufficient_records", "no_functional_improvement"] * 12)
    learned = fit_unmeasured(items, gold)
    assert order(items, gold) == [24, 25]
    assert order(items, gold, learned) == [25, 24]


def test_few_answers_fit_nothing():
    items = table(*[FUNCTION] * 12)
    assert fit_unmeasured(items, gold_of(items.head(9), *["no_functional_improvement"] * 9)) is None
    assert fit_unmeasured(items, gold_of(items, *[""] * 12)) is None


def test_the_order_rests_on_nothing_but_the_arguments():
    rationales = [FUNCTION, SCREEN, UNREAD, NOTHING, f"{FUNCTION} {SCREEN}"] * 3
    items = table(*rationales)
    first = order(items, {})
    assert sorted(first) == list(range(len(rationales)))
    assert order(items, {}) == first
    shuffled = items.sample(frac=1, random_state=3)
    ids = item_ids(items)
    assert [ids.index(one) for one in order_by_lesson(shuffled, ids, {})] == first
