"use strict";
// The page: loads the files, talks to the worker, and shows what the tests say.
const LIMIT_S = 10; // the longest that the learner's code may run for one delivery
const KEY = "serverless-first.try.charges";
const MODULES = ["pyodide.mjs", "pyodide.asm.mjs"];
const byId = (id) => document.getElementById(id);
const code = byId("code"), check = byId("check"), bar = byId("bar"), result = byId("result");
const START = code.defaultValue;
const hints = byId("hints").content.textContent.trim().split("\n");
let files = null, modules = null, script = "", worker = null, watchdog = 0, shownHints = 0;

function tell(words, percent = null) {
  byId("status").textContent = words;
  bar.hidden = percent === null;
  if (percent !== null) bar.value = percent;
}

function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function cannot() {
  const install = "Or install the course: git clone it and run make lab.";
  if (location.protocol === "file:") {
    return `This page needs a web server. In the folder site/, run python -m http.server, then open http://localhost:8000/try/. ${install}`;
  }
  const there = typeof WebAssembly === "object" && typeof Worker === "function" && typeof DecompressionStream === "function";
  if (!there || !hasModuleWorkers()) {
    return `This browser can't run Python. Use a Chrome, Edge, Firefox or Safari from 2024 or later. ${install}`;
  }
  return "";
}

function hasModuleWorkers() {
  let asked = false;
  const address = URL.createObjectURL(new Blob([""], { type: "text/javascript" }));
  try {
    new Worker(address, { get type() { asked = true; return "module"; } }).terminate();
  } catch {
    return false;
  } finally {
    URL.revokeObjectURL(address);
  }
  return asked;
}

async function load() {
  const listed = JSON.parse(byId("files").textContent);
  const total = listed.reduce((sum, file) => sum + file.bytes, 0);
  const got = new Map();
  let failed = false;
  const count = (name, bytes) => {
    if (failed) return; // the other files still arrive, and must not hide the message
    got.set(name, bytes);
    const sum = [...got.values()].reduce((one, other) => one + other, 0);
    const megabytes = (number) => (number / 1e6).toFixed(1);
    tell(`Loading Python: ${megabytes(Math.min(sum, total))} of ${megabytes(total)} MB`, Math.min(80, (80 * sum) / total));
  };
  const blobs = await Promise.all(listed.map((file) => fetched(file, count))).catch((error) => {
    failed = true;
    throw error;
  });
  files = Object.fromEntries(listed.map((file, number) => [file.name, blobs[number]]));
  const asScript = (blob) => URL.createObjectURL(new Blob([blob], { type: "text/javascript" }));
  script = asScript(files["worker.js"]);
  modules = Object.fromEntries(MODULES.map((name) => [name, asScript(files[name])]));
  for (const name of [...MODULES, "worker.js"]) delete files[name];
}

async function fetched(file, count) {
  const answer = await fetch(`${file.at}?${file.hash}`);
  if (!answer.ok) throw new Error(`${file.at}: ${answer.status} ${answer.statusText}`);
  const reader = answer.body.getReader(), parts = [];
  let size = 0;
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    parts.push(value);
    size += value.length;
    count(file.name, Math.min(size, file.bytes));
  }
  const blob = new Blob(parts);
  // Some servers say that a .gz file is compressed in transit, and the browser has then unpacked it.
  const [first, second] = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  if (first !== 0x1f || second !== 0x8b) return blob;
  return new Response(blob.stream().pipeThrough(new DecompressionStream("gzip"))).blob();
}

function startWorker() {
  check.disabled = true;
  const words = ["Starting Python", "Loading boto3", "Loading pytest", "Loading moto", "Loading the tests", "Running the tests once"];
  worker = new Worker(script, { type: "module" });
  worker.onerror = (event) => broken(event.message ?? "the worker doesn't start");
  worker.onmessage = ({ data }) => {
    if (data.kind === "step") tell(`${data.words} ...`, 82 + 3 * words.indexOf(data.words));
    if (data.kind === "ready") ready();
    if (data.kind === "alive" && watchdog) watch();
    if (data.kind === "verdict") show(data.verdict);
    if (data.kind === "broken") broken(data.words);
  };
  worker.postMessage({ kind: "start", files, modules, base: new URL("./", location.href).href, text: START });
}

function broken(words) {
  stopWatching();
  worker?.terminate();
  worker = null;
  check.disabled = true;
  tell(`Python didn't start here: ${words}. Reload the page, or install the course: git clone it and run make lab.`);
}

function ready() {
  check.disabled = false;
  tell("Ready. Everything is loaded, so you can go offline now.");
}

function watch() {
  clearTimeout(watchdog);
  watchdog = setTimeout(tooLong, LIMIT_S * 1000);
}

function stopWatching() {
  clearTimeout(watchdog);
  watchdog = 0;
}

function tooLong() {
  stopWatching();
  worker.terminate();
  show({
    state: "failed",
    problem: `Your code was stopped, because it ran for more than ${LIMIT_S} seconds.`,
    rows: { "look at": "a loop that doesn't end. Your text is still here, and Python starts again." },
    printed: "", report: "", tests: 0,
  });
  startWorker();
}

function show(verdict) {
  stopWatching();
  if (worker) ready();
  const panel = element("div", "", `panel ${verdict.state.replace(" ", "-")}`);
  const passed = verdict.state === "passed";
  const headline = passed ? "\u2713 Passed: each order is charged exactly once." : `${capital(verdict.state)}: ${verdict.problem}`;
  panel.append(element("p")); // a paragraph around the headline
  panel.firstChild.append(element("strong", headline));
  if (passed) {
    panel.append(element("p", `Your handler passed ${verdict.tests} tests: repeated messages, two environments at once, a failing write and power failures.`));
  }
  const rows = Object.entries(verdict.rows);
  if (rows.length) {
    const list = element("dl");
    for (const [label, text] of rows) list.append(element("dt", label), element("dd", text));
    panel.append(list);
  }
  for (const [title, text] of [["What your handler printed", verdict.printed], ["What pytest reports", verdict.report]]) {
    if (text.trim()) panel.append(folded(title, text.trim()));
  }
  result.replaceChildren(panel);
  byId("next").hidden = !passed;
  panel.scrollIntoView({ block: "nearest" });
}

const capital = (words) => words[0].toUpperCase() + words.slice(1);

function folded(title, text) {
  const fold = element("details"), block = element("pre", text);
  block.tabIndex = 0;
  block.setAttribute("role", "group");
  block.setAttribute("aria-label", title);
  fold.append(element("summary", title), block);
  return fold;
}

function save() {
  try {
    localStorage.setItem(KEY, code.value);
  } catch { /* a browser that stores nothing: the text lasts as long as the page */ }
}

function saved() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function put(text) {
  code.value = text;
  save();
}

function insert(text) {
  // The deprecated call is the only one that Ctrl+Z takes back.
  if (!document.execCommand("insertText", false, text)) code.setRangeText(text, code.selectionStart, code.selectionEnd, "end");
  save();
}

// Indents the selected lines, and keeps them selected.
function indent() {
  const start = code.value.lastIndexOf("\n", code.selectionStart - 1) + 1;
  const text = code.value.slice(start, code.selectionEnd).replace(/^(?=.)/gm, "    ");
  code.setSelectionRange(start, code.selectionEnd);
  insert(text);
  code.setSelectionRange(start, start + text.length);
}

let leaving = false;
code.addEventListener("keydown", (event) => {
  if (event.key === "Tab" && !leaving && !event.shiftKey && !event.ctrlKey && !event.altKey) {
    event.preventDefault();
    if (code.selectionStart === code.selectionEnd) insert("    ");
    else indent();
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    byId("task").requestSubmit();
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    const line = code.value.slice(0, code.selectionStart).split("\n").at(-1);
    insert(`\n${line.match(/^ */)[0]}${line.trimEnd().endsWith(":") ? "    " : ""}`);
  }
  leaving = event.key === "Escape" || (leaving && ["Shift", "Tab"].includes(event.key));
});
code.addEventListener("blur", () => { leaving = false; });
code.addEventListener("input", save);

byId("task").addEventListener("submit", (event) => {
  event.preventDefault();
  if (check.disabled) return;
  check.disabled = true;
  result.replaceChildren();
  tell("Running the tests ...");
  watch();
  worker.postMessage({ kind: "check", text: code.value });
});

byId("hint").addEventListener("click", () => {
  shownHints = Math.min(shownHints + 1, hints.length);
  const panel = element("div", "", "panel");
  for (const [number, text] of hints.slice(0, shownHints).entries()) {
    panel.append(element("p", `Hint ${number + 1} of ${hints.length}: ${text}`));
  }
  byId("help").replaceChildren(panel);
  panel.scrollIntoView({ block: "nearest" });
});

byId("solution").addEventListener("click", () => {
  const panel = element("div", "", "panel"), block = element("pre", byId("answer").content.textContent.trim());
  block.tabIndex = 0;
  block.setAttribute("role", "group");
  block.setAttribute("aria-label", "The solution");
  const use = element("button", "Put it into the editor");
  use.type = "button";
  use.addEventListener("click", () => {
    put(`${block.textContent}\n`);
    code.focus();
  });
  panel.append(element("p", "One solution. Others pass as well."), block, use);
  byId("help").replaceChildren(panel);
  panel.scrollIntoView({ block: "nearest" });
});

byId("reset").addEventListener("click", () => {
  if (code.value !== START && !confirm("Replace your text with the first version?")) return;
  put(START);
  shownHints = 0;
  for (const id of ["result", "help"]) byId(id).replaceChildren();
  byId("next").hidden = true;
});

async function main() {
  code.value = saved() ?? START;
  const why = cannot();
  if (why) return tell(why);
  tell("Loading Python ...", 0);
  try {
    await load();
  } catch (error) {
    return tell(`A file of this page couldn't be loaded: ${error.message}. Reload the page, or install the course.`);
  }
  return startWorker();
}
main();
