"""What a letter says: case summary, guideline fields and rationale, in several voices."""

import datetime as dt
from random import Random
from typing import Any

from imrml.synthetic.phrase_banks import Bank, Draw, pick, read_banks, read_table, say
from imrml.synthetic.process import DrawnCase, DrawnItem

_OPIOID_NOTICE_FROM = dt.date(2016, 8, 1)
_SECTIONS_FROM = dt.date(2015, 8, 1)
_OUTSIDE_FROM = dt.date(2016, 10, 1)
_CHRONIC_2016_FROM = dt.date(2016, 9, 1)
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

# How rationales are put together; the shares of the voices follow the real letters' habits.
_VOICES = Draw(
    {
        "plain": 0.42,
        "recital": 0.22,
        "applicant": 0.12,
        "worker": 0.12,
        "terse": 0.08,
        "one_line": 0.04,
    }
)


def _format_day(rng: Random, day: dt.date, style: int | None = None) -> str:
    """Write a day in one of four styles."""
    style = int(rng.random() * 4) if style is None else style
    if style == 0:
        return f"{day.month}/{day.day}/{day.year % 100:02d}"
    if style == 1:
        return f"{day.month:02d}/{day.day:02d}/{day.year}"
    if style == 2:
        return f"{day.month}/{day.day}/{day.year}"
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def _join_words(words: list[str]) -> str:
    """Join words as a sentence does.

    Examples
    --------
    >>> _join_words(["rest", "ice", "heat"])
    'rest, ice and heat'
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


class _Slots(dict[str, Any]):
    """Values of a letter's slots; dates, counts and levels are drawn anew at each look-up."""

    def __init__(self, rng: Random, case: DrawnCase, **fixed: Any) -> None:
        super().__init__(fixed)
        self._rng = rng
        self._case = case
        self._style = int(rng.random() * 4)

    def __missing__(self, name: str) -> str:
        rng = self._rng
        if name == "d":
            since_injury = (self._case.ur_denied_on - self._case.injured_on).days
            days = 1 + int(rng.random() * min(60, since_injury - 2))
            return _format_day(rng, self._case.ur_denied_on - dt.timedelta(days=days), self._style)
        if name == "n":
            return str(3 + int(rng.random() * 6))
        if name == "low":
            return str(2 + int(rng.random() * 3))
        if name == "high":
            return str(4 + int(rng.random() * 4))
        if name == "year":
            return str(
                max(
                    self._case.injured_on.year,
                    self._case.ur_denied_on.year - 1 - int(rng.random() * 3),
                )
            )
        if name == "level":
            return str(pick(rng, read_table("clinic")["regions"][self._case.region]["levels"]))
        raise KeyError(name)


def write_summary(rng: Random, case: DrawnCase, *, from_review: bool = True) -> str:
    """Write the narrative of the record.

    Parameters
    ----------
    rng : Random
        Draws the words.
    case : DrawnCase
        What they say.
    from_review : bool, default=True
        With what only the reviewer's narrative holds (the utilization review's decision, a word on
        the record); a request's notes have neither.

    Returns
    -------
    str
        One paragraph.
    """
    banks = read_banks("record")
    row = read_table("clinic")
    slots = _Slots(
        rng,
        case,
        worker=pick(rng, row["workers"]),
        age=case.age,
        sex=case.sex,
        part=case.region,
        side=case.side,
        where=case.where,
        diagnoses=_join_words(list(case.diagnoses)),
        items=_list_items([item.treatment for item in case.items]),
    )
    slots["doi"] = _format_day(rng, case.injured_on, slots._style)
    slots["ur"] = _format_day(rng, case.ur_denied_on, slots._style)
    random = rng.random
    sentences = [say(rng, banks["openers"]["plain" if random() < 0.03 else "with_age"], slots)]
    if random() < 0.4:
        sentences.append(say(rng, banks["mechanisms"], slots))
    findings = [say(rng, banks["complaints"], slots)]
    diagnoses = say(rng, banks["diagnoses_lead"], slots)
    findings.insert(0 if random() < 0.5 else 1, diagnoses)
    if random() < 0.6:
        findings.append(say(rng, banks["exams"], slots))
    if random() < 0.5:
        findings.append(say(rng, banks["care"], slots))
    facts = [
        say(rng, banks["facts"][aspect][_bank(state)], slots)
        for aspect, state in case.states.items()
        if state != "silent"
    ]
    if case.chronicity == "acute":
        facts.append(say(rng, banks["recent"], slots))
    elif case.chronicity == "chronic" and random() < 0.6:
        facts.append(say(rng, banks["chronic"], slots))
    if case.red_flag:
        facts.append(say(rng, banks["red_flag"], slots))
    rng.shuffle(facts)
    if random() < 0.4:
        facts.append(say(rng, banks["work"], slots))
    sentences += [*findings, *facts]
    if from_review and random() < 0.08:
        sentences.insert(
            1 + int(random() * (len(sentences) - 1)), say(rng, banks["judgements"], slots)
        )
    if random() < 0.7:
        sentences.append(say(rng, banks["requests"], slots))
    if from_review and random() < 0.96:
        is_part = any(item.authorized for item in case.items)
        sentences.append(say(rng, banks["utilization_review"]["part" if is_part else "all"], slots))
    return " ".join(sentences)


def _bank(state: str) -> str:
    return "shown" if state == "shown" else "missing"


def _list_items(treatments: list[str]) -> str:
    return _join_words(treatments if len(treatments) <= 5 else [*treatments[:5], "other services"])


# --- guideline fields -----------------------------------------------------------------------------


def write_guideline(rng: Random, case: DrawnCase, item: DrawnItem, *, is_reviewer: bool) -> str:
    """Write the guideline that one side cites, in the wording of the decision's time.

    Parameters
    ----------
    rng : Random
        Draws the citation.
    case, item : DrawnCase, DrawnItem
        What is cited for.
    is_reviewer : bool
        The reviewer's side, else the claims administrator's.

    Returns
    -------
    str
        One paragraph.
    """
    words = read_table("letter")["guideline"]
    row = read_table("clinic")["topics"][item.category]
    side = words["reviewer" if is_reviewer else "claims"]
    decided = case.decided_on
    draw = rng.random()
    if decided >= _SECTIONS_FROM and draw < (0.07 if is_reviewer else 0.18):
        return f"{side} {words['none']}"
    outside = f"{words['citation']} {words['odg'] if rng.random() < 0.7 else 'ODG'}, {row['odg']}."
    if row["chapter"] == "none" or draw > (0.84 if is_reviewer else 0.78):
        if decided.year == 2014:
            return f"{side} {words['not_mtus_2014']} {outside}"
        return f"{side} {words['outside']} {outside}" if decided >= _OUTSIDE_FROM else outside
    inside = _mtus_citation(rng, case, row, names_topic=is_reviewer or rng.random() < 0.4)
    return f"{inside} {outside}" if decided >= _SECTIONS_FROM and rng.random() < 0.18 else inside


def _mtus_citation(rng: Random, case: DrawnCase, row: dict[str, Any], *, names_topic: bool) -> str:
    clinic = read_table("clinic")
    chapters = clinic["chapters"]
    if row["chapter"] == "chronic":
        by_sections = "chronic_2016" if case.decided_on >= _CHRONIC_2016_FROM else "chronic_2015"
        chapter = chapters[by_sections if case.decided_on >= _SECTIONS_FROM else "chronic_2014"]
    else:
        chapter = (
            chapters["acupuncture"]
            if row["chapter"] == "acupuncture"
            else clinic["regions"][case.region]["chapter"]
        )
    if not names_topic or not row["topics"]:
        return f"Decision based on MTUS {chapter}."
    topic = pick(rng, row["topics"])
    if case.decided_on < _SECTIONS_FROM:
        return f"Decision based on MTUS {chapter} {topic} Page(s): {row['pages']}."
    second = pick(rng, row["topics"])
    topics = topic if topic == second else f"{topic}, {second}"
    return f"Decision based on MTUS {chapter}, Section(s): {topics}."


# --- rationale ------------------------------------------------------------------------------------


def write_rationale(
    rng: Random, case: DrawnCase, item: DrawnItem
) -> tuple[str, list[dict[str, Any]]]:
    """Write a rationale.

    Parameters
    ----------
    rng : Random
        Draws the voice and the words.
    case, item : DrawnCase, DrawnItem
        What they say.

    Returns
    -------
    rationale : str
        One paragraph.
    deficiency_sentences : list of {'id', 'text', 'has_cue'}
        Each sentence that states a deficiency, word for word as it stands in the rationale, and
        whether it comes from the wordings built on the labeller's cue phrases.
    """
    clinic = read_table("clinic")
    banks = read_banks("rationale")
    short = item.name if rng.random() < 0.6 or len(item.treatment) > 80 else item.treatment
    slots = _Slots(
        rng,
        case,
        worker=pick(rng, clinic["workers"]),
        doctor=pick(rng, clinic["doctors"]),
        item=short,
        part=case.region,
        diagnosis=case.diagnoses[0],
    )
    voice = _VOICES.draw(rng)
    if item.decision == "overturned":
        return " ".join(_support(rng, case, item, slots, voice)), []
    stated = _state_deficiencies(rng, item, slots, banks)
    texts = [sentence["text"] for sentence in stated]
    closing = say(rng, banks["closings"]["upheld"], slots)
    if voice == "one_line" and len(stated) == 1:
        return f"{texts[0]} {closing}", stated
    if voice in ("terse", "one_line"):
        return " ".join([*texts, say(rng, banks["closings"]["terse"], slots)]), stated
    recitals = _recite(
        rng, banks, item.category, 1 + int(rng.random() * 2) if voice in ("plain", "worker") else 3
    )
    facts = _tell_facts(rng, case, item, banks, slots)
    if voice == "applicant":
        parts = [say(rng, banks["openings"]["applicant"], slots), *recitals, *facts, *texts]
        if rng.random() < 0.6:
            parts.append(closing)
    elif voice == "worker":
        parts = (
            [*facts, *texts, *recitals, closing]
            if rng.random() < 0.5
            else [*recitals, *facts, *texts, closing]
        )
    else:
        opening = [say(rng, banks["openings"]["neutral"], slots)] if rng.random() < 0.3 else []
        parts = [*opening, *recitals, *facts, *texts, closing]
    if rng.random() < 0.12:
        parts.insert(-1, say(rng, banks["fillers"], slots))
    if item.category == "opioid" and case.decided_on >= _OPIOID_NOTICE_FROM and rng.random() < 0.7:
        parts.append(say(rng, banks["opioid_notice"], slots))
    return " ".join(parts), stated


def _state_deficiencies(
    rng: Random, item: DrawnItem, slots: _Slots, banks: dict[str, Any]
) -> list[dict[str, Any]]:
    wordings = read_banks("deficiencies")
    p_paraphrase = read_table("process")["p_paraphrase"]
    ids = list(item.deficiencies)
    rng.shuffle(ids)
    sentences = []
    for position, id_ in enumerate(ids):
        has_cue = rng.random() >= p_paraphrase
        text = say(rng, wordings[id_]["cue" if has_cue else "paraphrase"], slots)
        link = say(rng, banks["links"]["however" if position == 0 else "further"], slots)
        # A name that starts the sentence keeps its capital ("However, Norco ..."), other words lose
        # it.
        text = link + (
            text if not link or text.startswith(slots["item"]) else text[0].lower() + text[1:]
        )
        sentences.append({"id": id_, "text": text, "has_cue": has_cue})
    return sentences


def _recite(rng: Random, banks: dict[str, Any], category: str, n_sentences: int) -> list[str]:
    own: Bank = banks["recitals"][category]
    recitals = [
        say(rng, (template,), {})
        for template in rng.sample(banks["recitals"]["general"], n_sentences - 1)
    ]
    recitals.insert(int(rng.random() * n_sentences), say(rng, own, {}))
    return recitals


def _tell_facts(
    rng: Random, case: DrawnCase, item: DrawnItem, banks: dict[str, Any], slots: _Slots
) -> list[str]:
    sentences = [
        say(rng, banks["links"]["in_this_case"], slots)
        + _lowered(say(rng, banks["case_facts"], slots))
    ]
    if rng.random() < 0.5:
        sentences.append(say(rng, banks["case_facts"], slots))
    aspects = read_table("process")["aspects"]
    for aspect, state in item.states.items():
        is_cited = aspects[aspect]["deficiency"] in item.deficiencies
        if state == "shown" and not is_cited and banks["support"][aspect] and rng.random() < 0.3:
            sentences.append(say(rng, banks["support"][aspect], slots))
    if (
        case.red_flag
        and "objective_findings_lacking" not in item.deficiencies
        and rng.random() < 0.3
    ):
        sentences.append(say(rng, banks["support"]["red_flag"], slots))
    return [sentence[0].upper() + sentence[1:] for sentence in sentences]


def _lowered(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _support(rng: Random, case: DrawnCase, item: DrawnItem, slots: _Slots, voice: str) -> list[str]:
    banks = read_banks("rationale")
    shown = [
        aspect
        for aspect, state in item.states.items()
        if state == "shown" and banks["support"][aspect]
    ]
    rng.shuffle(shown)
    support = [say(rng, banks["support"][aspect], slots) for aspect in shown[:3]]
    if case.red_flag:
        support.append(say(rng, banks["support"]["red_flag"], slots))
    if not support or rng.random() < 0.3:
        support.append(say(rng, banks["support"]["none"], slots))
    closing = say(rng, banks["closings"]["overturned"], slots)
    if voice in ("terse", "one_line"):
        return [*support, closing]
    recitals = _recite(
        rng, banks, item.category, 3 if voice == "recital" else 1 + int(rng.random() * 2)
    )
    link = say(rng, banks["links"]["in_this_case"], slots)
    fact = link + _lowered(say(rng, banks["case_facts"], slots))
    opening = (
        [say(rng, banks["openings"]["applicant_overturned"], slots)] if voice == "applicant" else []
    )
    return [*opening, *recitals, fact[0].upper() + fact[1:], *support, closing]
