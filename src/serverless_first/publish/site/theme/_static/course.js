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
  const results = document.getElementById("search-results");
  if (results) new MutationObserver(nameWords).observe(results, { childList: true, subtree: true });
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
