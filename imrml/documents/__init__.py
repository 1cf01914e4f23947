"""Letters as they come (files, folders, globs, archives, stdin) to bytes, and bytes to text; all of it with limits."""

from imrml.documents.files import walk_letters
from imrml.documents.reading import Document, LetterFile, read_document, read_text

__all__ = ["Document", "LetterFile", "read_document", "read_text", "walk_letters"]
