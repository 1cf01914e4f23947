"""A person's path through the page in a real browser: widths, colours, without JavaScript."""

import contextlib
import csv
import shutil
import threading
from pathlib import Path

import pytest
import uvicorn
from fuzz_targets import plain_pdf
from model_factories import served_model
from playwright.sync_api import expect, sync_playwright

from imrml.scoring.in_words import DEMO
from imrml.web.app import create_app

CHROMIUM = shutil.which("chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--disable-dev-shm-usage"),
]
PATIENCE = 300_000
"""Milliseconds; a guard against hanging, not a measure."""
AXE = Path(__file__).with_name("vendored") / "axe.min.js"
NOTES = (
    "The cook hurt the low back on 3/1/2014. Pain is 8/10 without and 5/10 with the tablets. "
    "CURES was checked on 3/2/15. No urine drug screen is on file. " + "Hm " * 12
)
REFUSED = "422"
"""What a browser's console and htmx say of a form that comes back with its problems."""
pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None, reason="no chromium on this machine; .ci/run installs Debian's"
    ),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def address():
    config = uvicorn.Config(
        create_app(served_model(), allow_demo=True), port=0, log_level="error", access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
        assert thread.is_alive(), "the server ended by itself"
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(30)


@pytest.fixture(scope="module")
def browser():
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, timeout=PATIENCE
        ) as browser,
    ):
        yield browser


@pytest.fixture
def visit(browser, address):
    """Open a page as one kind of visitor; nothing may leave the machine or break the policy."""
    with contextlib.ExitStack() as stack:
        problems = []

        def open_page(width=1440, scheme="light", has_script=True, height=900):
            context = browser.new_context(
                base_url=address,
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                java_script_enabled=has_script,
            )
            stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            page.on(
                "request",
                lambda request: (
                    request.url.startswith((address, "data:")) or problems.append(request.url)
                ),
            )
            page.on(
                "console",
                lambda message: (
                    message.type == "error"
                    and REFUSED not in message.text
                    and problems.append(message.text)
                ),
            )
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.goto("/")
            return page

        yield open_page
        assert problems == []


def require_accessible(page):
    page.evaluate(AXE.read_text(encoding="utf-8"))
    violations = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    serious = []
    for violation in violations:
        if violation["impact"] in ("serious", "critical"):
            places = [node["target"] for node in violation["nodes"]]
            serious.append((violation["id"], places[:3]))
    assert serious == []


def require_fits(page):
    page.wait_for_load_state()  # what is attached may have no style yet
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def send_request(page):
    page.get_by_label("Treatment requested").fill("Norco 10/325mg #60")
    page.get_by_label("Report, or the whole request").fill(NOTES)
    page.get_by_role("button", name="Look at this request").click()
    page.get_by_role("heading", level=1, name="Norco 10/325mg #60").wait_for()


def requests_table(path, n_rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["request_id", "treatment", "notes"])
        rows.writerows(
            [
                f"r-{number:03}",
                "Norco 10/325mg #60" if number % 2 else "MRI of the left knee",
                NOTES,
            ]
            for number in range(n_rows)
        )
    return path


@pytest.mark.parametrize(
    ("width", "scheme", "n_rows"),
    [(390, "light", 12), (390, "dark", 200), (1440, "light", 200), (1440, "dark", 12)],
)
def test_a_persons_path(visit, width, scheme, n_rows, tmp_path):
    page = visit(width, scheme)
    assert DEMO in page.locator("body").inner_text()
    require_fits(page)
    require_accessible(page)

    send_request(page)
    assert page.locator(".big").inner_text()[0].isdigit()
    assert page.locator("mark.shown").first.is_visible()
    require_fits(page)
    require_accessible(page)

    page.get_by_text("Change the request").click()
    page.get_by_label("Or send it as a file").set_input_files(
        {
            "name": "report.pdf",
            "mimeType": "application/pdf",
            "buffer": plain_pdf([["A pain agreement was signed in 2014."]]),
        }
    )
    page.get_by_role("button", name="Look at this request").click()
    page.locator("mark.shown", has_text="pain agreement").wait_for()

    page.get_by_role("link", name="Many requests").click()
    page.get_by_label("Table of requests").set_input_files(
        requests_table(tmp_path / "requests.csv", n_rows)
    )
    page.get_by_role("button", name="Score the table").click()
    page.get_by_role("heading", name=f"{n_rows} requests").wait_for()
    require_fits(page)
    require_accessible(page)
    first = page.locator("table.results tbody th").first
    assert first.inner_text() == "r-000"
    by_request = page.get_by_role("button", name="Request", exact=True)
    by_request.click()
    by_request.click()
    assert first.inner_text() == f"r-{n_rows - 1:03}"
    with page.expect_download() as download:
        page.get_by_role("link", name="Download results (CSV)").click()
    with Path(download.value.path()).open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == n_rows


def test_a_tick_re_scores_at_once(visit):
    page = visit()
    send_request(page)
    panel = page.locator("#what-if")
    before = panel.inner_text()
    page.locator(".lines li", has_text="re-scores").locator("input:enabled").first.check()
    panel.locator(".changes").wait_for()
    assert panel.inner_text() != before
    assert page.url.endswith("/result")
    require_accessible(page)


@pytest.mark.parametrize("late", ["htmx.min.js", "page.js"])
def test_a_tick_made_before_the_script_came_re_scores(visit, late):
    page = visit()
    held = []

    def hold(route):
        held.append(route)

    page.route(f"**/static/{late}*", hold)
    page.get_by_label("Treatment requested").fill("Norco 10/325mg #60")
    page.get_by_label("Report, or the whole request").fill(NOTES)
    page.get_by_role("button", name="Look at this request").click(no_wait_after=True)
    page.get_by_role("heading", level=1, name="Norco 10/325mg #60").wait_for()
    page.locator(".lines li", has_text="re-scores").locator("input:enabled").first.check()
    while not held:
        page.wait_for_timeout(50)
    held[0].continue_()
    page.locator("#what-if .changes").wait_for()


def overlap(one, other):
    return (
        one["x"] < other["x"] + other["width"]
        and other["x"] < one["x"] + one["width"]
        and one["y"] < other["y"] + other["height"]
        and other["y"] < one["y"] + one["height"]
    )


@pytest.mark.parametrize(("width", "height"), [(390, 600), (1440, 600), (390, 844), (1440, 900)])
def test_the_answer_covers_no_line_of_the_checklist(visit, width, height):
    page = visit(width, height=height)
    send_request(page)
    panel = page.locator("#what-if")
    page.locator(".lines li", has_text="re-scores").locator("input:enabled").first.check()
    panel.locator(".changes").wait_for()
    labels = page.locator(".lines label:has(input:enabled)")
    assert labels.count() > 3
    for label in labels.all():
        box = label.locator("input")
        box.focus()
        assert not overlap(label.bounding_box(), panel.bounding_box())
        assert 0 <= box.bounding_box()["y"] < height


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("has_script", [True, False])
def test_three_items_are_answered_together(visit, width, has_script):
    page = visit(width, has_script=has_script)
    page.get_by_label("Treatment requested").fill(
        "1. Norco 10/325mg #60\n2. MRI of the left knee\n3. Oxycodone 10mg #90"
    )
    page.get_by_label("Report, or the whole request").fill(NOTES)
    page.get_by_role("button", name="Look at this request").click()
    page.get_by_role("heading", level=1, name="3 items in this request").wait_for()
    cells = page.locator("table.overview tbody tr").first.locator("td")
    assert cells.count() == 5
    assert all(cell.is_visible() for cell in cells.all())
    page.locator("table.overview").get_by_role("link", name="MRI of the left knee").click()
    assert page.url.endswith("#item-2")
    require_fits(page)
    if not has_script:
        return
    require_accessible(page)
    line = page.locator("#item-1 .lines li", has_text="re-scores").first
    document = line.locator("input").get_attribute("value")
    line.locator("input").check()
    page.locator("#what-if .changes").first.wait_for()
    for box in page.locator(f'input[value="{document}"]:enabled').all():
        assert box.is_checked()
    assert "Norco 10/325mg #60" in page.locator("#what-if").inner_text()


def test_back_brings_the_form_as_it_was_sent(visit):
    page = visit()
    page.get_by_text("After utilization review").first.click()
    page.get_by_label("Part still in dispute").fill("6 visits")
    send_request(page)
    page.go_back()
    assert page.get_by_label("Treatment requested").input_value() == "Norco 10/325mg #60"
    assert page.get_by_label("Report, or the whole request").input_value() == NOTES
    disputed = page.get_by_label("Part still in dispute")
    assert disputed.is_visible()
    assert disputed.input_value() == "6 visits"
    page.get_by_role("link", name="imrml").click()
    expect(page.get_by_label("Treatment requested")).to_have_value("")


@pytest.mark.parametrize("width", [390, 1440])
def test_words_without_end_wrap(visit, width, tmp_path):
    page = visit(width)
    endless = "pneumonoultramicroscopic" * 12
    page.get_by_label("Treatment requested").fill(endless)
    page.get_by_label("Diagnosis, with ICD-10").fill(endless)
    page.get_by_label("Report, or the whole request").fill(endless * 3)
    page.get_by_role("button", name="Look at this request").click()
    page.locator("#checklist").wait_for(state="attached")
    require_fits(page)
    page.get_by_role("link", name="Many requests").click()
    path = tmp_path / "requests.csv"
    path.write_text(f"request_id,treatment\n{endless},{endless}\n")
    page.get_by_label("Table of requests").set_input_files(path)
    page.get_by_role("button", name="Score the table").click()
    page.get_by_role("heading", name="1 request").wait_for()
    require_fits(page)


def test_paper_says_when_and_which_model(visit):
    page = visit()
    send_request(page)
    page.emulate_media(media="print")
    stamp = page.locator(".stamp")
    assert stamp.is_visible()
    assert served_model().manifest["model_version"] in stamp.inner_text()
    assert not page.get_by_role("button", name="Print").is_visible()
    assert not page.get_by_text("Change the request").is_visible()


def test_a_tick_that_cannot_be_answered_leaves_no_older_figures(visit):
    page = visit()
    send_request(page)
    lines = page.locator(".lines li", has_text="re-scores").locator("input:enabled")
    lines.first.check()
    page.locator("#what-if .changes").wait_for()
    page.route("**/what-if", lambda route: route.fulfill(status=422))
    lines.first.uncheck()
    page.get_by_text("This could not be re-scored").wait_for()
    assert page.locator("#what-if .changes").count() == 0


@pytest.mark.parametrize("width", [390, 1440])
def test_the_main_path_needs_no_javascript(visit, width, tmp_path):
    page = visit(width, has_script=False)
    send_request(page)
    page.locator(".lines li", has_text="re-scores").locator("input:enabled").first.check()
    page.get_by_role("button", name="Re-score with what is ticked").click()
    page.locator("#what-if .changes").wait_for()
    assert page.locator(".lines input:checked:enabled").count() == 1

    page.get_by_role("link", name="Many requests").click()
    page.get_by_label("Table of requests").set_input_files(
        requests_table(tmp_path / "requests.csv", 3)
    )
    page.get_by_role("button", name="Score the table").click()
    page.get_by_role("heading", name="3 requests").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download results (CSV)").click()
    assert download.value.suggested_filename == "DEMO-predictions.csv"


def test_the_keyboard_is_enough(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("Norco 10/325mg #60")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type(NOTES)
    while page.evaluate("document.activeElement.type") != "submit":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Norco 10/325mg #60").wait_for()
    box = page.locator(".lines li", has_text="re-scores").locator("input:enabled").first
    while not box.evaluate("box => box === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.locator("#what-if .changes").wait_for()


def test_the_summary_is_copied(visit):
    page = visit()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    send_request(page)
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied.").wait_for()
    assert (
        page.evaluate("navigator.clipboard.readText()").strip()
        == page.locator("#summary").input_value().strip()
    )


def test_a_determination_letter_is_refused_in_words(visit):
    page = visit()
    page.get_by_label("Treatment requested").fill("Norco")
    page.get_by_label("Report, or the whole request").fill(
        "MAXIMUS guideline: none.\nDecision rationale: none."
    )
    page.get_by_role("button", name="Look at this request").click()
    assert "final determination letter" in page.get_by_role("alert").inner_text()
    require_accessible(page)
