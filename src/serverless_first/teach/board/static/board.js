// The board's page: asks every two seconds whether something is new, and draws it. Names, messages and titles are set
// as text, never as HTML.
//
// The instructor's token comes in the page's address, behind the # that browsers never send, or is typed. It is kept for
// this tab and this origin (the port counts), and goes with each request that this page makes. There is no cookie.
"use strict";

const EVERY_MS = 2000;
const HOW_LONG_MS = 10000;
const find = (id) => document.getElementById(id);
const saved = (name, otherwise, kind = "localStorage") => {
  try { return window[kind].getItem(name) ?? otherwise; } catch { return otherwise; }
};
const save = (name, value, kind = "localStorage") => {
  try { window[kind].setItem(name, value); } catch { /* a browser that keeps nothing */ }
};

let token = "";
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
      make("span", "quiet", count(top.students, "student")));
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

// Only letters that a header may hold: a token is none of those that change.
const get = (path) => fetch(path, {
  headers: { Authorization: `Bearer ${encodeURIComponent(token)}` },
  signal: AbortSignal.timeout(HOW_LONG_MS),
  cache: "no-store",
});

let lastSeen = "";
let busy = false;

async function ask() {
  if (busy || !token) return;
  busy = true;
  const asked = chosen;
  const mine = token;
  const since = data && (!asked || asked === data.module) ? data.version : "";
  try {
    const query = new URLSearchParams({ module: asked, since });
    const answer = await get(`api/board?${query}`);
    if (mine !== token) return;
    if (answer.status === 401 || answer.status === 403) { signIn("", true); return; }
    if (!answer.ok) throw new Error(String(answer.status));
    if (answer.status === 200) {
      const found = await answer.json();
      if (asked !== chosen || mine !== token) return;
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
    if (mine !== token || (chosen && data && chosen !== data.module)) ask();
  }
}

// With a token: the board. Without one: the form, and nothing of what was on the page, which may be on a projector.
function signIn(given, wrong = false) {
  token = given;
  save("board-token", token, "sessionStorage");
  data = null;
  lastSeen = "";
  tell("Loading", false);
  for (const id of ["tasks", "students"]) find(id).replaceChildren();
  find("board").hidden = !token;
  find("sign-in").hidden = Boolean(token);
  find("wrong").hidden = !wrong;
  find("token").value = "";
  if (token) ask(); else find("token").focus();
}

function tokenOfTheAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  if (given) history.replaceState(null, "", location.pathname + location.search);
  return given;
}

async function saveFile(name) {
  try {
    const answer = await get(name);
    if (!answer.ok) throw new Error(String(answer.status));
    const link = make("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), HOW_LONG_MS);
  } catch {
    tell(`The board did not send ${name}.`, true);
  }
}

find("names").checked = saved("board-names", "no") === "yes";
find("order").value = saved("board-order", "stuck");
find("names").addEventListener("change", () => { save("board-names", find("names").checked ? "yes" : "no"); draw(); });
find("order").addEventListener("change", () => { save("board-order", find("order").value); draw(); });
find("module").addEventListener("change", () => { chosen = find("module").value; ask(); });
document.querySelectorAll("[data-file]").forEach((each) => each.addEventListener("click", () => saveFile(each.dataset.file)));
find("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const given = find("token").value.trim();
  signIn(given, !given);
});
find("sign-out").addEventListener("click", () => signIn(""));
// A new address in a tab that is open already loads nothing.
addEventListener("hashchange", () => { const given = tokenOfTheAddress(); if (given) signIn(given); });
setInterval(ask, EVERY_MS);
signIn(tokenOfTheAddress() || saved("board-token", "", "sessionStorage"));
