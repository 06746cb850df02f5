// The board's page: asks every two seconds whether something is new, and draws it. Names, messages and titles are set
// as text, never as HTML.
"use strict";

const EVERY_MS = 2000;
const HOW_LONG_MS = 10000;
const find = (id) => document.getElementById(id);
const saved = (name, otherwise) => { try { return localStorage.getItem(name) ?? otherwise; } catch { return otherwise; } };
const save = (name, value) => { try { localStorage.setItem(name, value); } catch { /* a private window keeps nothing */ } };

let data = null;
let chosen = new URLSearchParams(location.search).get("module") || "";

function make(tag, className, ...content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content);
  return element;
}

const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

function label(student) {
  return find("names").checked ? student.name : `No. ${student.number}`;
}

function cell(student, task) {
  const state = student.tasks[task.id];
  const [kind, sign, words] = !state ? ["none", "·", "no try yet"]
    : state.passed ? ["passed", "✓", `passed, ${state.tries === 1 ? "1 try" : `${state.tries} tries`}`]
    : state.stuck ? ["stuck", `${state.tries}!`, `stuck after ${state.tries} tries`]
    : ["tried", `${state.tries}`, state.tries === 1 ? "1 try, not passed" : `${state.tries} tries, not passed`];
  const hints = state && state.hints ? `, ${count(state.hints, "hint")}` : "";
  const message = state && state.message ? `: ${state.message}` : "";
  const box = make("span", `cell ${kind}`, sign);
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", `${task.id} ${words}${hints}${message}`);
  box.title = `${label(student)}, ${task.id} ${task.title}: ${words}${hints}${message}`;
  return box;
}

function card(task, students, most) {
  const all = students.length;
  const bar = make("meter");
  bar.max = Math.max(all, 1);
  bar.value = task.passed;
  bar.setAttribute("aria-label", `${task.id}: ${task.passed} of ${all} passed`);
  const byNumber = new Map(students.map((student) => [student.number, student]));
  const stuck = task.stuck.map((number) => label(byNumber.get(number)));
  const shown = stuck.slice(0, most).join(", ") + (stuck.length > most ? ` and ${stuck.length - most} more` : "");
  const top = task.messages[0];
  const card = make("article", "card",
    make("h2", "", make("b", "", task.id), ` ${task.title}`),
    make("p", "done", make("b", "", `${task.passed} of ${all}`), " passed"), bar,
    make("p", stuck.length ? "stuck-line" : "quiet", make("b", "", `${stuck.length} stuck`), stuck.length ? `: ${shown}` : ""));
  if (top) {
    const quote = make("p", "message", `“${top.message}” `,
      make("span", "quiet", `${count(top.students, "student")}, ${top.times === 1 ? "once" : `${top.times} times`}`));
    quote.title = task.messages.map((each) => `${count(each.students, "student")}: ${each.message}`).join("\n");
    card.append(quote);
  } else card.append(make("p", "quiet", "No failing check yet"));
  return card;
}

// Above what is stuck: the number of stuck tasks, then of tries without a pass.
function trouble(student) {
  const open = Object.values(student.tasks).filter((state) => !state.passed);
  return open.reduce((sum, state) => sum + (state.stuck ? 1000 : 0) + state.tries, 0);
}

function sorted(students) {
  const byLabel = find("names").checked
    ? (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true })
    : (a, b) => a.number - b.number;
  const order = find("order").value === "name" ? byLabel : (a, b) => trouble(b) - trouble(a) || byLabel(a, b);
  return [...students].sort(order);
}

function draw() {
  if (!data) return;
  const picker = find("module");
  picker.replaceChildren(...data.modules.map((module) => {
    const option = make("option", "", `${module.number} ${module.title} (${module.begun} begun)`);
    option.value = module.id;
    return option;
  }));
  picker.value = data.module;
  find("order").options[1].textContent = find("names").checked ? "by name" : "by number";
  find("tasks").replaceChildren(...data.tasks.map((task) => card(task, data.students, data.tasks.length > 4 ? 3 : 6)));
  find("students").replaceChildren(...sorted(data.students).map((student) => make("li", "",
    make("span", "who", label(student)), make("span", "cells", ...data.tasks.map((task) => cell(student, task))))));
  document.querySelectorAll(".who").forEach((who) => { who.title = who.textContent; });
  // As wide as its boxes and its name need, so that a hundred students fit on a projector.
  const many = data.students.length > 40;
  const name = !find("names").checked ? 3.6 : many ? 6.2 : 9;
  find("students").classList.toggle("many", many);
  find("students").style.setProperty("--column", `${name + 1.75 * data.tasks.length}rem`);
  find("nobody").hidden = data.students.length > 0;
}

function tell(text, bad) {
  const live = find("live");
  if (live.textContent !== text) live.textContent = text;
  live.classList.toggle("bad", bad);
}

let lastSeen = "";
let busy = false;

async function ask() {
  if (busy) return;
  busy = true;
  const asked = chosen;
  const since = data && (!asked || asked === data.module) ? data.version : "";
  try {
    const query = new URLSearchParams({ module: asked, since });
    const answer = await fetch(`api/board?${query}`, { signal: AbortSignal.timeout(HOW_LONG_MS), cache: "no-store" });
    if (answer.status === 401 || answer.status === 403) { tell("Signed out: load this page again.", true); return; }
    if (!answer.ok) throw new Error(String(answer.status));
    if (answer.status === 200) {
      const found = await answer.json();
      if (asked !== chosen) return;
      data = found;
      // Opened before anybody has begun, it goes to where the first ones begin.
      if (data.modules.find((module) => module.id === data.module).begun) chosen = data.module;
      draw();
    }
    lastSeen = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    tell(`Live, ${lastSeen}`, false);
  } catch {
    tell(lastSeen ? `The board does not answer. What you see is from ${lastSeen}.` : "The board does not answer.", true);
  } finally {
    busy = false;
    if (chosen && data && chosen !== data.module) ask();
  }
}

find("names").checked = saved("board-names", "no") === "yes";
find("order").value = saved("board-order", "stuck");
find("names").addEventListener("change", () => { save("board-names", find("names").checked ? "yes" : "no"); draw(); });
find("order").addEventListener("change", () => { save("board-order", find("order").value); draw(); });
find("module").addEventListener("change", () => { chosen = find("module").value; ask(); });
setInterval(ask, EVERY_MS);
ask();
