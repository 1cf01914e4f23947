"""The process: a case is drawn, its facts set P(overturned), decisions and deficiencies follow.

``process.yaml`` beside this file states the logistic function and every number in it. Invented,
like everything here: a yardstick with a known optimum, never evidence of skill on real letters.
"""

import datetime as dt
import math
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any, Literal, cast

from imrml.deficiencies import deficiency_ids
from imrml.determinations import Decision
from imrml.synthetic.phrase_banks import Draw, pick, read_table

State = Literal["shown", "told_missing", "silent"]

_FIRST_DAY = dt.date(2014, 1, 6)
_N_DAYS = (dt.date(2017, 6, 30) - _FIRST_DAY).days
_ELDERLY_FROM = 60


@dataclass(slots=True)
class DrawnItem:
    """One disputed treatment with its facts, its true probabilities and what became of it.

    Parameters
    ----------
    category : str
        Treatment category.
    name : str
        The treatment without its amount, as a rationale names it.
    treatment, authorized, disputed : str
        As in the item table.
    wording : {'whole', 'remaining', 'leaving'}
        How the item is worded: in one piece, or in one of the two wordings of a partially
        authorized request.
    states : dict of str to {'shown', 'told_missing', 'silent'}
        What the submission shows of every aspect that matters to the category.
    p_true, p_attainable : float
        P(overturned) given all facts, and given those that the submission shows.
    p_deficiencies, p_deficiencies_attainable : dict of str to float
        P(deficiency | upheld, facts), all 18 ids; likewise.
    decision : {'upheld', 'overturned'}
    deficiencies : list of str
        Drawn; empty unless upheld.
    """

    category: str
    name: str
    treatment: str
    authorized: str
    disputed: str
    wording: str
    states: dict[str, State]
    p_true: float = 0.0
    p_attainable: float = 0.0
    p_deficiencies: dict[str, float] = field(default_factory=dict)
    p_deficiencies_attainable: dict[str, float] = field(default_factory=dict)
    decision: Decision = "upheld"
    deficiencies: list[str] = field(default_factory=list)


@dataclass(slots=True)
class DrawnCase:
    """One case: person, injury, the physician's habits, dates, hidden facts and items."""

    received_on: dt.date
    injured_on: dt.date
    ur_denied_on: dt.date
    assigned_on: dt.date
    decided_on: dt.date
    priority: str
    age: int
    sex: str
    region: str
    side: str
    where: str
    diagnoses: tuple[str, ...]
    physician: str
    chronicity: str
    red_flag: bool
    reviewer: str
    record: str
    states: dict[str, State]
    items: list[DrawnItem]


class Process:
    """The numbers of ``process.yaml``, made ready for drawing."""

    def __init__(self) -> None:
        numbers = read_table("process")
        self.numbers = numbers
        self.categories: dict[str, dict[str, Any]] = numbers["categories"]
        self.aspects: dict[str, dict[str, Any]] = numbers["aspects"]
        self.treatments = read_table("treatments")
        self.clinic = read_table("clinic")
        self.physician = Draw({name: row["share"] for name, row in numbers["physicians"].items()})
        self.chronicity = Draw({name: row["share"] for name, row in numbers["chronicity"].items()})
        self.category = Draw({name: row["share"] for name, row in self.categories.items()})
        families = {row["family"] for row in self.categories.values()}
        self.in_family = {
            family: Draw(
                {
                    name: row["share"]
                    for name, row in self.categories.items()
                    if row["family"] == family
                }
            )
            for family in families
        }
        self.region = Draw({name: row["share"] for name, row in self.clinic["regions"].items()})
        # Bundling moves letters from one item to several, without changing the mean over physicians
        # much.
        self.n_items = {
            habit: Draw(
                {
                    n: share * (row["bundling"] if n > 1 else 1.0)
                    for n, share in numbers["n_items"].items()
                }
            )
            for habit, row in numbers["physicians"].items()
        }
        hidden = numbers["hidden"]
        self.reviewer = Draw({name: row["share"] for name, row in hidden["reviewer"].items()})
        self.record = Draw({name: row["share"] for name, row in hidden["record"].items()})
        self.hidden = [
            (record, reviewer["share"] * row["share"], reviewer["weight"] + row["weight"])
            for record, row in hidden["record"].items()
            for reviewer in hidden["reviewer"].values()
        ]

    # --- facts ------------------------------------------------------------------------------------

    def draw_case(self, rng: Random) -> DrawnCase:
        """Draw a case with its items, probabilities, decisions and deficiencies.

        Parameters
        ----------
        rng : Random
            Every draw is its.

        Returns
        -------
        DrawnCase
            With all fields set.
        """
        numbers = self.numbers
        physician = self.physician.draw(rng)
        chronicity = self.chronicity.draw(rng)
        decided = _FIRST_DAY + dt.timedelta(days=int(rng.random() * _N_DAYS))
        assigned = decided - dt.timedelta(days=21 + int(rng.random() * 19))
        received = assigned - dt.timedelta(days=1 + int(rng.random() * 9))
        denied = received - dt.timedelta(days=int(rng.random() * 31))
        shortest, longest = numbers["chronicity"][chronicity]["days"]
        region = self.region.draw(rng)
        row = self.clinic["regions"][region]
        side = pick(rng, ("left", "right"))
        diagnoses = {
            pick(rng, row["diagnoses"]),
            pick(rng, row["diagnoses"]),
            pick(rng, self.clinic["other_diagnoses"]),
        }
        case = DrawnCase(
            received_on=received,
            injured_on=received
            - dt.timedelta(days=31 + shortest + int(rng.random() * (longest - shortest))),
            ur_denied_on=denied,
            assigned_on=assigned,
            decided_on=decided,
            priority="expedited" if rng.random() < numbers["p_expedited"] else "standard",
            age=min(78, max(19, round(rng.gauss(47, 11)))),
            sex="female" if rng.random() < 0.44 else "male",
            region=region,
            side=side,
            where=f"{side} {region}" if row["side"] else region,
            diagnoses=tuple(
                sorted(
                    diagnoses, key=lambda diagnosis: (diagnosis not in row["diagnoses"], diagnosis)
                )
            ),
            physician=physician,
            chronicity=chronicity,
            red_flag=rng.random() < numbers["circumstances"]["red_flag"]["share"],
            reviewer=self.reviewer.draw(rng),
            record=self.record.draw(rng),
            states={},
            items=[],
        )
        case.items = self._draw_items(rng, case)
        case.red_flag = case.red_flag and any(
            item.category in numbers["circumstances"]["red_flag"]["categories"]
            for item in case.items
        )
        common = rng.random()
        for item in case.items:
            self.weigh(case, item)
            threshold = common if rng.random() < numbers["p_common_draw"] else rng.random()
            if threshold < item.p_true:
                item.decision = "overturned"
            else:
                item.deficiencies = self._draw_deficiencies(rng, self._cited(item, case.record))
        return case

    def _draw_items(self, rng: Random, case: DrawnCase) -> list[DrawnItem]:
        n_items = self.n_items[case.physician].draw(rng)
        first = self.category.draw(rng)
        family = self.in_family[self.categories[first]["family"]]
        items: list[DrawnItem] = []
        treatments: set[str] = set()
        category = first
        while len(items) < n_items:
            item = self._draw_item(rng, case, category)
            if item.treatment not in treatments:
                treatments.add(item.treatment)
                items.append(item)
            category = (
                family if rng.random() < self.numbers["p_same_family"] else self.category
            ).draw(rng)
        return items

    def _state(self, rng: Random, aspect: str, physician: str) -> State:
        row = self.aspects[aspect]
        p_shown = self.numbers["p_shown"].get(
            aspect, self.numbers["physicians"][physician]["p_shown"]
        )
        if rng.random() < p_shown:
            return "shown"
        return "told_missing" if rng.random() < row["p_told_missing"] else "silent"

    def _draw_item(self, rng: Random, case: DrawnCase, category: str) -> DrawnItem:
        states: dict[str, State] = {}
        for aspect in self.categories[category]["aspects"]:
            if self.aspects[aspect]["scope"] == "request":
                states[aspect] = self._state(rng, aspect, case.physician)
            else:
                if aspect not in case.states:
                    case.states[aspect] = self._state(rng, aspect, case.physician)
                states[aspect] = case.states[aspect]
        names = self.treatments["categories"][category]
        is_poor = states.get("recommended", states.get("ingredient", "shown")) != "shown"
        name = pick(rng, names["poor"] if is_poor else names["recommended"])
        unit = self.treatments["units"][names["unit"]]
        slots = {"name": name, "part": case.region, "where": case.where}
        if states.get("specific", "shown") != "shown":
            if "amount" in states:
                states["amount"] = (
                    "silent"  # a request without an amount shows neither a small nor a large one
                )
            return DrawnItem(
                category,
                name,
                pick(rng, unit["unspecific"]).format(**slots),
                "",
                "",
                "whole",
                states,
            )
        form = pick(rng, unit["forms"])
        amounts = unit["within"] if states.get("amount", "shown") == "shown" else unit["over"]
        treatment = form.format(**slots, n=pick(rng, amounts))
        if rng.random() >= self.numbers["p_partially_authorized"]:
            return DrawnItem(category, name, treatment, "", "", "whole", states)
        if not unit["within"][0]:
            return DrawnItem(
                category, name, treatment, "one evaluation visit", treatment, "leaving", states
            )
        authorized = form.format(**slots, n=pick(rng, unit["within"]))
        if rng.random() < 0.3:
            return DrawnItem(category, name, treatment, authorized, treatment, "leaving", states)
        return DrawnItem(
            category,
            name,
            treatment,
            authorized,
            form.format(**slots, n=pick(rng, amounts)),
            "remaining",
            states,
        )

    # --- probabilities ----------------------------------------------------------------------------

    def logit(self, case: DrawnCase, item: DrawnItem) -> float:
        """Sum the documented function's terms that the submission shows.

        Parameters
        ----------
        case, item : DrawnCase, DrawnItem
            Their facts; probabilities are not read.

        Returns
        -------
        float
            Of P(overturned), without the hidden facts.
        """
        numbers = self.numbers
        total: float = self.categories[item.category]["intercept"]
        holding = {aspect for aspect, state in item.states.items() if state == "shown"}
        neighbours = {
            aspect: state for aspect, state in case.states.items() if aspect not in item.states
        }
        total += self._documented(item.states) + numbers["neighbours"] * self._documented(
            neighbours
        )
        if case.chronicity == "acute":
            holding.add("acute")
        if case.red_flag:
            holding.add("red_flag")
        if item.authorized:
            holding.add("partially_authorized")
        if case.age >= _ELDERLY_FROM:
            holding.add("elderly")
        for name, row in numbers["circumstances"].items():
            if name in holding and (not row["categories"] or item.category in row["categories"]):
                total += row["weight"]
        for row in numbers["interactions"]:
            first, second = row["both"]
            if first in holding and second in holding:
                total += row["weight"]
        return total

    def _documented(self, states: dict[str, State]) -> float:
        total = 0.0
        for aspect, state in states.items():
            if state == "shown":
                total += self.aspects[aspect]["weight"]
            elif state == "told_missing":
                total -= self.numbers["told_missing"] * self.aspects[aspect]["weight"]
        return total

    def weigh(self, case: DrawnCase, item: DrawnItem) -> None:
        """Set the item's probabilities from the facts of its case.

        Parameters
        ----------
        case : DrawnCase
            Its facts are read.
        item : DrawnItem
            Its four probabilities are set.
        """
        shown = self.logit(case, item)
        hidden = self.numbers["hidden"]
        item.p_true = _sigmoid(
            shown
            + cast(
                float,
                hidden["reviewer"][case.reviewer]["weight"]
                + hidden["record"][case.record]["weight"],
            )
        )
        upheld = dict.fromkeys(hidden["record"], 0.0)
        item.p_attainable = 0.0
        for record, share, weight in self.hidden:
            p_overturned = _sigmoid(shown + weight)
            item.p_attainable += share * p_overturned
            upheld[record] += share * (1.0 - p_overturned)
        by_record = {record: _at_least_one(self._cited(item, record)) for record in upheld}
        item.p_deficiencies = dict.fromkeys(deficiency_ids(), 0.0) | by_record[case.record]
        total = sum(upheld.values())
        item.p_deficiencies_attainable = dict.fromkeys(deficiency_ids(), 0.0) | {
            id_: sum(upheld[record] * by_record[record][id_] for record in upheld) / total
            for id_ in by_record[case.record]
        }

    def _cited(self, item: DrawnItem, record: str) -> dict[str, float]:
        """P(cited | upheld, facts) of each deficiency, before at least one is asked for."""
        p_though_shown = self.numbers["p_cited_though_shown"]
        cited = {"insufficient_records": float(self.numbers["insufficient_records"][record])}
        for aspect, p_if_missing in self.categories[item.category]["aspects"].items():
            id_ = self.aspects[aspect]["deficiency"]
            p_cited = p_though_shown if item.states[aspect] == "shown" else p_if_missing
            cited[id_] = 1.0 - (1.0 - cited.get(id_, 0.0)) * (1.0 - p_cited)
        return cited

    @staticmethod
    def _draw_deficiencies(rng: Random, cited: dict[str, float]) -> list[str]:
        """Draw each on its own, and all again until there is at least one."""
        while True:
            drawn = [id_ for id_, p_cited in cited.items() if rng.random() < p_cited]
            if drawn:
                return drawn


def _at_least_one(cited: dict[str, float]) -> dict[str, float]:
    any_cited = 1.0 - math.prod(1.0 - p_cited for p_cited in cited.values())
    return {id_: p_cited / any_cited for id_, p_cited in cited.items()}


def _sigmoid(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit))


@cache
def process() -> Process:
    """Make the process ready, once.

    Returns
    -------
    Process
        Shared by all draws.
    """
    return Process()
