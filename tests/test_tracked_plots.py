"""Plots of a report as pictures of their own."""

import xml.etree.ElementTree as ET

from imrml.evaluation.report.canvas import ALT_TEXTS, open_canvas
from imrml.tracking.plots import read_plots


def test_each_plot_of_a_report_is_a_picture_with_its_colours(tmp_path):
    drawn = {}
    for name in ("reliability", "roc", "unnamed"):
        with open_canvas(name, 3, 2) as (canvas, finished):
            canvas.subplots().plot([0, 1], [0, 1])
        [drawn[name]] = finished
    report = tmp_path / "report.html"
    report.write_text("<p>".join(["<html>", *drawn.values(), drawn["roc"]]), encoding="utf-8")
    plots = read_plots(report)
    assert list(plots) == ["reliability", "roc", "unnamed"]
    for name, picture in plots.items():
        root = ET.fromstring(picture)
        assert "--ink:#1d2430" in root.attrib["style"]
        assert root.attrib.get("aria-label") == ALT_TEXTS.get(name)
        assert root.attrib["viewBox"]
