// Shown by reveal.js; with "?print=slides" or "?print=notes" laid out as pages instead, without it.
const printing = new URLSearchParams(window.location.search).get("print");

function layOutPages(withNotes) {
  document.getElementById("reveal-css").remove();
  document.documentElement.classList.add(withNotes ? "print-notes" : "print-slides");
  const size = document.createElement("style");
  size.textContent = withNotes ? "@page { size: A4; margin: 14mm; }" : "@page { size: 1280px 720px; margin: 0; }";
  document.head.append(size);
  for (const slide of document.querySelectorAll("section.slide")) {
    const page = document.createElement("div");
    const frame = document.createElement("div");
    page.className = "page";
    frame.className = "frame";
    slide.replaceWith(page);
    const notes = slide.querySelector("aside.notes");
    frame.append(slide);
    page.append(frame);
    if (withNotes) page.append(notes);
    else notes.remove();
  }
}

if (printing) {
  layOutPages(printing === "notes");
} else {
  const button = document.getElementById("theme");
  button.addEventListener("click", () => Theme.toggle());
  if (document.documentElement.dataset.theme === "contrast") Theme.set("contrast");
  if (/receiver/i.test(window.location.search)) button.remove();  // inside the speaker view
  Reveal.initialize({
    width: 1280, height: 720, margin: 0, center: false, display: "flex", hash: true, transition: "none",
    progress: true, controls: true, controlsTutorial: false, slideNumber: false, defaultTiming: 60, plugins: [RevealNotes],
  });
  Reveal.addKeyBinding({ keyCode: 67, key: "C", description: "High contrast or light colours" }, () => Theme.toggle());
}
