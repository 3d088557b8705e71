"use strict";
// The form and the YAML of a recipe follow each other: after each change of either, the studio says what both are.
const recipe = document.getElementById("recipe");
const yaml = document.getElementById("yaml");
const before = document.getElementById("before");
const plan = document.getElementById("plan");
let asked = 0;
let soon;

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

async function follow(typed) {
  const turn = (asked += 1);
  try {
    const answer = await fetch("/start/follow", { ...part, method: "POST", body: new FormData(recipe) });
    const found = await answer.json();
    if (turn !== asked) return;
    if (found.fields) show(found, typed);
    else put(document.getElementById("facts"), found.facts); // no YAML: what the form says waits until it is
  } catch (error) {
    say(`The studio does not answer (${error.message}).`);
  }
}

async function left() {
  if (!plan.childElementCount || plan.dataset.left) return;
  plan.dataset.left = "yes";
  plan.dataset.follow = "";
  put(plan, (await ask("/start/leave", { method: "POST" })).html);
}

recipe.addEventListener("input", (event) => {
  if (!event.target.name || !(event.target === yaml || event.target.name.startsWith("k."))) return;
  clearTimeout(soon);
  soon = setTimeout(() => follow(event.target), 200);
  left();
});

recipe.addEventListener("submit", async (event) => {
  if (!event.submitter || event.submitter.value !== "plan") return;
  event.preventDefault();
  clearTimeout(soon);
  await follow(null);
  delete plan.dataset.left;
  plan.dataset.follow = "yes";
  const data = new FormData(recipe);
  data.set("do", "plan");
  put(plan, (await ask("/start", { method: "POST", body: data })).html, "plan");
});

// It is brought into view when it begins and when it is there, and left alone between: one may read something else.
plan.addEventListener("put", () => {
  if (!plan.dataset.follow) return;
  const going = plan.querySelector("progress") !== null;
  if (going && plan.dataset.follow === "going") return;
  plan.dataset.follow = going ? "going" : "";
  document.getElementById("plan-it").scrollIntoView({ block: going ? "nearest" : "start" });
  if (going) plan.scrollIntoView({ block: "nearest" });
});
