"use strict";
// Tokens and runs of a trie are one stop of the tab key each; arrow keys go on from there, and what is pointed at is told.
const boxes = (inside) => [...inside.closest(".tokens").querySelectorAll("i")];

function tellToken(box) {
  const place = document.querySelector(".token-told");
  if (!place) return;
  const all = box.closest(".tokens");
  const number = boxes(box).indexOf(box) + Number(all.dataset.first) + 1;
  const part = box.closest(".part").dataset.part;
  const said = [box.classList.contains("s") && "predicted", box.classList.contains("c") && "control token"].filter(Boolean);
  place.textContent = [`token ${number}`, `id ${box.dataset.id}`, `“${box.textContent}”`, part, ...said].join(" · ");
}

function tellRun(run) {
  const figure = run.closest(".trie-figure");
  let place = figure.querySelector(".run-told");
  if (!place) {
    place = document.createElement("p");
    place.className = "run-told";
    figure.querySelector(".trie-wide").after(place);
  }
  place.textContent = run.getAttribute("aria-label");
}

function goTo(box) {
  if (!box) return;
  for (const other of box.closest(".tokens, .trie").querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
  box.setAttribute("tabindex", "0");
  box.focus();
}

document.addEventListener("mouseover", (event) => {
  const box = event.target.closest(".tokens i");
  if (box) tellToken(box);
  const run = event.target.closest(".trie .run");
  if (run) tellRun(run);
});

document.addEventListener("focusin", (event) => {
  const run = event.target.closest(".trie .run");
  if (run) tellRun(run);
  const box = event.target.closest(".tokens i");
  if (box) tellToken(box);
  const tokens = event.target.closest(".tokens");
  if (tokens && !box) goTo(tokens.querySelector("i"));
});

document.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
  const box = event.target.closest(".tokens i");
  const run = event.target.closest(".trie .run");
  if (!box && !run) return;
  event.preventDefault();
  const all = box ? boxes(box) : [...run.closest(".trie").querySelectorAll(".run")];
  const at = all.indexOf(box || run);
  if (run && event.key === "ArrowLeft" && run.dataset.before) goTo(all[Number(run.dataset.before)]);
  else goTo(all[at + step]);
});

function tabStops() {
  for (const tokens of document.querySelectorAll(".tokens")) {
    const first = tokens.querySelector("i");
    if (first && !tokens.querySelector("i[tabindex]")) first.tabIndex = 0;
  }
}

new MutationObserver(tabStops).observe(document.getElementById("page"), { childList: true, subtree: true });
tabStops();

// A row that was typed by its whole name has chosen its split, and another split begins with its own first row: the field
// has the number that goes with the split that is shown.
document.addEventListener("put", () => {
  const shown = document.getElementById("row-shown");
  const typed = document.querySelector('#page form [name="row"]');
  if (shown && typed && document.activeElement !== typed && typed.value) typed.value = shown.dataset.number;
});
