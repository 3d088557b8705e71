"use strict";
// Pages work without this script; it spares them whole reloads. It knows attributes, no page by name:
//   data-live="#id"      a form whose answer replaces #id while one types (the form's own action and method)
//   data-fill="path"     an element whose content is asked for when it is seen
//   data-stream="path"   an element that server-sent events fill: `part` replaces, `line` replaces what is in its data-line,
//                        `more` is put behind as text, `end` closes
//   data-key="k"         an element that the key k focuses (links and buttons are clicked)
//   data-drop            a file input that also takes files dropped anywhere on the page
//   data-sure="text"     a button that asks before it acts
//   data-at="{…}"        what is shown of the catalogs: addresses by the data-to of the navigation's links, which take them
const part = { headers: { "x-part": "1" } };

async function ask(path, options = {}) {
  const answer = await fetch(path, { ...part, ...options, headers: { ...part.headers, ...options.headers } });
  return { html: await answer.text(), good: answer.ok, at: answer.url, moved: answer.redirected };
}

function say(text) {
  const told = document.getElementById("told");
  told.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (told.textContent = ""), 6000);
}

// Only the studio's own escaped markup comes here; the policy forbids any script in it.
function put(place, html, id) {
  const made = document.createElement("template");
  made.innerHTML = html;
  const inner = id && made.content.getElementById(id);
  const held = place.contains(document.activeElement) ? document.activeElement.name : "";
  place.replaceChildren(...(inner ? inner.childNodes : made.content.childNodes));
  if (held) place.querySelector(`[name="${CSS.escape(held)}"]`)?.focus();
  wake(place);
  place.dispatchEvent(new CustomEvent("put", { bubbles: true })); // a page's own script may look at what came
}

const turns = new WeakMap(); // form -> number of its latest request, so that a slow answer never overtakes a later one

async function live(form) {
  const said = (name) => form.getAttribute(name); // a field called "method" or "dataset" hides the form's own
  const place = document.querySelector(said("data-live"));
  const turn = (turns.get(form) || 0) + 1;
  turns.set(form, turn);
  place.classList.add("busy");
  try {
    const data = new FormData(form);
    const posts = said("method") === "post";
    const query = new URLSearchParams([...data].filter(([, value]) => typeof value === "string"));
    const action = said("action");
    const found = posts ? await ask(action, { method: "POST", body: data }) : await ask(`${action}?${query}`);
    if (turns.get(form) !== turn) return;
    put(place, found.html, place.id);
    if (!posts && action === location.pathname) history.replaceState(null, "", `${action}?${query}`);
  } catch (error) {
    say(`The studio does not answer (${error.message}).`);
  } finally {
    if (turns.get(form) === turn) place.classList.remove("busy");
  }
}

function fill(element) {
  seen.unobserve(element);
  const path = element.dataset.fill;
  element.removeAttribute("data-fill");
  waiting.push([element, path]);
  fillNext();
}

const waiting = [];
let filling = 0;

async function fillNext() {
  if (filling >= 3 || !waiting.length) return;
  filling += 1;
  const [element, path] = waiting.shift();
  try {
    put(element, (await ask(path)).html, element.id);
  } catch {
    element.textContent = "no answer";
  }
  filling -= 1;
  fillNext();
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) fill(entry.target);
}, { rootMargin: "200px" });

function stream(element) {
  const source = new EventSource(element.dataset.stream);
  element.removeAttribute("data-stream");
  source.addEventListener("part", (event) => (element.isConnected ? put(element, event.data) : source.close()));
  source.addEventListener("line", (event) => {
    const line = element.isConnected && element.querySelector("[data-line]");
    line ? put(line, event.data) : source.close();
  });
  source.addEventListener("more", (event) => element.append(JSON.parse(event.data)));
  source.addEventListener("end", () => source.close());
  source.addEventListener("gone", () => { source.close(); location.reload(); });
}

function wake(root) {
  if (root !== document) sortable(root); // of page.js, which has done so for the document
  root.querySelectorAll("[data-fill]").forEach((element) => seen.observe(element));
  root.querySelectorAll("[data-stream]").forEach(stream);
  root.querySelectorAll("form[data-live]").forEach((form) => {
    let timer;
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => live(form), 150);
    });
    form.addEventListener("submit", (event) => {
      if (event.submitter && event.submitter.hasAttribute("formaction")) return;
      event.preventDefault();
      clearTimeout(timer);
      live(form);
    });
    if ([...form.elements].some(changed)) live(form);
  });
}

// What was typed before this script was there, or what a browser filled in again when one came back.
function changed(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.options) return field.selectedIndex > 0 && !field.options[field.selectedIndex].defaultSelected;
  return "defaultValue" in field && !["file", "hidden"].includes(field.type) && field.value !== field.defaultValue;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-sure]");
  if (button && !confirm(button.dataset.sure)) event.preventDefault();
});

// A frame of another origin is painted once it is in view.
document.addEventListener("toggle", (event) => {
  if (event.target.open) event.target.querySelector("iframe")?.scrollIntoView({ block: "nearest" });
}, true);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const element = [...document.querySelectorAll("[data-key]")].find((each) => each.dataset.key === event.key);
  if (!element) return;
  event.preventDefault();
  element.matches("a, button") ? element.click() : element.focus();
});

for (const kind of ["dragover", "drop"]) {
  document.addEventListener(kind, (event) => {
    const input = document.querySelector("input[data-drop]");
    if (!input || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    if (kind === "dragover") return;
    input.files = event.dataTransfer.files;
    input.form.requestSubmit();
  });
}

// Without a script only a page's own links hand on what it shows; this keeps it over pages that show nothing of the kind.
function handOn() {
  const marks = document.querySelectorAll("[data-at]");
  if (marks.length) sessionStorage.setItem("at", marks[marks.length - 1].dataset.at);
  else if (new URLSearchParams(location.search).get("on") === "") sessionStorage.removeItem("at");
  const addresses = JSON.parse(sessionStorage.getItem("at") || "{}");
  for (const link of document.querySelectorAll("a[data-to]")) link.href = addresses[link.dataset.to] || link.href;
}

document.addEventListener("put", handOn);
handOn();
wake(document);
