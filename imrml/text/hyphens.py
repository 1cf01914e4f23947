"""Words that a line's end broke at a hyphen: whether the hyphen is the word's own.

The list of words is SCOWL's, size 35, American (Debian's ``wamerican-small``), lower-case words
only. Copyright 2000-2011 by Kevin Atkinson. Permission to use, copy, modify, distribute and sell
these word lists, the associated scripts, the output created from the scripts, and its documentation
for any purpose is hereby granted without fee, provided that the above copyright notice appears in
all copies and that both that copyright notice and this permission notice appear in supporting
documentation. Kevin Atkinson makes no representations about the suitability of this array for any
purpose. It is provided "as is" without express or implied warranty.
"""

import gzip
import re
from functools import cache
from importlib.resources import files

_LETTERS_AT_END = re.compile(r"(?<![^\W\d_])[^\W\d_]+\Z")
_LETTERS_AT_START = re.compile(r"[^\W\d_]+")

# First parts of Greek and Latin that medicine writes without a hyphen. The list of words is of
# everyday English and lacks most of what they begin.
_JOINING = re.compile(
    "arthro|cardio|cephalo|cerebro|cervico|chemo|chondro|costo|cranio|cyto|dermato|electro|"
    "encephalo|endo|entero|fibro|gastro|gyneco|hemato|hemo|hepato|hydro|hyper|hypo|immuno|"
    "laparo|lumbo|lympho|meta|micro|musculo|myelo|myo|nephro|neuro|ophthalmo|ortho|osteo|oto|"
    "para|patho|peri|pharmaco|physio|pneumo|poly|procto|psycho|pulmo|radio|radiculo|retino|"
    "rheumato|spondylo|teno|thermo|thoraco|thrombo|tracheo|trans|ultra|uro|vaso|vertebro|"
    "viscero"
)
# First parts that letters write with a hyphen before whatever follows them.
_HYPHENATING = re.compile("all|anti|co|cross|ex|high|low|mid|multi|non|post|pre|self|semi|well")

# Words of letters that are in no list of everyday English, and whose parts look like words with a
# hyphen between them; without the s of a plural.
_WHOLE = frozenset(
    (  # noqa: SIM905 (a word a string would be a page of strings)
        "abduction adson airway allegra allodynia allopurinol antacid antagonist antalgic "
        "anticoagulant anticonvulsant antidepressant antiemetic antiepileptic antihistamine "
        "antihypertensive antispasticity aromatherapy augmentin bankart buspar carbonate carpal "
        "chantix claimant coccyx cochlear codeine colace colchicine colitis colonoscopy "
        "commensurate comorbid comorbidity compazine compliance compression concentrator "
        "concomitant conduction congenital constipation contemplate contracture contraindicated "
        "contraindication contusion convulsant corticosteroid cortisone coumadin cozaar crestor "
        "depressant developmental dosage elmiron endpoint exacerbate exacerbation excision exelon "
        "exertional exoskeleton exostosis extenuating extracorporeal extremity extrusion flexion "
        "ganglion homebound inhibitor inpatient insole labrum lipid malalignment malingering "
        "malunion maximal maximally medial midazolam mindfulness modality multidisciplinary "
        "neurontin plantar plaquenil platelet prednisolone prednisone pregabalin premarin "
        "prescriber prevacid prostate prosthesis prosthetic protonix provigil reconstructive "
        "reflux relaxant sacrum salonpas shockwave subacute subspecialty tendinitis tendinopathy "
        "wellbutrin zipsor"
    ).split()
)


def keeps_hyphen(before: str, after: str, document: str) -> bool:
    """Tell whether a hyphen at a line's end is the word's own.

    The document's own words decide, then what no syllable is, then a list of words. Where nothing
    tells, a hyphen between two words of the list stays, and the parts of anything else join.

    Parameters
    ----------
    before : str
        What stands before the hyphen, at least its last word.
    after : str
        What stands behind the line's end.
    document : str
        The whole text, case-folded.

    Returns
    -------
    bool
        Whether the hyphen stays.

    Examples
    --------
    >>> own = "a red-flag sign, and a flareup."
    >>> [keeps_hyphen(*pair, own) for pair in (("red", "flag"), ("a flare", "up of pain"))]
    [True, False]
    >>> [keeps_hyphen(*pair, own) for pair in (("X", "ray"), ("L4", "5"), ("Non", "MTUS"))]
    [True, True, True]
    >>> [keeps_hyphen(*pair, own) for pair in (("guide", "lines"), ("radicul", "opathy"))]
    [False, False]
    >>> [keeps_hyphen(*pair, own) for pair in (("car", "pal"), ("relax", "ants"))]
    [False, False]
    >>> keeps_hyphen("The follow", "up visit", own), keeps_hyphen("range-of", "motion", own)
    (True, True)
    """
    left_match = _LETTERS_AT_END.search(before)
    right_match = _LETTERS_AT_START.match(after)
    if left_match is None or right_match is None:
        return True
    left, right = left_match[0].casefold(), right_match[0].casefold()
    has_whole, has_parts = _holds(document, left + right), _holds(document, f"{left}-{right}")
    if has_whole or has_parts:
        return not has_whole
    if (
        min(len(left), len(right)) == 1  # "X-ray", "H-wave"
        or right_match[0].islower() == left_match[0].isupper()  # "Patrick-Faber", "FDA-approved"
        or before[: left_match.start()].endswith("-")
        or after[right_match.end() :].startswith("-")
    ):
        return True
    whole = left + right
    if whole in english_words() or whole.removesuffix("s") in _WHOLE or _JOINING.fullmatch(left):
        return False
    return bool(_HYPHENATING.fullmatch(left)) or {left, right} <= english_words()


def _holds(document: str, word: str) -> bool:
    """Tell whether a text has a word, whole and not as a part of another."""
    at = document.find(word)
    while at >= 0:
        before, after = document[max(at - 1, 0) : at], document[at + len(word) :][:1]
        if not (before.isalnum() or after.isalnum() or after == "-"):
            return True
        at = document.find(word, at + 1)
    return False


@cache
def english_words() -> frozenset[str]:
    """Give the words of everyday English.

    Returns
    -------
    frozenset of str
        Lower-case.

    Examples
    --------
    >>> "knee" in english_words(), "knce" in english_words()
    (True, False)
    """
    packed = files("imrml.text").joinpath("english_words.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode("ascii").split())
