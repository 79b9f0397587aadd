// The page: takes a clip, has it analysed in a second thread, and shows what comes back.
import { Chart } from "./chart.js";
import { Player } from "./player.js";
import { openClip } from "./readers/open.js";
import { ReadError } from "./readers/base.js";
import { asCsv, asJson, drawPicture, save } from "./save.js";
import { beatRows, facts, methodLine, modelLine } from "./words.js";

const $ = (id) => document.getElementById(id);
// The smallest program with an instruction of wasm's SIMD, which the runtime is made of.
const SIMD = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0,
  253, 15, 253, 98, 11]);
const TOO_OLD = "This browser cannot run the model (it lacks WebAssembly SIMD, module workers or "
  + "DecompressionStream): use Chrome or Edge 91, Firefox 114, Safari 16.4 or newer.";

const player = new Player($("clip"), (frame) => shownFrame(frame));
const chart = new Chart($("chart"), (frame) => { player.stop(); player.show(frame); });
let [worker, model, result, busy] = [null, null, null, true];

function start() {
  const able = typeof WebAssembly === "object" && WebAssembly.validate(SIMD) && typeof DecompressionStream === "function";
  if (!able) return fail(TOO_OLD);
  stage("loading the model");
  worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("error", (error) => fail(error.message ? `The page failed: ${error.message}` : TOO_OLD));
  worker.addEventListener("message", ({ data }) => heard(data));
  return undefined;
}

function heard(data) {
  if (data.failed) fail(data.failed);
  if (data.stage) stage(data.stage, data.done, data.of);
  if (data.ready) {
    model = data.ready;
    $("model").textContent = modelLine(model);
    $("sample").hidden = !model.sample;
    stage(null);
  }
  if (data.result) show(data.result);
}

/** What is being done; `null` when nothing is. */
function stage(what, done = 0, of = 0) {
  busy = what !== null;
  $("status").hidden = !busy;
  $("stage").textContent = busy ? `${what[0].toUpperCase()}${what.slice(1)} …` : "";
  if (of > 1) Object.assign($("progress"), { max: of, value: done });
  else $("progress").removeAttribute("value");
}

/** One line on the page; a result that was there before stays. */
function fail(line) {
  stage(null);
  $("problem").textContent = line;
  $("problem").hidden = false;
}

async function take(file) {
  if (!worker || busy) return;
  $("problem").hidden = true;
  stage("reading the clip");
  try {
    const clip = await openClip(file, (done, of) => stage("reading the clip", done, of));
    Object.assign($("fps"), { value: clip.fps ? +clip.fps.toFixed(3) : "" });
    Object.assign($("row"), { value: clip.spacing ? +clip.spacing[0].toFixed(4) : "" });
    Object.assign($("column"), { value: clip.spacing ? +clip.spacing[1].toFixed(4) : "" });
    $("flip").checked = false;
    worker.postMessage({ clip }, clip.frames.map((frame) => frame.buffer));
  } catch (error) {
    fail(error instanceof ReadError ? error.message : `This file cannot be read: ${error.message}`);
    if (!(error instanceof ReadError)) throw error;
  }
}

function again(event) {
  event.preventDefault();
  if (busy) return;
  const number = (id) => Number($(id).value) || null;
  const [fps, row, column] = [number("fps"), number("row"), number("column")];
  stage("computing again");
  worker.postMessage({ settings: { fps, spacing: row && column ? [row, column] : null, flip: $("flip").checked } });
}

function show(found) {
  result = found;
  stage(null);
  document.body.classList.add("shown");
  $("result").hidden = false;
  $("name").textContent = result.name;
  $("warnings").replaceChildren(...result.warnings.map((line) => element("li", line)));
  $("facts").replaceChildren(...facts(result).map(([name, value, more]) => {
    const said = element("dd", value);
    said.append(element("small", more));
    const group = element("div");
    group.append(element("dt", name), said);
    return group;
  }));
  $("beats").replaceChildren(...beatRows(result).map((cells, k) => {
    const row = element("tr");
    row.append(...cells.map((cell) => Object.assign(element(k ? "td" : "th", cell), k ? {} : { scope: "col" })));
    return row;
  }));
  $("method").textContent = methodLine(result);
  $("seek").max = result.area.length - 1;
  chart.draw(result);
  player.load(result);
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches && result.area.length > 1) player.play();
}

function element(name, text = "") {
  return Object.assign(document.createElement(name), { textContent: text });
}

function shownFrame(frame) {
  $("seek").value = frame;
  $("play").textContent = player.playing ? "Stop" : "Play";
  const seconds = result.fps ? ` · ${(frame / result.fps).toFixed(2)} s` : "";
  $("at").textContent = `Frame ${frame} of ${result.area.length - 1}${seconds}`;
  chart.point(frame);
}

/** To the nearest ED or ES in a direction, 1 or -1. */
function toEvent(direction) {
  const frames = [...result.events.ed, ...result.events.es].sort((a, b) => direction * (a - b));
  const to = frames.find((frame) => direction * (frame - player.frame) > 0) ?? frames[0];
  player.stop();
  if (to !== undefined) player.show(to);
}

const KEYS = {
  " ": () => player.toggle(),
  ArrowLeft: () => { player.stop(); player.show(player.frame - 1); },
  ArrowRight: () => { player.stop(); player.show(player.frame + 1); },
  n: () => toEvent(1),
  p: () => toEvent(-1),
  o: () => $("outline").click(),
};

addEventListener("keydown", (event) => {
  const own = event.target.closest?.("input, button, summary, a"); // these have keys of their own
  const key = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!result || !key || event.ctrlKey || event.metaKey || event.altKey) return;
  if (own && (event.key.length > 1 || event.key === " " || own.type === "number")) return;
  event.preventDefault();
  key();
});

const drop = $("drop");
addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
addEventListener("dragleave", () => drop.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
});
$("file").addEventListener("change", (event) => {
  if (event.target.files.length) take(event.target.files[0]);
  event.target.value = "";
});
$("sample").addEventListener("click", async () => {
  const answer = await fetch(new URL(model.sample, import.meta.url));
  take(new File([await answer.blob()], model.sample));
});
$("play").addEventListener("click", () => player.toggle());
$("seek").addEventListener("input", (event) => { player.stop(); player.show(Number(event.target.value)); });
$("next").addEventListener("click", () => toEvent(1));
$("previous").addEventListener("click", () => toEvent(-1));
$("outline").addEventListener("change", (event) => player.outline(event.target.checked));
$("form").addEventListener("submit", again);
$("csv").addEventListener("click", () => save(`${result.name}.csv`, new Blob([asCsv(result)], { type: "text/csv" })));
$("json").addEventListener("click", () =>
  save(`${result.name}.json`, new Blob([asJson(result, model)], { type: "application/json" })));
$("png").addEventListener("click", async () => save(`${result.name}.png`, await drawPicture(result, model)));

start();

/** For scripts and tests: the last result. */
globalThis.echodfkd = { result: () => result };
