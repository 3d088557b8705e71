"use strict";
// Buttons of the talk act in place: the studio answers with the page, of which the turns and what was said are taken.
const talking = document.getElementById("ask");
const text = document.getElementById("say");

// Which models are in memory is known anew once all of them have answered.
async function settle() {
  const answers = [...document.querySelectorAll("#turns > :last-child .answer")];
  if (answers.some((each) => !each.querySelector(".told-last, .note"))) return setTimeout(settle, 1500);
  const query = new URLSearchParams([...new FormData(talking)].filter(([name]) => ["run", "left", "right", "token", "talk"].includes(name)));
  put(document.getElementById("sides"), (await ask(`/ask?${query}`)).html, "sides");
}

// Choices that came with a row stay while another question is typed: that is said, and they are cleared in a click.
const choices = talking.elements.choices;
const choicesOf = document.getElementById("choices-of");
const lines = (said) => said.trim().split(/\r\n|\r|\n/).map((line) => line.trim()).join("\n");

function compare() {
  const line = choicesOf.querySelector("[data-text]");
  if (!line) return;
  const its = lines(text.value) === lines(line.dataset.text);
  line.hidden = its || !text.value.trim() || lines(choices.value) !== lines(line.dataset.choices);
}

function unchoose() {
  choices.value = "";
  compare();
  say("The answer choices are cleared: the answer is written now.");
  text.focus();
}

for (const typed of [text, choices]) typed.addEventListener("input", compare);

async function act(deed) {
  const data = new FormData(talking);
  data.set("do", deed);
  const turns = document.getElementById("turns");
  const told = document.getElementById("ask-said");
  try {
    const found = await ask("/ask", { method: "POST", body: data });
    put(told, found.html, "ask-said");
    if (!found.good) return;
    put(turns, found.html, "turns");
    put(document.getElementById("talk-id"), found.html, "talk-id");
    put(document.getElementById("sides"), found.html, "sides");
    put(document.getElementById("goes-on"), found.html, "goes-on");
    if (deed === "say" || deed === "again") setTimeout(settle, 1500);
    if (deed === "say" && !told.childElementCount) text.value = "";
    compare();
    if (turns.lastElementChild && deed !== "stop") turns.lastElementChild.scrollIntoView({ block: "nearest" });
  } catch (error) {
    say(`The studio does not answer (${error.message}).`);
  }
}

talking.addEventListener("submit", (event) => {
  event.preventDefault();
  const deed = event.submitter ? event.submitter.value : "say";
  deed === "unchoose" ? unchoose() : act(deed);
});

text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    act("say");
  }
});

document.getElementById("row").addEventListener("submit", async (event) => {
  event.preventDefault();
  const query = new URLSearchParams(new FormData(event.target));
  try {
    const found = await (await fetch(`/ask/question?${query}`, part)).json();
    put(document.getElementById("ask-said"), found.told);
    if (found.text === undefined) return;
    text.value = found.text;
    choices.value = found.choices;
    choices.closest("details").open = found.choices !== "";
    put(choicesOf, found.of || "");
    text.focus();
  } catch (error) {
    say(`The studio does not answer (${error.message}).`);
  }
});
