"""Functions that harm the process they run in, in a module that worker processes can import."""

import os
import signal
import time

CRASH, HANG, STOPPED, FAIL = b"CRASH-HERE", b"HANG-HERE", b"STOPPED-HERE", b"FAIL-HERE"


def harm(content: bytes) -> None:
    """Do to this process what the content asks for."""
    if CRASH in content:
        os.kill(os.getpid(), signal.SIGSEGV)
    if HANG in content:
        time.sleep(3600)
    if STOPPED in content:  # as if its time were up, which no test need wait for
        raise TimeoutError
    if FAIL in content:
        raise RecursionError(content)


def measure(content: bytes) -> int:
    """Work on content that may be harmful."""
    harm(content)
    return len(content)


def tell_process(_: object) -> int:
    """Tell which process works on this."""
    return os.getpid()


def parse_or_harm(file, limits):
    """Parse a letter without OCR, unless it is a harmful one."""
    from imrml.corpus import batch

    harm(file.content)
    return batch._outcome(file, batch.parse_letter_file(file, limits, reads_pictures=False))


def read_or_harm(file, limits):
    """Read a letter, unless it is a harmful one."""
    from imrml.corpus.batch import parse_letter_file

    harm(file.content)
    return file.source, parse_letter_file(file, limits), ()


def parse_or_fail(file, limits):
    """Parse a letter as if the parser had a fault."""
    from imrml.corpus import batch as parsing

    parsing.parse_letter = lambda *_, **__: harm(file.content)
    return parsing.parse_file(file, limits)
