"""An item as a letter words it, taken apart into its parts."""

import re

# "Massage 12 visits was the original request. Massage 4 visits was authorized by the Claims
# Administrator. The remaining ... portion of the original request, Massage 8 visits is"
_PART_AUTHORIZED = re.compile(
    r"^(?P<treatment>.{1,600}?),? (?:was|were) the original "
    r"request\.?\s{1,9}(?P<authorized>.{1,600}?),? (?:was|were) "
    r"(?:authorized|certified|approved) by the Claims Administrator\.?\s{1,9}The remaining IMR[- "
    r"]eligible portion of the "
    r"original request,?\s{0,9}(?P<disputed>.{1,600}?)(?:,?\s{1,9}(?:is|are))?$",
    re.IGNORECASE | re.DOTALL,
)
# "Purchase of a walker was the original request. The Claims Administrator authorized a walker for
# one month, leaving the original request IMR eligible. The original request, purchase of a walker
# is"
_OTHER_AUTHORIZED = re.compile(
    r"^(?P<treatment>.{1,600}?),? (?:was|were) the original request\.?\s{1,9}The Claims "
    r"Administrator authorized "
    r"(?P<authorized>.{1,600}?),? leaving the original request IMR[- ]eligible\.?\s{1,9}The "
    r"original request"
    r",?\s{0,9}(?P<disputed>.{1,600}?)(?:,?\s{1,9}(?:is|are))?$",
    re.IGNORECASE | re.DOTALL,
)


def split_item(item: str) -> tuple[str, str, str]:
    """Split an item into what was first asked for, what was authorized and what is disputed.

    Parameters
    ----------
    item : str
        The item as worded, without its outcome.

    Returns
    -------
    treatment, authorized, disputed : str
        The last two are ``""`` unless the claims administrator authorized a part (about one item in
        ten).

    Examples
    --------
    >>> split_item(
    ...     "Purchase of a cane was the original request. The Claims Administrator "
    ...     "authorized a cane for one month, "
    ...     "leaving the original request IMR eligible. The original request, purchase of a cane is"
    ... )
    ('Purchase of a cane', 'a cane for one month', 'purchase of a cane')
    >>> split_item("Norco 10/325mg #60")
    ('Norco 10/325mg #60', '', '')
    """
    for pattern in (_PART_AUTHORIZED, _OTHER_AUTHORIZED):
        if match := pattern.match(item):
            return (
                match["treatment"].strip(),
                match["authorized"].strip(),
                match["disputed"].strip(),
            )
    return item, "", ""
