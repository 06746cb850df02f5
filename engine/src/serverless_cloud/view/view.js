// Draws what runs in the local cloud: functions with their environments, queues, databases and their proxies, state
// machines. It keeps the last minutes, so that you can pause and step back.
//
// `show(element, subscribe)` draws into an element; `subscribe(draw)` calls `draw(moment)` with each new moment, as in
// moment.py, and returns a function that ends that. A notebook calls it through `render` (anywidget), page.html itself.
// `play(element, packed)` draws a recording, which recording.py has packed.

const STATES = {
  init: "starting", busy: "busy", frozen: "frozen", failed: "frozen, call failed", ended: "ended", lost: "ended, call failed",
};
const SOMETIMES = ["failed", "ended", "lost"]; // states that are left out if no environment has them
const PICTURES = {
  functions: drawFunction, queues: drawQueue, proxies: drawProxy, databases: drawDatabase, machines: drawMachine,
};
const KEPT_S = 300;
const SPEAK_EVERY_MS = 4000; // a screen reader that is told everything says nothing useful
const LONGEST_PAUSE_MS = 1500; // of a recording in which nothing happens
const MOST_MARKS = 200; // more than that is told as a number

// ---- pictures

function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// A row of small marks; each kind of mark has its own form as well as its own color.
function marks(...groups) {
  const total = groups.reduce((sum, [, number]) => sum + number, 0);
  const share = Math.min(1, MOST_MARKS / total);
  const row = node("div", { class: "marks", "aria-hidden": "true" });
  for (const [kind, number] of groups) {
    for (let i = 0; i < Math.ceil(number * share); i += 1) row.append(node("i", { class: kind }));
  }
  return row;
}

const card = (kind, name, ...parts) =>
  node("section", { class: "card" }, node("h4", {}, node("small", {}, kind), ` ${name}`), ...parts);
const key = (...counts) => {
  const list = node("p", { class: "key" });
  for (const [kind, number, word] of counts) list.append(node("span", {}, node("i", { class: kind }), ` ${number} ${word}`));
  return list;
};

function drawFunction({ name, environments }) {
  const row = node("div", { class: "marks", "aria-hidden": "true" });
  for (const { state, provisioned } of environments) row.append(node("i", { class: `${state}${provisioned ? " kept" : ""}` }));
  const counts = Object.entries(STATES).map(([state, word]) => [state, environments.filter((e) => e.state === state).length, word]);
  return card("Function", name, row, key(...counts.filter(([state, number]) => number || !SOMETIMES.includes(state))));
}

function drawQueue({ name, visible, in_flight, delayed }) {
  const counts = [["full", visible, "waiting"], ["busy", in_flight, "in flight"], ["init", delayed, "delayed"]];
  return card("Queue", name, marks(...counts), key(...counts.filter(([, number], i) => number || i < 2)));
}

function drawProxy({ name, seats, lent, idle, clients, waiting }) {
  const connections = [["busy", lent, "in use"], ["frozen", idle, "idle"], ["free", Math.max(0, seats - lent - idle), "not open"]];
  const line = [["full", waiting, waiting === 1 ? "client waits" : "clients wait"]];
  return card("Proxy", name, marks(...line), key(...line, ["none", clients, clients === 1 ? "client connected" : "clients connected"]), marks(...connections), key(...connections));
}

function drawDatabase({ name, state, seats, taken }) {
  if (taken === null || state !== "available") return card("Database", name, node("p", { class: "key" }, state));
  const counts = [["busy", taken, taken === 1 ? "seat taken" : "seats taken"], ["free", Math.max(0, seats - taken), "free"]];
  return card("Database", name, marks(...counts), key(...counts));
}

function drawMachine({ name, states, running, ended }) {
  const list = node("ol", { class: "states" });
  for (const state of states) {
    const number = running[state] ?? 0;
    list.append(node("li", number ? { class: "on" } : {}, `${state} `, node("b", {}, number ? String(number) : ""), marks(["busy", number])));
  }
  const parts = Object.entries(ended).map(([status, number]) => [status === "SUCCEEDED" ? "frozen" : "failed", number, status.toLowerCase().replace("_", " ")]);
  return card("State machine", name, list, key(...parts));
}

// ---- the view

// The buttons, the words and the cards. `move(index)` is called when somebody steps to a moment.
function frame(element, moments, move) {
  const hold = node("button", { type: "button" });
  const back = node("button", { type: "button" }, "Step back");
  const on = node("button", { type: "button" }, "Step on");
  const time = node("input", { type: "range", min: "0", max: "0", value: "0", "aria-label": "Moment" });
  const when = node("span", { class: "when" });
  const words = node("p", { class: "words" });
  const voice = node("p", { class: "voice", role: "status" });
  const cards = node("div", { class: "cards" });
  const bar = node("div", { class: "bar", role: "group", "aria-label": "Time" }, hold, back, on, time, when);
  element.classList.add("serverless-view");
  element.replaceChildren(node("style", {}, STYLE), bar, words, cards, voice);

  const here = () => Number(time.value);
  const to = (index) => moments.length && move(Math.max(0, Math.min(moments.length - 1, index)));
  back.onclick = () => to(here() - 1);
  on.onclick = () => to(here() + 1);
  time.oninput = () => to(here());

  let spokenAt = Date.now();
  const drawn = new Map(); // what each card was drawn from: an unchanged card stays as it is
  function draw(index, label, stands) {
    const moment = moments[index];
    const before = new Map(drawn);
    drawn.clear();
    const wanted = Object.entries(PICTURES).flatMap(([kind, picture]) =>
      moment[kind].map((row) => {
        const text = kind + JSON.stringify(row);
        drawn.set(text, before.get(text) ?? picture(row));
        return drawn.get(text);
      }),
    );
    if (wanted.length !== cards.children.length || wanted.some((one, i) => cards.children[i] !== one)) {
      cards.replaceChildren(...wanted);
    }
    words.textContent = moment.words;
    when.textContent = label;
    time.max = String(moments.length - 1);
    time.value = String(index);
    time.setAttribute("aria-valuetext", label);
    if (stands || Date.now() - spokenAt > SPEAK_EVERY_MS) {
      spokenAt = Date.now();
      if (voice.textContent !== words.textContent) voice.textContent = words.textContent;
    }
  }
  return { hold, here, draw };
}

export function show(element, subscribe) {
  const moments = []; // the last minutes, the oldest first
  let shown = null; // the moment on the screen while it stands still; null while it is live
  const { hold, draw } = frame(element, moments, (index) => stand(moments[index]));

  function stand(moment) {
    shown = moment;
    hold.textContent = moment === null ? "Pause" : "Go live";
    hold.setAttribute("aria-pressed", String(moment !== null));
    if (!moments.length) return;
    const newest = moments[moments.length - 1];
    if (moment === null) draw(moments.length - 1, "live", false);
    else draw(moments.indexOf(moment), `${(newest.time_s - moment.time_s).toFixed(1)} s earlier`, true);
  }
  hold.onclick = () => stand(shown === null ? moments[moments.length - 1] ?? null : null);
  stand(null);

  let last = "";
  return subscribe((moment) => {
    const text = JSON.stringify({ ...moment, time_s: 0 });
    if (text === last) return; // nothing has happened
    last = text;
    moments.push(moment);
    while (moments[0].time_s < moment.time_s - KEPT_S) moments.shift();
    stand(shown === null || moments.includes(shown) ? shown : moments[0]);
  });
}

export async function play(element, packed) {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const moments = await new Response(stream).json();
  const last = moments.length - 1;
  const at_s = moments.map(({ time_s }) => time_s - moments[0].time_s);
  let timer = null; // set while it plays
  const { hold, here, draw } = frame(element, moments, (index) => { halt(); stand(index, true); });

  const stand = (index, stands) => draw(index, `${at_s[index].toFixed(1)} of ${at_s[last].toFixed(1)} s`, stands);
  function halt() {
    clearTimeout(timer);
    timer = null;
    hold.textContent = "Play";
  }
  function run(index) {
    stand(index, index === last);
    if (index === last) halt();
    else timer = setTimeout(run, Math.min(LONGEST_PAUSE_MS, 1000 * (at_s[index + 1] - at_s[index])), index + 1);
  }
  hold.onclick = () => {
    if (timer !== null) return halt();
    hold.textContent = "Pause";
    run(here() === last ? 0 : here());
  };
  halt();
  stand(last, false);
}

// ---- in a notebook

function render({ model, el }) {
  return show(el, (draw) => {
    const changed = () => draw(model.get("moment"));
    model.on("change:moment", changed);
    changed();
    return () => model.off("change:moment", changed);
  });
}

export default { render };

const STYLE = `
.serverless-view { --ink: var(--jp-ui-font-color1, CanvasText); --paper: var(--jp-layout-color1, Canvas);
  --line: var(--jp-border-color1, #8a8a8a); --busy: #0b62c4; --full: #8a3d78; --failed: #c04f00; --cold: #5f6b76; color: var(--ink);
  font: 14px/1.4 system-ui, sans-serif; max-width: 70rem; }
.serverless-view .bar { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
.serverless-view .bar input { flex: 1 1 8rem; }
.serverless-view button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line);
  border-radius: 4px; padding: .2rem .6rem; min-height: 1.75rem; }
.serverless-view :is(button, input):focus-visible { outline: 3px solid var(--busy); outline-offset: 1px; }
.serverless-view .words { margin: .5rem 0; }
.serverless-view .voice { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); margin: 0; }
.serverless-view .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: .6rem; }
.serverless-view .card { border: 1px solid var(--line); border-radius: 6px; padding: .5rem .7rem; background: var(--paper); }
.serverless-view h4 { margin: 0 0 .3rem; font-size: 1em; overflow-wrap: anywhere; }
.serverless-view h4 small { font-weight: normal; }
.serverless-view .marks { display: flex; flex-wrap: wrap; gap: 3px; min-height: 14px; }
.serverless-view i { width: 12px; height: 12px; box-sizing: border-box; display: inline-block; border: 2px solid var(--cold); }
.serverless-view i.busy { background: var(--busy); border-color: var(--busy); }
.serverless-view i.init { border-style: dashed; border-color: var(--busy); border-radius: 50%; }
.serverless-view i.frozen { background: repeating-linear-gradient(45deg, var(--cold) 0 2px, transparent 2px 5px); }
.serverless-view :is(i.failed, i.lost) { border-color: var(--failed); background:
  linear-gradient(45deg, transparent 43%, var(--failed) 43% 57%, transparent 57%),
  linear-gradient(-45deg, transparent 43%, var(--failed) 43% 57%, transparent 57%); }
.serverless-view i.lost { border-style: dotted; }
.serverless-view i.ended { border-style: dotted; opacity: .5; }
.serverless-view i.free { border-radius: 3px; border-width: 1px; }
.serverless-view i.full { background: var(--full); border-color: var(--full); border-radius: 50%; }
.serverless-view i.kept { box-shadow: 0 0 0 2px var(--paper), 0 0 0 3px var(--ink); }
.serverless-view i.none { display: none; }
.serverless-view .key { margin: .3rem 0; display: flex; flex-wrap: wrap; gap: .1rem .8rem; font-size: .93em; }
.serverless-view .key i { width: 10px; height: 10px; }
.serverless-view .states { margin: 0; padding-left: 1.4rem; }
.serverless-view .states .on { font-weight: 600; }
.serverless-view .states .marks { display: inline-flex; min-height: 0; }
@media (prefers-color-scheme: dark) { .serverless-view { --busy: #6cb0ff; --full: #e3a0cf; --failed: #ff9a4d; --cold: #a5b1bc; color-scheme: light dark; } }
body:is([data-jp-theme-light="true"], [data-theme="light"]) .serverless-view { color-scheme: light; --busy: #0b62c4; --full: #8a3d78; --failed: #c04f00; --cold: #5f6b76; }
body:is([data-jp-theme-light="false"], [data-theme="dark"]) .serverless-view { color-scheme: dark; --busy: #6cb0ff; --full: #e3a0cf; --failed: #ff9a4d; --cold: #a5b1bc; }
`;
