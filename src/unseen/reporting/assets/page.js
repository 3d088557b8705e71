"use strict";
// Heads of tables become buttons that sort, and a link to something folded opens it; without this script the page only
// lacks these.
const unfold = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let at = target; at; at = at.parentElement) if (at.localName === "details") at.open = true;
  if (target) target.scrollIntoView();
};
addEventListener("hashchange", unfold);
if (location.hash) unfold();
// The same link again changes no hash.
addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link && link.hash === location.hash) unfold();
});

function sortable(root) {
  for (const table of root.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, place) => {
      if (head.classList.contains("strip") || body.rows.length < 2) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const value = (row) => row.cells[place].dataset.sort ?? row.cells[place].textContent;
        const number = (text) => (text === "" ? NaN : Number(String(text).replace(/[\s\u202f]/g, "").replace("\u2212", "-")));
        const rows = [...body.rows].sort((one, other) => {
          const [a, b] = [value(one), value(other)];
          const [x, y] = [number(a), number(b)];
          const order = Number.isNaN(x) || Number.isNaN(y) ? String(a).localeCompare(String(b)) : x - y;
          return down ? -order : order;
        });
        body.append(...rows);
      });
    });
  }
}

sortable(document);
