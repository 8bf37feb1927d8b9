"use strict";
(() => {
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const list = document.querySelector(".cards");
  const cards = [...list.children].map((element, i) => ({ element, ...facts[i] }));
  const box = document.getElementById("filter"), sort = document.getElementById("sort");
  const total = document.getElementById("total"), nothing = document.getElementById("nothing");

  function filter() {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let number = 0;
    for (const { element, words: text } of cards) {
      element.hidden = !words.every(word => text.includes(word));
      number += !element.hidden;
    }
    total.textContent = number === cards.length ? `${number} ${total.dataset.unit}` : `${number} of ${cards.length} ${total.dataset.unit}`;
    nothing.hidden = number > 0;
  }

  // Runs without the value come last, whichever way the others stand.
  function order() {
    const at = sort.value.lastIndexOf(":");
    const key = sort.value.slice(0, at), way = sort.value.slice(at + 1) === "desc" ? -1 : 1;
    const value = card => key.startsWith("metrics.") ? card.metrics[key.slice(8)] : card[key];
    const sorted = [...cards].sort((a, b) => {
      const x = value(a) ?? null, y = value(b) ?? null;
      if (x === null || y === null) return (x === null) - (y === null);
      return way * (x < y ? -1 : x > y ? 1 : 0);
    });
    list.append(...sorted.map(card => card.element));
  }

  box.addEventListener("input", filter);
  sort.addEventListener("change", order);
  list.addEventListener("click", event => {
    const chip = event.target.closest("button.chip");
    if (!chip) return;
    const word = chip.textContent.trim().toLowerCase();
    if (!box.value.toLowerCase().includes(word)) box.value = `${box.value.trim()} ${word}`.trim();
    filter();
    box.focus();
  });
  // Ticked cards make a command that compares them, in the order in which they were ticked.
  const bar = document.getElementById("compare"), ticked = new Set();
  for (const card of cards) {
    const tick = card.element.querySelector("[data-tick]");
    tick.hidden = false;
    tick.addEventListener("change", () => {
      if (tick.checked) ticked.add(card.typed); else ticked.delete(card.typed);
      say();
    });
  }
  function say() {
    bar.hidden = ticked.size < 2;
    for (const code of bar.querySelectorAll("code")) code.textContent = [code.dataset.command, ...ticked].join(" ");
  }
  bar.querySelector("[data-clear]").addEventListener("click", () => {
    for (const tick of list.querySelectorAll("[data-tick]")) tick.checked = false;
    ticked.clear();
    say();
  });

  const form = document.querySelector(".controls");
  form.addEventListener("submit", event => event.preventDefault());
  form.hidden = false;
  filter();
})();
