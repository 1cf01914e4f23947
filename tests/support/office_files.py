"""Fictional Word files, RTF and mails, built by hand: each oddity that readers stumble over."""

import io
import struct
import zipfile
from collections.abc import Sequence
from email.message import EmailMessage

_NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def docx(*blocks: str, **others: bytes) -> bytes:
    """Make a Word file of blocks of its markup."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{_TYPE}"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" '
            'Target="word/document.xml"/></Relationships>',
        )
        archive.writestr(
            "word/document.xml",
            '<?xml version="1.0" encoding="UTF-8"?>'
            f"<w:document {_NAMESPACES}><w:body>{''.join(blocks)}</w:body></w:document>",
        )
        for name, content in others.items():
            archive.writestr(f"word/{name}.xml", content)
    return file.getvalue()


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*runs: str) -> str:
    return f"<w:p>{''.join(one if one.startswith('<') else run(one) for one in runs)}</w:p>"


def table(*rows: Sequence[str]) -> str:
    cells = (
        "".join(f"<w:tc>{cell if cell.startswith('<') else paragraph(cell)}</w:tc>" for cell in row)
        for row in rows
    )
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def control(text: str, properties: str = "") -> str:
    """Make a content control within a paragraph."""
    return f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{run(text)}</w:sdtContent></w:sdt>"


def sign(font: str, place: str) -> str:
    """Make a sign as Word's dialog for symbols inserts it."""
    return f'<w:r><w:sym w:font="{font}" w:char="{place}"/></w:r>'


def inserted(text: str) -> str:
    return f'<w:ins w:id="1" w:author="A">{run(text)}</w:ins>'


def deleted(text: str) -> str:
    return f'<w:del w:id="2" w:author="A"><w:r><w:delText>{text}</w:delText></w:r></w:del>'


def moved(text: str, *, away: bool) -> str:
    tag = "w:moveFrom" if away else "w:moveTo"
    return f'<{tag} w:id="3" w:author="A">{run(text)}</{tag}>'


def text_box(text: str) -> str:
    """Make a text box as Word writes it: once for today, once for old programs."""
    content = f"<w:txbxContent>{paragraph(text)}</w:txbxContent>"
    return (
        "<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wp:inline><a:graphic>"
        f"<a:graphicData><wps:wsp><wps:txbx>{content}</wps:txbx></wps:wsp></a:graphicData>"
        "</a:graphic></wp:inline></w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape>"
        f"<v:textbox>{content}</v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent>"
        "</w:r>"
    )


def mail(text: str, *attachments: tuple[str, str, bytes], html: str = "") -> bytes:
    """Make a mail with attachments: name, kind and bytes of each."""
    message = EmailMessage()
    message["From"], message["To"] = "desk@example.org", "review@example.org"
    message["Subject"] = "Request"
    message["Message-ID"] = "<1@example.org>"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for name, kind, content in attachments:
        main, _, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return bytes(message)


# --- .msg: Microsoft's compound format, as little of it as holds a mail ---------------------------

_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def outlook_mail(body: str, *attachments: tuple[str, bytes]) -> bytes:
    """Make a mail as Outlook keeps it."""
    tree: dict[str, object] = {
        "__nameid_version1.0": {f"__substg1.0_{tag}0102": b"" for tag in ("0002", "0003", "0004")},
        "__substg1.0_1000001F": body.encode("utf-16-le"),
        "__substg1.0_001A001F": "IPM.Note".encode("utf-16-le"),
        "__substg1.0_0037001F": "Request".encode("utf-16-le"),
    }
    for number, (name, content) in enumerate(attachments):
        tree[f"__attach_version1.0_#{number:08X}"] = {
            "__substg1.0_37010102": content,
            "__substg1.0_3707001F": name.encode("utf-16-le"),
            "__properties_version1.0": bytes(8)
            + _property(0x37050003, 1)
            + _property(0x37010102, len(content))
            + _property(0x3707001F, 2 * len(name) + 2),
        }
    tree["__properties_version1.0"] = (
        struct.pack("<8x4I8x", 0, len(attachments), 0, len(attachments))
        + _property(0x1000001F, 2 * len(body) + 2)
        + _property(0x001A001F, 18)
        + _property(0x0037001F, 16)
    )
    return compound_file(tree)


def _property(tag: int, value: int) -> bytes:
    return struct.pack("<IIQ", tag, 6, value)


def compound_file(tree: dict[str, object]) -> bytes:
    """Make a compound file; streams are padded beyond the size of small ones, so it has none."""
    entries: list[list[object]] = []  # name, kind, left, right, child, start, size
    sectors: list[bytes] = []
    chains: list[int] = []

    def store(content: bytes) -> int:
        start = len(sectors)
        pieces = [content[at : at + _SECTOR] for at in range(0, len(content), _SECTOR)]
        for number, piece in enumerate(pieces, start=1):
            sectors.append(piece.ljust(_SECTOR, b"\0"))
            chains.append(start + number if number < len(pieces) else _END)
        return start

    small: list[bytes] = []
    mini_chains: list[int] = []

    def store_small(content: bytes) -> int:
        start = len(small)
        pieces = [content[at : at + 64] for at in range(0, len(content), 64)]
        for number, piece in enumerate(pieces, start=1):
            small.append(piece.ljust(64, b"\0"))
            mini_chains.append(start + number if number < len(pieces) else _END)
        return start

    def add(name: str, node: object) -> int:
        place = len(entries)
        entries.append([name, 1 if isinstance(node, dict) else 2, _FREE, _FREE, _FREE, 0, 0])
        if isinstance(node, dict):
            entries[place][4] = add_all(node)
        else:
            assert isinstance(node, bytes)
            store_one = store if len(node) >= 4096 else store_small
            entries[place][5:] = [store_one(node) if node else _END, len(node)]
        return place

    def add_all(children: dict[str, object]) -> int:
        """Add siblings as a tree in the order that the format asks for: length, then letters."""
        names = sorted(children, key=lambda name: (len(name), name.upper()))

        def balance(some: Sequence[str]) -> int:
            if not some:
                return _FREE
            middle = len(some) // 2
            place = add(some[middle], children[some[middle]])
            entries[place][2] = balance(some[:middle])
            entries[place][3] = balance(some[middle + 1 :])
            return place

        return balance(names)

    entries.append(["Root Entry", 5, _FREE, _FREE, _FREE, _END, 0])
    entries[0][4] = add_all(tree)
    if small:
        content = b"".join(small)
        entries[0][5:] = [store(content), len(content)]
    mini_fat = b"".join(struct.pack("<I", link) for link in mini_chains)
    mini_start = store(mini_fat.ljust(-(-len(mini_fat) // _SECTOR) * _SECTOR, b"\xff"))
    directory = b"".join(_directory_entry(*entry) for entry in entries)
    directory = directory.ljust(-(-len(directory) // _SECTOR) * _SECTOR, b"\0")
    directory_start = store(directory)
    n_fat = 1
    while n_fat * (_SECTOR // 4) < len(sectors) + n_fat:
        n_fat += 1
    fat_start = len(sectors)
    chains += [_FAT] * n_fat
    fat = b"".join(struct.pack("<I", link) for link in chains)
    fat = fat.ljust(n_fat * _SECTOR, b"\xff")
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        0x3E, 3, 0xFFFE, 9, 6,
        0, n_fat, directory_start, 0, 4096,
        mini_start, len(mini_fat.ljust(_SECTOR)) // _SECTOR or 1, _END, 0, fat_start,
    )  # fmt: skip
    header += b"".join(struct.pack("<I", fat_start + number) for number in range(1, n_fat))
    return header.ljust(_SECTOR, b"\xff") + b"".join(sectors) + fat


def _directory_entry(
    name: str, kind: int, left: int, right: int, child: int, start: int, size: int
) -> bytes:
    coded = name.encode("utf-16-le") + b"\0\0"
    return struct.pack(
        "<64sHBBIII16xI16xIQ", coded.ljust(64, b"\0"), len(coded), kind, 1, left, right, child, 0,
        start, size,
    )  # fmt: skip
