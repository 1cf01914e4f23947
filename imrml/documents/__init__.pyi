from .archives import ARCHIVE_ENDINGS as ARCHIVE_ENDINGS
from .archives import LETTER_ENDINGS as LETTER_ENDINGS
from .files import walk_letters as walk_letters
from .reading import Document as Document
from .reading import LetterFile as LetterFile
from .reading import read_document as read_document
from .reading import read_text as read_text
