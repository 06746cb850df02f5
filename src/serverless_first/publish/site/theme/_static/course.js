"use strict";
const folds = () => document.querySelectorAll("article details");

// One button on each lesson opens all that is folded.
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll(".open-all")) {
    const words = button.textContent;
    button.hidden = false;
    button.addEventListener("click", () => {
      const open = button.textContent === words;
      for (const fold of folds()) fold.open = open;
      button.textContent = open ? "Fold it again" : words;
    });
  }
  for (const part of document.querySelectorAll("article pre, .wide, .table-wrapper")) scrolling.observe(part);
  for (const code of document.querySelectorAll("article div.highlight")) {
    if (!code.closest("div.output")) code.prepend(copyButton(code.querySelector("pre")));
  }
  for (const table of document.querySelectorAll("article table")) labelCells(table);
  for (const explorer of document.querySelectorAll(".explorer.moves")) followSliders(explorer);
  const results = document.getElementById("search-results");
  if (results) {
    const texts = document.createElement("script");
    texts.src = "_static/excerpts.js";
    texts.onload = excerpts;
    document.head.append(texts);
    new MutationObserver(() => (nameWords(), excerpts())).observe(results, { childList: true, subtree: true });
  }
});

// What scrolls sideways is reached with Tab, and the arrow keys scroll it; what fits is no stop on the way.
const scrolling = new ResizeObserver((changed) => {
  for (const { target } of changed) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});

// On paper nothing unfolds.
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...folds()].filter((fold) => !fold.open);
  for (const fold of closed) fold.open = true;
});
addEventListener("afterprint", () => {
  for (const fold of closed) fold.open = false;
});

// Sphinx calls each word that it finds in the glossary "Glossary"; the anchor says which word it is.
function nameWords() {
  for (const link of document.querySelectorAll('#search-results a[href*="glossary.html"]')) {
    const word = link.hash.slice(1).replaceAll("-", " ");
    if (word && link.textContent === "Glossary") link.textContent = `Glossary: ${word}`;
  }
}

function copyButton(code) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent.trimEnd());
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  return button;
}

// On a phone each row of a table stands as a card, whose lines begin with the words of the column's head.
function labelCells(table) {
  const heads = [...table.querySelectorAll("thead th")].map((head) => head.textContent.trim());
  if (heads.length < 3) return;
  table.classList.add("cards");
  for (const row of table.tBodies[0]?.rows ?? []) {
    [...row.cells].forEach((cell, column) => { if (heads[column]) cell.dataset.head = heads[column]; });
  }
}

// Each result of the search gets the words around the first one that was looked for.
function excerpts() {
  const looked = (new URLSearchParams(location.search).get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  if (!window.pageTexts || !looked.length) return;
  for (const link of document.querySelectorAll("#search-results li > a:not(.told)")) {
    link.classList.add("told");
    const sections = window.pageTexts[new URL(link.href).pathname.split("/").pop()] ?? {};
    const here = sections[decodeURIComponent(link.hash.slice(1))];
    const text = [here, ...Object.values(sections)].find((each) => each && place(each, looked) >= 0) ?? here;
    if (text) link.after(excerpt(text, looked));
  }
}

// A word is found as it stands, or without its ending, as the search itself compares words.
function place(text, looked) {
  const small = text.toLowerCase();
  const places = looked.flatMap((word) => [small.indexOf(word), small.indexOf(word.slice(0, Math.max(4, word.length - 3)))]);
  return Math.min(...places.filter((at) => at >= 0), Infinity) === Infinity ? -1 : Math.min(...places.filter((at) => at >= 0));
}

function excerpt(text, looked) {
  const at = Math.max(0, place(text, looked));
  const from = at < 80 ? 0 : text.indexOf(" ", at - 80) + 1;
  const to = text.indexOf(" ", from + 220);
  const told = document.createElement("p");
  told.className = "excerpt";
  told.textContent = `${from ? "… " : ""}${text.slice(from, to < 0 ? undefined : to)}${to < 0 ? "" : " …"}`;
  return told;
}

// The pictures of all positions of an explorer's two sliders are there already.
function followSliders(explorer) {
  const moments = JSON.parse(explorer.dataset.moments);
  const sliders = [...explorer.querySelectorAll("input")];
  const picture = explorer.querySelector("img");
  const show = () => {
    const [first, second] = sliders.map((slider) => Number(slider.value));
    const { src, says, alt } = moments[first * (Number(sliders[1].max) + 1) + second];
    Object.assign(picture, { src, alt });
    explorer.querySelector("[role=status]").textContent = says;
    for (const slider of sliders) {
      const words = String(JSON.parse(slider.dataset.positions)[slider.value]);
      slider.setAttribute("aria-valuetext", words);
      slider.parentElement.querySelector("output").textContent = words;
    }
  };
  for (const slider of sliders) slider.addEventListener("input", show);
  show();
}
