"""Walk through the page as a clerk would and take the pictures of the documentation."""

import argparse
import csv
import io
import shutil
from itertools import cycle
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parents[2] / "docs" / "images"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
]  # fmt: skip
TREATMENT = "Norco 10/325mg #60, one tablet three times a day"
NOTES = (
    "The patient is a 52 year old female baker who hurt her low back lifting trays on 03/01/2014. "
    "The ache is in the middle of the lower back and goes down to the left buttock. It is worse "
    "in the morning, in the car and at the end of a shift, and wakes her twice a night. Her work "
    "has her on her feet for eight hours, with sacks of flour to carry. She lives with her "
    "husband and two sons. Blood pressure is treated with lisinopril. Low back pain is 8/10 "
    "without and 5/10 with medication. She takes Norco three times a day since 2014. CURES was "
    "checked on 3/2/15 and was consistent. No urine drug screen is on file. She is able to cook "
    "and walk 20 minutes with the medication. A pain agreement was signed in 2014. Lumbar range "
    "of motion is reduced. She finished 12 visits of physical therapy without lasting relief. "
    "Home exercises are done daily. A repeat urine drug screen is ordered for the next visit."
)
ITEMS = (
    "1. Norco 10/325mg #60",
    "2. MRI of the lumbar spine without contrast",
    "3. PT 2x6 low back",
)
OTHERS = (
    (
        "MRI of the left knee without contrast",
        "knee pain since a fall in May, no locking, exam not recorded",
    ),
    (
        "PT 2x6 R shldr",
        "44 yo warehouse worker, R shoulder strain. 6 visits done, can reach overhead again, "
        "strength still reduced.",
    ),
    ("Flexeril 7.5mg #90", "spasm in the neck. takes it since 2013 most nights."),
    ("cane", ""),
)
N_ROWS = 200
COLOURS = 200
"""Enough for a page without photographs, in a third of the bytes."""


def shoot(page: Page, name: str) -> None:
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size:,} bytes")


def send(page: Page, treatment: str = TREATMENT, heading: str = TREATMENT) -> None:
    page.get_by_label("Treatment requested").fill(treatment)
    page.get_by_label("Diagnosis, with ICD-10").fill("M54.5 low back pain")
    page.get_by_label("Report, or the whole request").fill(NOTES)
    page.get_by_role("button", name="Look at this request").click()
    page.get_by_role("heading", level=1, name=heading).wait_for()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--address", default="http://127.0.0.1:8444", help="Where `imrml serve` answers."
    )
    address = parser.parse_args().address
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS) as browser,
    ):
        wide = browser.new_context(
            base_url=address, viewport={"width": 1280, "height": 1340}
        ).new_page()
        wide.goto("/")
        wide.set_viewport_size({"width": 1280, "height": 900})
        shoot(wide, "start")
        wide.set_viewport_size({"width": 1280, "height": 1340})
        send(wide)
        wide.locator(".lines li", has_text="re-scores").locator("input:enabled").first.check()
        wide.locator("#what-if .changes").wait_for()
        wide.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
        shoot(wide, "result")
        wide.goto("/")
        send(wide, "\n".join(ITEMS), f"{len(ITEMS)} items in this request")
        wide.set_viewport_size({"width": 1280, "height": 1200})
        shoot(wide, "items")
        phone = browser.new_context(
            base_url=address, viewport={"width": 390, "height": 844}, color_scheme="dark"
        ).new_page()
        phone.goto("/")
        send(phone)
        shoot(phone, "phone")
        table = io.StringIO()
        rows = csv.writer(table)
        rows.writerow(["Requests of May, desk 4", "", ""])
        rows.writerow(["Claim no", "Tx requested", "Report"])
        requests = cycle([(TREATMENT, NOTES), *OTHERS])
        rows.writerows([f"a-{number}", *next(requests)] for number in range(1, N_ROWS + 1))
        wide.set_viewport_size({"width": 1280, "height": 1000})
        wide.get_by_role("link", name="Many requests").click()
        wide.get_by_label("Table of requests").set_input_files(
            {"name": "requests.csv", "mimeType": "text/csv", "buffer": table.getvalue().encode()}
        )
        wide.get_by_role("button", name="Score the table").click()
        wide.get_by_role("heading", name=f"{N_ROWS} requests").wait_for()
        shoot(wide, "many")


if __name__ == "__main__":
    main()
