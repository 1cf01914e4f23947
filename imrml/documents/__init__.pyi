from .files import walk_letters as walk_letters
from .ocr import read_images as read_images
from .reading import DocumentText as DocumentText
from .reading import LetterFile as LetterFile
from .reading import read_content as read_content
from .reading import read_document as read_document
from .reading import read_text as read_text
