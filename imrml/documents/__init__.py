"""Letters as they come (files, folders, globs, archives, stdin) to bytes, and bytes to text; all of it with limits."""

from imrml.documents.archives import ARCHIVE_ENDINGS, LETTER_ENDINGS
from imrml.documents.files import walk_letters
from imrml.documents.reading import Document, LetterFile, read_document, read_text

__all__ = [
    "ARCHIVE_ENDINGS",
    "LETTER_ENDINGS",
    "Document",
    "LetterFile",
    "read_document",
    "read_text",
    "walk_letters",
]
