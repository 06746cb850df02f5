// Which colours: "?theme=contrast" or "?theme=light" in the address, else what was chosen last on this machine.
const Theme = {
  key: "serverless-first-slides-theme",
  kept() {
    try { return window.localStorage.getItem(this.key); } catch { return null; }  // some browsers refuse it to files
  },
  set(name) {
    document.documentElement.dataset.theme = name;
    try { window.localStorage.setItem(this.key, name); } catch { /* then it holds for this page */ }
    const button = document.getElementById("theme");
    if (button) button.textContent = name === "contrast" ? "light colours" : "high contrast";
  },
  toggle() {
    this.set(document.documentElement.dataset.theme === "contrast" ? "light" : "contrast");
  },
};
{
  const query = new URLSearchParams(window.location.search);
  const printed = query.has("print");
  const wanted = query.get("theme") || (printed ? "light" : Theme.kept());
  document.documentElement.dataset.theme = wanted === "contrast" ? "contrast" : "light";
  // The windows of one deck change together: the slides and both pictures of the speaker view.
  window.addEventListener("storage", (event) => {
    if (event.key === Theme.key && event.newValue) document.documentElement.dataset.theme = event.newValue;
  });
}
