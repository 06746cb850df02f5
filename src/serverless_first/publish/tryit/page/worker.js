"use strict";
// Python in a worker. The page starts it from a blob, so the page's Content-Security-Policy also holds here, and hands
// it all files: nothing is asked of the network, so that it also starts again without one.

const HOME = "/home/pyodide";
const LONGEST = 6000; // characters of printed text that the page shows
let judge = null;

const say = (kind, more = {}) => self.postMessage({ kind, ...more });

self.onmessage = async ({ data }) => {
  try {
    if (data.kind === "start") await start(data);
    if (data.kind === "check") say("verdict", { verdict: verdict(data.text) });
  } catch (error) {
    say("broken", { words: String(error?.message ?? error).trim().split("\n").at(-1) });
  }
};

async function start({ files, modules, base, text }) {
  self.fetch = async (address) => {
    const name = String(address?.url ?? address).split("/").at(-1);
    if (!(name in files)) throw new TypeError(`${name} is not part of this page`);
    const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
    return new Response(files[name], { headers: { "Content-Type": type } });
  };
  say("step", { words: "Starting Python" });
  const { loadPyodide } = await import(modules["pyodide.mjs"]);
  const { default: createPyodideModule } = await import(modules["pyodide.asm.mjs"]);
  const lockFileContents = JSON.parse(await files["pyodide-lock.json"].text());
  const python = await loadPyodide({ indexURL: base, packageBaseUrl: base, createPyodideModule, lockFileContents });
  python.unpackArchive(await files["packages.zip"].arrayBuffer(), "zip", { extractDir: HOME });
  for (const [words, code] of STEPS) {
    say("step", { words });
    python.runPython(code);
  }
  judge = python.runPython("words_of_the_judge");
  // Whatever Python loads at the first check is loaded now, and a check that can't work is known before anybody waits.
  say("step", { words: "Running the tests once" });
  const first = verdict(text);
  if (first.state !== "not started") throw new Error(first.rows["came back"] ?? first.problem);
  say("ready");
}

const STEPS = [
  [
    "Loading boto3",
    `
import sys
sys.dont_write_bytecode = True
sys.path[:0] = ["${HOME}/task", "${HOME}/packages"]
import stand_ins
stand_ins.install()
import boto3`,
  ],
  ["Loading pytest", "import pytest"],
  ["Loading moto", "import moto.dynamodb, moto.sqs"],
  [
    "Loading the tests",
    `
import json
import judge
def words_of_the_judge(text, alive):
    return json.dumps(judge.judge(text, alive))`,
  ],
];

function verdict(text) {
  const found = JSON.parse(judge(text, () => say("alive")));
  for (const name of ["printed", "report"]) found[name] = found[name].slice(-LONGEST);
  return found;
}
