// What a browser adds to a page that works without it: copying, printing, sorting, dropping a file.
"use strict";

function eachOf(selector, act) {
  document.querySelectorAll(selector).forEach(act);
}

eachOf("[data-copy]", (button) => {
  const message = document.getElementById("copied");
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.querySelector(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.value);
    } catch {
      source.select();
      document.execCommand("copy"); // where the page is not on a secure address, there is no clipboard but this
    }
    message.textContent = "Copied.";
  });
});

eachOf("[data-print]", (button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});

function cellValue(row, column, kind) {
  const cell = row.cells[column];
  const text = cell.dataset.value ?? cell.textContent.trim();
  return kind === "number" ? Number(text) : text.toLowerCase();
}

eachOf("[data-sortable]", (table) => {
  const body = table.tBodies[0];
  table.querySelectorAll("th[data-sorts]").forEach((heading) => {
    const kind = heading.dataset.sorts;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const direction = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      table.querySelectorAll("th[aria-sort]").forEach((other) => other.setAttribute("aria-sort", "none"));
      heading.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
      const column = heading.cellIndex;
      const compare = (a, b) => (kind === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true }));
      const rows = [...body.rows].map((row) => [cellValue(row, column, kind), row]);
      rows.sort((a, b) => direction * compare(a[0], b[0]));
      body.append(...rows.map(([, row]) => row));
    });
  });
});

// Back brings the form as it was sent: its entry in this tab's history holds it, and nothing else.
eachOf("form.request[action='/result']", (form) => {
  const boxes = [...form.elements].filter((box) => box.name && box.type !== "file");
  // A link to the page that one is on keeps its entry's state: who follows it wants an empty form.
  const came = performance.getEntriesByType("navigation")[0]?.type;
  const kept = came === "navigate" ? undefined : history.state?.fields;
  for (const box of boxes) {
    if (kept?.[box.name] === undefined) continue;
    box.value = kept[box.name];
    if (box.value) box.closest("details.fold")?.setAttribute("open", "");
  }
  form.addEventListener("submit", () => {
    const fields = Object.fromEntries(boxes.map((box) => [box.name, box.value]));
    history.replaceState({ fields }, "");
  });
});

// The same document may be asked for by several items: it is in the record for all of them or for none.
eachOf("#checklist", (form) => {
  form.addEventListener("change", ({ target }) => {
    for (const box of form.elements) {
      if (box.name === "shown" && !box.disabled && box.value === target.value) box.checked = target.checked;
    }
  }, true);
  // A box ticked while this script was still on its way was heard by nobody: htmx listens by now.
  document.addEventListener("DOMContentLoaded", () => {
    for (const box of form.elements) {
      if (box.type === "checkbox" && box.checked !== box.defaultChecked) box.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
});

eachOf("[data-drop]", (area) => {
  const input = area.querySelector("input[type=file]");
  for (const name of ["dragover", "dragleave", "drop"]) {
    area.addEventListener(name, (event) => {
      event.preventDefault();
      area.classList.toggle("over", name === "dragover");
      if (name === "drop") input.files = event.dataTransfer.files;
    });
  }
});

// A tick that could not be answered must not leave older figures beside it.
for (const name of ["htmx:responseError", "htmx:sendError"]) {
  document.body.addEventListener(name, () => {
    const message = document.createElement("p");
    message.className = "problem";
    message.textContent = "This could not be re-scored. See that the server still runs, then open the page again.";
    document.getElementById("what-if").replaceChildren(message);
  });
}
