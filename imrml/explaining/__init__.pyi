from .explanation import (
    ChecklistLine as ChecklistLine,
)
from .explanation import (
    Contribution as Contribution,
)
from .explanation import (
    Explanation as Explanation,
)
from .explanation import (
    LikelyDeficiency as LikelyDeficiency,
)
from .explanation import (
    Mark as Mark,
)
from .explanation import (
    ShownDocument as ShownDocument,
)
from .explanation import (
    TextSection as TextSection,
)
from .explanation import (
    explain as explain,
)
from .summary import headline as headline
from .summary import plain_summary as plain_summary
