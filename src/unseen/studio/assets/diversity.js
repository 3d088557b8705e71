"use strict";
// Reviews texts by keyboard: j and k move, y keeps, x drops, e edits, u undoes. Decisions are sent as they are made and
// only what changed is put in its place. Without this script the same buttons load the page again.
const items = () => [...document.querySelectorAll("li[data-item]")];

function current() {
  return document.activeElement.closest("li[data-item]") || document.querySelector("li.now");
}

function go(item) {
  if (!item) return;
  document.querySelectorAll("li.now").forEach((each) => each.classList.remove("now"));
  item.classList.add("now");
  item.focus();
  item.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = items();
  const now = current();
  go(all[now ? all.indexOf(now) + by : 0]);
}

async function send(form, did) {
  const data = new FormData(form);
  if (did) data.set("did", did);
  data.set("part", "1");
  const item = form.closest("li[data-item]");
  try {
    const found = await ask(form.getAttribute("action"), { method: "POST", body: data });
    if (!found.good) return wrong(form, found.html);
    const made = document.createElement("template");
    made.innerHTML = found.html;
    let changed = null;
    for (const part of [...made.content.children]) {
      const place = document.getElementById(part.id);
      if (!place) continue;
      place.replaceWith(part);
      if (part.matches("li[data-item]")) changed = part;
    }
    const all = items();
    go(changed && item && did !== "edit" ? all[all.indexOf(changed) + 1] || changed : changed);
    if (!changed && !item) say("Undone; the text is on another page of the list.");
  } catch (error) {
    say(`The studio does not answer (${error.message}).`);
  }
}

function wrong(form, html) {
  const place = form.querySelector(".said");
  if (place) return put(place, html);
  const made = document.createElement("template");
  made.innerHTML = html;
  say(made.content.textContent);
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-decide]");
  if (!form) return;
  event.preventDefault();
  send(form, event.submitter && event.submitter.value);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const item = current();
  const press = (value) => item && item.querySelector(`button[value=${value}]`)?.click();
  const acts = {
    j: () => step(1),
    k: () => step(-1),
    y: () => press("keep"),
    x: () => press("drop"),
    u: () => document.querySelector("[data-decide=undo] button:enabled")?.click(),
    e: () => {
      const details = item && item.querySelector("details");
      if (!details) return;
      details.open = true;
      details.querySelector("textarea").focus();
    },
  };
  if (!acts[event.key]) return;
  event.preventDefault();
  acts[event.key]();
});

go(document.querySelector("li[data-item]:target"));
