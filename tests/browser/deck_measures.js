// What is wrong with the deck in this page, a line for each slide and fault: it is shown slide by slide with all fragments.
() => {
  const BODY_PX = 720 / 25, SMALL_PX = 720 / 36, SOURCES_PX = 15;
  const problems = [];
  Reveal.getSlides().forEach((slide, index) => {
    const title = slide.querySelector("h1, h2");
    const say = (what) => problems.push(`slide ${index + 1} (${title ? title.textContent : "no heading"}): ${what}`);
    if (!title) say("has no heading");
    Reveal.slide(index);
    slide.querySelectorAll(".fragment").forEach((part) => part.classList.add("visible"));

    // Nothing may leave its part: the body ends where the sources or the footer begin.
    const page = slide.getBoundingClientRect();
    const left = page.left, right = page.right - 20;
    const under = slide.querySelector(".sources-foot") || slide.querySelector("footer");
    const parts = [
      ["header", slide.querySelector(".body").getBoundingClientRect().top],
      [".body", under.getBoundingClientRect().top],
      [".sources-foot", slide.querySelector("footer").getBoundingClientRect().top],
      ["footer", page.bottom],
    ];
    for (const [name, floor] of parts) {
      const part = slide.querySelector(name);
      if (!part) continue;
      const words = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
      for (let text = words.nextNode(); text; text = words.nextNode()) {
        if (!text.data.trim()) continue;
        const range = document.createRange();
        range.selectNodeContents(text);
        const out = [...range.getClientRects()].find(
          (box) => box.bottom > floor + 2 || box.right > right || box.left < left || box.top < page.top - 1);
        if (out) { say(`${name} overflows at "${text.data.trim().slice(0, 40)}"`); break; }
      }
      if (part.scrollHeight > part.clientHeight + 2) say(`${name} overflows its height`);
    }

    // Read from the last row.
    const words = document.createTreeWalker(slide.querySelector(".body"), NodeFilter.SHOW_TEXT);
    for (let text = words.nextNode(); text; text = words.nextNode()) {
      const around = text.parentElement;
      if (!text.data.trim() || around.closest("sup, .about")) continue;
      const least = around.closest("table, pre, code") ? SMALL_PX : BODY_PX;
      const size = parseFloat(getComputedStyle(around).fontSize);
      if (size < least) { say(`text of ${size} px at "${text.data.trim().slice(0, 40)}": ${least} or more`); break; }
    }
    for (const source of slide.querySelectorAll(".sources-foot")) {
      if (parseFloat(getComputedStyle(source).fontSize) < SOURCES_PX) say("the sources are too small to read");
      if (!source.querySelector("a[href^=http]")) say("the sources have no link");
    }

    for (const picture of slide.querySelectorAll("img")) {
      if ((picture.getAttribute("alt") || "").trim().length < 20) say("a figure without alt text that tells what it shows");
      const box = picture.getBoundingClientRect();
      const scale = Math.min(box.width / picture.naturalWidth, box.height / picture.naturalHeight);
      if (2 * scale < 0.75) say(`a figure shrinks to ${Math.round(200 * scale)} % of its size in the notebook`);
    }
  });
  return problems;
}
