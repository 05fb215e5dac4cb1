"use strict";
(() => {
  const root = document.documentElement;
  const by = id => document.getElementById(id);
  root.classList.add("js");

  // Colours: as the system has them, light, dark.
  const themes = [["", "System"], ["light", "Light"], ["dark", "Dark"]];
  let theme = 0;
  by("theme").addEventListener("click", () => {
    theme = (theme + 1) % themes.length;
    const [value, label] = themes[theme];
    if (value) root.dataset.theme = value; else delete root.dataset.theme;
    by("theme").querySelector(".label").textContent = label;
    by("theme").setAttribute("aria-label", "Colours: " + (value || "as the system has them"));
  });

  // Tables sort by the values of their cells. Equal rows stay in their order.
  const collator = new Intl.Collator("en", {numeric: true});
  const compare = {number: (a, b) => a - b, text: (a, b) => collator.compare(a, b)};
  const sort = (table, column, header) => {
    const order = header.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    for (const other of header.parentNode.children) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", order);
    const body = table.tBodies[0], sign = order === "ascending" ? 1 : -1, kind = compare[header.dataset.kind];
    const rows = Array.from(body.rows, row => [row.cells[column].dataset.v, row]);
    // What has no value comes last, whatever the order.
    rows.sort(([a], [b]) => (a === "") - (b === "") || (a === "" ? 0 : sign * kind(a, b)));
    body.replaceChildren(...rows.map(([, row]) => row));
    table.dispatchEvent(new Event("sorted"));
  };
  for (const table of document.querySelectorAll("table"))
    Array.from(table.tHead.rows[0].cells).forEach((header, column) =>
      header.firstElementChild.addEventListener("click", () => sort(table, column, header)));

  const runs = by("runs");
  if (!runs) return;
  let rows = Array.from(runs.tBodies[0].rows, row => ({row, shows: row.dataset.o.split(" "), names: row.dataset.n.split(" "), month: row.dataset.m, text: null}));
  const exceptions = document.querySelectorAll("#exceptions tbody tr");
  const months = document.querySelectorAll("[data-month]"), cards = document.querySelectorAll("[data-show]");
  const search = by("search"), namespace = by("namespace"), show = by("show");
  let month = "";
  // Thousands of rows take seconds to lay out, and to walk by Tab: the first are shown, and all on demand and on paper.
  const first = 250;
  let limit = first;

  const text = entry => entry.text ??= entry.row.textContent.toLowerCase();
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const entry of rows) {
      const fits = (!show.value || entry.shows.includes(show.value)) && (!namespace.value || entry.names.includes(namespace.value)) &&
        (!month || entry.month === month) && words.every(word => text(entry).includes(word));
      shown += fits;
      const hide = !fits || shown > limit;
      if (entry.row.hidden !== hide) entry.row.hidden = hide;
    }
    for (const row of exceptions) row.hidden = month !== "" && row.dataset.m !== month;
    const total = shown === rows.length ? `${shown} images` : `${shown} of ${rows.length} images`;
    by("count").textContent = shown > limit ? `${total}, of which the first ${limit} are shown` : total;
    by("more").hidden = shown <= limit;
    by("all").textContent = `Show all ${shown}`;
    by("nothing").hidden = shown > 0;
    for (const card of cards) card.setAttribute("aria-pressed", String(card.dataset.show === show.value));
    for (const button of months) button.setAttribute("aria-pressed", String(button.dataset.month === month));
  };
  const clear = () => { search.value = namespace.value = show.value = month = ""; filter(); };
  search.addEventListener("input", filter);
  namespace.addEventListener("change", filter);
  show.addEventListener("change", filter);
  by("clear").addEventListener("click", event => { event.preventDefault(); clear(); });
  by("again").addEventListener("click", clear);
  document.querySelector(".tools").addEventListener("submit", event => event.preventDefault());
  for (const card of cards) card.addEventListener("click", () => { show.value = show.value === card.dataset.show ? "" : card.dataset.show; filter(); });
  for (const button of months) button.addEventListener("click", () => { month = month === button.dataset.month ? "" : button.dataset.month; filter(); });

  by("all").addEventListener("click", () => { limit = Infinity; filter(); });
  window.addEventListener("beforeprint", () => { limit = Infinity; filter(); });
  window.addEventListener("afterprint", () => { limit = first; filter(); });
  runs.addEventListener("sorted", () => {
    const entries = new Map(rows.map(entry => [entry.row, entry]));
    rows = Array.from(runs.tBodies[0].rows, row => entries.get(row));
    filter();
  });

  // Keys: / to the search, Escape out of it, arrows from image to image.
  const neighbour = (row, back) => {
    do row = back ? row.previousElementSibling : row.nextElementSibling; while (row && row.hidden);
    return row;
  };
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = document.activeElement;
    if (event.key === "/" && !/^(INPUT|SELECT)$/.test(at.tagName)) { event.preventDefault(); search.focus(); search.select(); return; }
    if (event.key === "Escape" && at === search) { clear(); search.blur(); return; }
    const back = event.key === "ArrowUp";
    if (!back && event.key !== "ArrowDown") return;
    let row = null;
    if (at === search && !back) row = rows.length ? neighbour({nextElementSibling: runs.tBodies[0].rows[0]}, false) : null;
    else if (at.tagName === "SUMMARY") row = neighbour(at.closest("tr"), back);
    if (row) { event.preventDefault(); row.querySelector("summary").focus(); }
  });
  filter();
})();
