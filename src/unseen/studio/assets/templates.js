"use strict";
// The Templates page: rows by buttons and keys, mistakes at their fields, and a draft for each template, which stays in
// this browser until it is saved or thrown away.
const form = document.querySelector("form[data-draft]");

if (form) {
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (!button) return;
    event.preventDefault();
    const move = document.createElement("input");
    move.type = "hidden";
    move.name = "move";
    move.value = button.dataset.move;
    form.append(move);
    form.requestSubmit();
    move.remove();
  });
}

if (form && form.elements.namedItem("prompt")) {
  const key = `unseen draft ${form.dataset.draft}`;
  const kept = ["name", "prompt", "completion", "answer_choices", "references", "metrics", "languages", "separator",
    "choices_in_prompt", "original_task", "turned", "plain"];
  const field = (name) => form.elements.namedItem(name);
  const value = (element) => (element.type === "checkbox" ? element.checked : element.value);
  const came = (element) =>
    element.type === "checkbox" ? element.defaultChecked : element.defaultValue ?? element.value;
  const each = (read) => Object.fromEntries(kept.filter((name) => field(name)).map((name) => [name, read(field(name))]));
  const fields = () => each(value);
  const first = each(came); // and not what was typed before this script was there
  const same = (a, b) => kept.every((name) => a[name] === undefined || b[name] === undefined || a[name] === b[name]);

  function fillIn(values) {
    for (const [name, held] of Object.entries(values)) {
      const element = field(name);
      if (!element) continue;
      if (element.type === "checkbox") element.checked = held;
      else element.value = held;
    }
    form.dispatchEvent(new Event("input"));
  }

  function keep() {
    const now = fields();
    try {
      if (same(now, first)) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify(now));
    } catch { /* a browser without storage keeps what is in the form, as ever */ }
  }

  function held() {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null;
    }
  }

  function offer(draft) {
    const told = document.createElement("div");
    told.className = "note warn draft-note";
    told.id = "draft";
    const text = document.createElement("span");
    text.textContent = "This is your draft, which is not saved.";
    const back = document.createElement("button");
    back.type = "button";
    back.textContent = "Throw it away";
    back.addEventListener("click", () => {
      fillIn(first);
      localStorage.removeItem(key);
      told.remove();
      field("prompt").focus();
    });
    told.append(text, back);
    form.prepend(told);
    fillIn(draft);
  }

  const done = new URLSearchParams(location.search).get("done");
  const given = document.querySelector("#page > .note.wrong"); // what was typed came back with the reason
  if (done === "saved") {
    for (const name of [form.dataset.draft, sessionStorage.getItem("unseen saving")]) {
      if (name) localStorage.removeItem(`unseen draft ${name}`);
    }
  }
  sessionStorage.removeItem("unseen saving");
  const draft = held();
  if (!same(fields(), first)) {
    keep();
    document.querySelector("[data-until-typed]")?.remove();
  } else if (draft && !given && !same(draft, first)) offer(draft);
  form.addEventListener("input", keep);
  form.addEventListener("submit", (event) => {
    if (event.submitter && event.submitter.id === "save") sessionStorage.setItem("unseen saving", form.dataset.draft);
  });

  const reviewer = field("reviewer");
  try {
    reviewer.value ||= localStorage.getItem("unseen reviewer") || "";
    reviewer.addEventListener("input", (event) => {
      event.stopPropagation();
      localStorage.setItem("unseen reviewer", reviewer.value);
    });
  } catch { /* as above */ }

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      document.getElementById("save").click();
    }
  });
}

// What the last step did is said until something else is typed, of which it is not true.
if (form) {
  form.addEventListener("input", (event) => {
    if (event.target === form || ["row", "rows", "split"].includes(event.target.name)) return; // a draft, or other rows
    document.querySelector("[data-until-typed]")?.remove();
  });
}

// Mistakes are told above the rows; here each also goes to the field that it is about.
function placeMistakes() {
  if (!form) return;
  for (const part of form.querySelectorAll("[data-part]")) {
    const told = [...document.querySelectorAll(`#shown > [data-at="${part.dataset.part}"]`)];
    const place = part.querySelector(".at-field");
    place.replaceChildren(...told);
    part.classList.toggle("bad", told.length > 0);
    const area = part.querySelector("textarea");
    area.toggleAttribute("aria-invalid", told.length > 0);
    area.setAttribute("aria-describedby", told.length ? place.id : "");
  }
}

document.addEventListener("put", (event) => {
  const again = event.target.querySelector("[data-again]"); // a file has been read: ask for its rows once more
  if (again) (document.querySelector("form[data-live]")).requestSubmit();
  const where = document.getElementById("where");
  if (where) {
    const row = document.getElementById("row");
    if (document.activeElement !== row) row.value = where.dataset.row;
    document.querySelector('[name="shown"]').value = where.dataset.split;
  }
  if (event.target.id !== "shown") return;
  placeMistakes();
});
placeMistakes();

// A file that is too large is told before it is sent; its path can be typed instead.
document.addEventListener("submit", (event) => {
  const most = Number(event.target.getAttribute("data-most"));
  const file = event.target.querySelector("input[type=file]");
  if (!most || !file || !file.files.length || file.files[0].size <= most) return;
  event.preventDefault();
  const told = document.createElement("p");
  told.className = "note wrong";
  told.setAttribute("role", "alert");
  told.textContent = `${file.files[0].name} has ${Math.ceil(file.files[0].size / 2 ** 20)} MB, over the ${
    Math.floor(most / 2 ** 20) + 1} MB that the page takes; leave it where it is and type its path below.`;
  event.target.querySelectorAll(".note").forEach((each) => each.remove());
  event.target.append(told);
});
