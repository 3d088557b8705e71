"use strict";
// The form and the YAML of a recipe follow each other: after each change of either, the studio says what both are, and
// keeps them as a draft. A tab comes back to its own draft, whatever another tab wrote last.
const recipe = document.getElementById("recipe");
const yaml = document.getElementById("yaml");
const before = document.getElementById("before");
const plan = document.getElementById("plan");
const kept = document.getElementById("kept");
const field = (name) => recipe.elements.namedItem(name);
let asked = 0;
let soon = 0;

function remembered() {
  try {
    return sessionStorage.getItem("unseen start");
  } catch {
    return null; // a browser without storage opens the newest draft
  }
}

function remember(draft) {
  field("draft").value = draft;
  try {
    sessionStorage.setItem("unseen start", draft);
  } catch { /* as above */ }
  history.replaceState(null, "", `/start?draft=${draft}`);
}

const asksFor = new URLSearchParams(location.search).get("draft");
const own = remembered();
if (kept.hasAttribute("data-unasked") && own && own !== field("draft").value) location.replace(`/start?draft=${own}`);
else if (asksFor) remember(field("draft").value);

// What was typed last is not touched while one types: it says already what the studio answers.
function show(found, typed) {
  if (typed !== yaml) yaml.value = found.text;
  before.value = found.text;
  for (const [key, value] of Object.entries(found.fields || {})) {
    const control = recipe.elements[`k.${key}`];
    if (!control || control === typed) continue;
    if (control.matches("select") && ![...control.options].some((each) => each.value === value)) control.add(new Option(value, value));
    control.value = value;
  }
  for (const place of recipe.querySelectorAll("[data-wrong]")) {
    const lines = found.wrong[place.dataset.wrong] || [];
    place.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
    const field = place.closest(".field");
    if (field) {
      field.classList.toggle("bad", lines.length > 0);
      const control = field.querySelector("input, select, textarea");
      lines.length ? control.setAttribute("aria-invalid", "true") : control.removeAttribute("aria-invalid");
    }
    if (lines.length && place.closest("details")) place.closest("details").open = true;
  }
  for (const section of recipe.querySelectorAll(".keys details")) {
    const given = [...section.querySelectorAll("input, select, textarea")].filter((each) => each.value.trim()).length;
    section.querySelector(".given").textContent = `${given} given`;
  }
  for (const id of ["save-as", "run-as"]) document.getElementById(id).placeholder = found.fields["name"] || "name";
  put(document.getElementById("facts"), found.facts);
}

// A plan belongs to what the recipe says: one that is changed back has it again.
function showPlan(found) {
  plan.classList.remove("busy");
  const shown = field("planned") ? field("planned").value : "";
  if (shown !== found.planned) put(plan, found.plan);
}

async function follow(typed) {
  const turn = (asked += 1);
  soon = 0;
  field("turn").value = turn; // so that a slow answer never takes the place of a later one, here and on disk
  try {
    const answer = await fetch("/start/follow", { ...part, method: "POST", body: new FormData(recipe) });
    const found = await answer.json();
    if (found.draft) remember(found.draft);
    if (turn !== asked) return;
    put(kept, found.kept);
    showPlan(found);
    if (found.fields) show(found, typed);
    else put(document.getElementById("facts"), found.facts); // no YAML: what the form says waits until it is
  } catch (error) {
    say(`The studio does not answer (${error.message}).`);
  }
}

recipe.addEventListener("input", (event) => {
  if (!event.target.name || !(event.target === yaml || event.target.name.startsWith("k."))) return;
  clearTimeout(soon);
  soon = setTimeout(() => follow(event.target), 200);
  plan.classList.toggle("busy", plan.childElementCount > 0); // whether it is still the recipe's is known in a moment
});

// A dataset that is chosen becomes a line of the key below which it is chosen.
for (const adder of recipe.querySelectorAll("[data-adds]")) {
  const [chooser, button] = [adder.querySelector("input"), adder.querySelector("button")];
  const known = new Set([...document.getElementById("datasets").options].map((each) => each.value));
  const add = () => {
    const lines = field(adder.dataset.adds), name = chooser.value.trim();
    if (!name) return chooser.focus();
    const there = lines.value.split("\n").filter((line) => line.trim());
    lines.value = [...there, ...(there.includes(name) ? [] : [name])].join("\n");
    lines.rows = Math.min(there.length + 1, 8);
    chooser.value = "";
    lines.dispatchEvent(new Event("input", { bubbles: true }));
  };
  adder.hidden = false;
  button.addEventListener("click", add);
  chooser.addEventListener("input", (event) => {
    const chosen = !event.inputType || event.inputType === "insertReplacementText"; // from the list, not typed
    if (chosen && known.has(chooser.value)) add();
  });
  chooser.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add();
  });
}

// What was typed in the last moment is kept too.
window.addEventListener("pagehide", () => {
  if (!soon) return;
  clearTimeout(soon);
  soon = 0;
  field("turn").value = asked += 1;
  navigator.sendBeacon("/start/follow", new FormData(recipe));
});

recipe.addEventListener("submit", async (event) => {
  clearTimeout(soon);
  soon = 0;
  field("turn").value = asked += 1;
  if (!event.submitter || event.submitter.value !== "plan") return;
  event.preventDefault();
  await follow(null);
  plan.dataset.follow = "yes";
  const data = new FormData(recipe);
  data.set("do", "plan");
  put(plan, (await ask("/start", { method: "POST", body: data })).html, "plan");
});

// It is brought into view when it begins and when it is there, and left alone between: one may read something else.
// Both are said, too; what changes between them each second is not.
plan.addEventListener("put", () => {
  if (!plan.dataset.follow) return;
  const going = plan.querySelector("progress") !== null;
  if (going && plan.dataset.follow === "going") return;
  plan.dataset.follow = going ? "going" : "";
  say(going ? "Finding out what the recipe would do." : plan.querySelector(".answers") ? "The plan is there." : "There is no plan.");
  plan.scrollIntoView({ block: "start" });
  plan.focus({ preventScroll: true });
});
