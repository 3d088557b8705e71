"use strict";
// Rows of the tables in data-narrow's place that hold none of the words are hidden; heads and groups stay.
for (const input of document.querySelectorAll("[data-narrow]")) {
  const place = document.querySelector(input.dataset.narrow);
  const narrow = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of place.querySelectorAll("tbody tr")) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  };
  input.addEventListener("input", narrow);
  new MutationObserver(narrow).observe(place, { childList: true });
}
