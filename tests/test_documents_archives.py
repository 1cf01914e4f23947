"""Archives: members as letters, in order; hostile ones cost a row, never the run, never memory."""

import gzip
import io
import sys
import tarfile
import zipfile

import pytest

from imrml.config import load_config
from imrml.documents import walk_letters
from imrml.documents.zip_parts import open_parts

LIMITS = load_config().limits
TIGHT = LIMITS.model_copy(update={"max_bytes": 3_000_000})


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def taped(members: dict[str, bytes | tarfile.TarInfo], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in members.items():
            if isinstance(content, bytes):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            else:
                archive.addfile(content)
    return buffer.getvalue()


PACKERS = {
    "letters.zip": zipped,
    "letters.tar": taped,
    "letters.tar.gz": lambda members: taped(members, "w:gz"),
}


def read(tmp_path, content: bytes, name: str = "letters.zip", limits=LIMITS) -> dict[str, str]:
    """Source within the archive -> text, or reason in brackets."""
    path = tmp_path / name
    path.write_bytes(content)
    within = f"{tmp_path}/"
    return {
        letter.source.removeprefix(within): f"[{letter.error.reason}]"
        if letter.error
        else letter.content.decode("latin-1")
        for letter in walk_letters([path], limits)
    }


@pytest.mark.parametrize("name", PACKERS)
def test_members_come_in_their_order_with_their_name(tmp_path, name):
    members = {
        "b/CM15.pdf": b"one",
        "a.TXT": b"two",
        "notes.doc": b"no",
        "__MACOSX/._a.txt": b"no",
        "b/._CM15.pdf": b"no",
    }
    assert read(tmp_path, PACKERS[name](members), name) == {
        f"{name}!b/CM15.pdf": "one",
        f"{name}!a.TXT": "two",
    }


@pytest.mark.parametrize("name", PACKERS)
def test_an_archive_in_a_folder_is_opened_and_known_by_its_bytes(tmp_path, name):
    assert read(tmp_path, PACKERS[name]({"a.txt": b"one"}), "misnamed.txt") == {
        "misnamed.txt!a.txt": "one"
    }
    (tmp_path / "b.txt").write_bytes(b"two")
    assert [letter.stem for letter in walk_letters([tmp_path], LIMITS)] == ["b", "a"]


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize(
    "member", ["../a.txt", "/etc/a.txt", "x/../../a.txt", "C:\\a.txt", "..\\a.txt"]
)
def test_a_name_that_leads_out_is_refused(tmp_path, name, member):
    texts = read(tmp_path, PACKERS[name]({member: b"out", "good.txt": b"in"}), name)
    assert texts == {f"{name}!{member}": "[unsafe_path]", f"{name}!good.txt": "in"}


def test_links_and_devices_are_refused(tmp_path):
    entries = {}
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        info = tarfile.TarInfo(f"{int(kind)}.txt")
        info.type, info.linkname = kind, "/etc/passwd"
        entries[info.name] = info
    assert set(read(tmp_path, taped(entries), "l.tar").values()) == {"[unsafe_path]"}
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert read(tmp_path, buffer.getvalue()) == {"letters.zip!link.txt": "[unsafe_path]"}


@pytest.mark.parametrize("name", PACKERS)
def test_nested_archives_are_refused_under_any_name(tmp_path, name):
    inner = zipped({"a.txt": b"inner"})
    texts = read(
        tmp_path,
        PACKERS[name]({"in.zip": inner, "in.tgz": b"x", "in.txt": inner, "good.txt": b"in"}),
        name,
    )
    assert list(texts.values()) == ["[nested_archive]"] * 3 + ["in"]


@pytest.mark.parametrize("name", ["letters.zip", "letters.tar.gz"])
def test_a_bomb_is_stopped_while_it_inflates(tmp_path, name):
    bomb = PACKERS[name]({"first.txt": b"in", "bomb.txt": bytes(2_500_000), "last.txt": b"after"})
    assert len(bomb) < 5000
    texts = read(tmp_path, bomb, name, TIGHT)
    assert texts[f"{name}!first.txt"] == "in"
    assert "[decompression_bomb]" in texts.values()
    # a zip can be read behind the bomb, a tape cannot
    assert (f"{name}!last.txt" in texts) == (name == "letters.zip")


def test_many_small_bombs_are_one_bomb(tmp_path):
    texts = read(
        tmp_path, zipped({f"{number}.txt": b" " * 990_000 for number in range(300)}), limits=TIGHT
    )
    assert list(texts.values()).count("[decompression_bomb]") == 1
    assert texts["letters.zip"] == "[decompression_bomb]"
    assert len(texts) < 200


def test_a_size_in_a_header_is_not_believed(tmp_path):
    content = bytes(2_500_000)
    honest = zipped({"bomb.txt": content})
    assert honest.count(len(content).to_bytes(4, "little")) == 2
    small = honest.replace(len(content).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert read(tmp_path, small, limits=TIGHT) == {"letters.zip!bomb.txt": "[damaged_archive]"}
    n_packed = zipfile.ZipFile(io.BytesIO(honest)).infolist()[0].compress_size
    roomy = honest.replace(n_packed.to_bytes(4, "little"), (2_000_000_000).to_bytes(4, "little"))
    [roomy_one] = read(tmp_path, roomy, limits=TIGHT).values()
    assert roomy_one in {
        "[damaged_archive]",
        "[decompression_bomb]",
    }  # Python may tell by itself that entries overlap


@pytest.mark.parametrize("name", PACKERS)
def test_a_member_has_the_size_of_a_letter(tmp_path, name):
    content = bytes(index * index % 251 for index in range(30_000))
    small = LIMITS.model_copy(update={"max_bytes": 20_000})
    texts = read(tmp_path, PACKERS[name]({"big.txt": content, "good.txt": b"in"}), name, small)
    assert texts == {f"{name}!big.txt": "[too_large]", f"{name}!good.txt": "in"}


def test_a_header_of_a_tape_is_not_believed(tmp_path):
    long_name = tarfile.TarInfo("a.txt")
    long_name.type, long_name.size = tarfile.GNUTYPE_LONGNAME, 8_000_000_000
    assert read(tmp_path, long_name.tobuf(tarfile.GNU_FORMAT) + bytes(4096), "letters.tar") == {
        "letters.tar": "[damaged_archive]"
    }
    holes = tarfile.TarInfo("holes.txt")
    holes.type, holes.size = tarfile.GNUTYPE_SPARSE, 0
    header = bytearray(holes.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"77777777777\0"  # the size with its holes
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    assert read(tmp_path, bytes(header) + bytes(1024), "letters.tar") == {
        "letters.tar!holes.txt": "[decompression_bomb]"
    }


@pytest.mark.parametrize("name", ["letters.tar", "letters.tar.gz"])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_of_half_a_tape_stays_what_was_read(tmp_path, name, share):
    members = {
        f"{number}.txt": bytes((number * 7 + index * index) % 251 for index in range(5000))
        for number in range(20)
    }
    whole = PACKERS[name](members)
    texts = read(tmp_path, whole[: int(share * len(whole))], name)
    *read_on, last = texts.items()
    assert last == (name, "[damaged_archive]")
    assert dict(read_on) == {
        f"{name}!{key}": members[key].decode("latin-1") for key in list(members)[: len(read_on)]
    }
    assert len(read_on) >= int(share * 20) - 3


def test_a_tape_without_its_end_mark_is_told(tmp_path):
    whole = taped({"a.txt": b"one"})
    assert read(tmp_path, whole[:1024], "letters.tar") == {
        "letters.tar!a.txt": "one",
        "letters.tar": "[damaged_archive]",
    }
    assert (
        read(tmp_path, whole[:1024] + b"\1" * 1024, "letters.tar")["letters.tar"]
        == "[damaged_archive]"
    )


def test_half_a_zip_is_told(tmp_path):
    whole = zipped({"a.txt": b"one" * 100})
    assert read(tmp_path, whole[: len(whole) // 2]) == {"letters.zip": "[damaged_archive]"}


def test_a_zip_of_many_members_is_opened_in_parts(tmp_path):
    members = {f"{number}.txt": b"letter %d" % number for number in range(8000)}
    whole = bytearray(zipped(members, zipfile.ZIP_STORED))
    parts = [part.namelist() for part in open_parts(io.BytesIO(whole))]
    assert max(map(len, parts)) < 6000
    assert [name for part in parts for name in part] == list(members)
    as_text = {f"letters.zip!{name}": content.decode() for name, content in members.items()}
    assert read(tmp_path, bytes(whole)) == as_text
    record = whole.index(b"PK\x01\x02", whole.index(b"PK\x01\x02") + 400_000)
    whole[record : record + 2] = b"no"
    *read_on, last = read(tmp_path, bytes(whole)).items()
    assert last == ("letters.zip", "[damaged_archive]")
    assert dict(read_on).items() < as_text.items()
    assert read_on


def test_bytes_before_a_zip_and_a_comment_behind_it_do_no_harm(tmp_path):
    buffer = io.BytesIO(b"PK\x03\x04 a program that unpacks itself")
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("a.txt", "one")
        archive.comment = b"from the mail room"
    assert read(tmp_path, buffer.getvalue()) == {"letters.zip!a.txt": "one"}


def test_the_large_end_of_a_directory_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    large = zipped({f"{number}.txt": b"in" for number in range(5)})
    assert b"PK\x06\x06" in large
    assert list(read(tmp_path, large).values()) == ["in"] * 5
    assert read(tmp_path, large.replace(b"PK\x06\x06", b"PK\x06\x00")) == {
        "letters.zip": "[damaged_archive]"
    }


@pytest.mark.parametrize(("place", "lie"), [(12, 1_000_000), (16, 1_000_000), (12, 40), (12, 0)])
def test_what_the_end_of_a_zip_says_of_its_directory_is_not_believed(tmp_path, place, lie):
    whole = bytearray(zipped({"a.txt": b"one", "b.txt": b"two"}))
    end = whole.index(b"PK\x05\x06")
    whole[end + place : end + place + 4] = lie.to_bytes(4, "little")
    expected = "[no_letters]" if lie == 0 else "[damaged_archive]"
    assert read(tmp_path, bytes(whole)) == {"letters.zip": expected}


def test_damage_in_one_member_of_a_zip_costs_one_row(tmp_path):
    whole = bytearray(
        zipped({"a.txt": b"one one one", "b.txt": b"two two two"}, zipfile.ZIP_STORED)
    )
    at = whole.index(b"one one")
    whole[at : at + 3] = b"eno"
    assert read(tmp_path, bytes(whole)) == {
        "letters.zip!a.txt": "[damaged_archive]",
        "letters.zip!b.txt": "two two two",
    }


def test_encrypted_and_foreign_members_of_a_zip(tmp_path):
    whole = bytearray(zipped({"a.txt": b"one", "b.txt": b"two"}))
    directory = whole.index(b"PK\x01\x02")
    whole[6] |= 1
    whole[directory + 8] |= 1
    assert read(tmp_path, bytes(whole)) == {
        "letters.zip!a.txt": "[password_protected]",
        "letters.zip!b.txt": "two",
    }
    assert read(tmp_path, zipped({"a.txt": b"one"}, zipfile.ZIP_LZMA)) == {
        "letters.zip!a.txt": "[unreadable]"
    }


def test_two_members_of_one_name_are_both_read(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.txt", "two")
    (tmp_path / "l.zip").write_bytes(buffer.getvalue())
    assert [letter.content for letter in walk_letters([tmp_path / "l.zip"], LIMITS)] == [
        b"one",
        b"two",
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (zipped({}), "no_letters"),
        (zipped({"word/document.xml": b"<xml/>"}), "no_letters"),
        (taped({}, "w:gz"), "no_letters"),
        (gzip.compress(b"one letter alone", mtime=0), "damaged_archive"),
        (b"PK\x03\x04 and then nothing", "damaged_archive"),
        (b"\x1f\x8b", "damaged_archive"),
    ],
    # Archives hold the time at which they were made; as names of tests they would differ between
    # two workers.
    ids=[
        "empty zip",
        "no letter in a zip",
        "empty tape",
        "no tape in a gzip",
        "begins like a zip",
        "begins like a gzip",
    ],
)
def test_what_is_no_archive_of_letters(tmp_path, content, reason):
    assert read(tmp_path, content) == {"letters.zip": f"[{reason}]"}


@pytest.mark.parametrize("name", PACKERS)
def test_stdin_is_a_letter_or_an_archive(monkeypatch, name):
    def letters(content: bytes) -> list[tuple[str, bytes]]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        return [
            (letter.source, letter.content or letter.error.reason)
            for letter in walk_letters(["-"], LIMITS)
        ]

    assert letters(PACKERS[name]({"a.txt": b"one"})) == [("stdin!a.txt", b"one")]
    assert letters(b"%PDF-1.7") == [("stdin", b"%PDF-1.7")]
    assert letters(b"a" * (LIMITS.max_bytes + 1)) == [("stdin", "too_large")]
