// The network in the browser: grey squares in, LV probabilities out. All that knows the graph is here.
import { Head } from "./head.js";
import { mirrored } from "./picture/resize.js";

const CHUNK = 128; // frames that share one context, as in `segment`
const [WINDOW, WARM_UP] = [512, 32]; // frames of a part, and those around it that a network sees too
const PROBE = 8; // frames on which both ways to compute are compared
const SAME = 3; // of 255: a GPU that differs by more is not used

/** A trained network; `facts` are those of model.json, `backend` says what computes, `head` may be null. */
export class Model {
  /** Loads runtime and network from `folder` (an address that ends in a slash). */
  static async open(folder) {
    const facts = JSON.parse(new TextDecoder().decode(await bytes(`${folder}model.json`)));
    const network = await bytes(`${folder}${facts.network}`);
    const runtime = (await hasGpu()) && (await loaded(folder, "webgpu").catch(() => null));
    const ort = runtime || (await loaded(folder, "wasm"));
    const session = await ort.InferenceSession.create(network, { executionProviders: ["wasm"] });
    const gpu = runtime && ort.InferenceSession.create(network, { executionProviders: ["webgpu"] }).catch(() => null);
    const head = facts.head ? await headOf(facts.head, ort, folder) : null;
    return new Model(facts, ort, session, await gpu, head);
  }

  constructor(facts, ort, session, gpu, head) {
    Object.assign(this, { facts, ort, session, gpu, head, size: facts.size, backend: "WebAssembly" });
  }

  /** Soft masks of squares, both Uint8Arrays of size * size, 255 = certain. */
  async predict(squares, told = () => {}) {
    await this.#choose(squares.slice(0, PROBE));
    const probs = [];
    for (let start = 0; start < squares.length; start += WINDOW) {
      const first = Math.max(start - WARM_UP, 0);
      const last = Math.min(start + WINDOW + WARM_UP, squares.length);
      const seen = squares.slice(first, last);
      const found = [];
      for (const [from, to] of this.#spans(seen.length)) {
        found.push(...await this.#run(this.session, seen.slice(from, to)));
        told(Math.min(first + found.length, squares.length), squares.length);
      }
      probs.push(...found.slice(start - first, Math.min(start + WINDOW, squares.length) - first));
    }
    return probs.map((prob, k) => (isBlank(squares[k]) ? new Uint8Array(prob.length) : prob));
  }

  /** Whether the middle of a clip suits the network far better mirrored; never of fewer than 8 frames. */
  async looksMirrored(squares) {
    if (squares.length < 8) return false;
    const start = Math.floor((squares.length - 8) / 2);
    const middle = squares.slice(start, start + 8);
    const asFed = await this.#run(this.session, middle);
    const turned = await this.#run(this.session, middle.map((square) => mirrored(square, this.size)));
    const share = (probs) => mean(probs.map((prob) => mean(prob.map((value) => (value >= 128 ? 1 : 0)))));
    if (Math.min(share(asFed), share(turned)) < 0.005) return false;
    return doubt(asFed) > 1.4 * doubt(turned);
  }

  /** Takes the GPU from its first use on, if it says the same and is faster. */
  async #choose(squares) {
    if (!this.gpu) return;
    const gpu = this.gpu;
    this.gpu = null;
    try {
      const [slow, seconds] = await timed(() => this.#run(this.session, squares));
      await this.#run(gpu, squares); // its programs are made at the first run
      const [fast, gpuSeconds] = await timed(() => this.#run(gpu, squares));
      const differs = slow.some((prob, k) => prob.some((value, i) => Math.abs(value - fast[k][i]) > SAME));
      if (differs || gpuSeconds > seconds) return;
      this.session = gpu;
      this.backend = "WebGPU";
    } catch {
      // a GPU that fails is not used
    }
  }

  /** [from, to) of nearly equal parts of at most CHUNK frames; a causal network takes all as one. */
  #spans(frames) {
    const parts = this.facts.causal ? 1 : Math.ceil(frames / CHUNK);
    const edge = (k) => Math.round((k * frames) / parts);
    return Array.from({ length: parts }, (_, k) => [edge(k), edge(k + 1)]);
  }

  async #run(session, squares) {
    const pixels = this.size * this.size;
    const grey = new Uint8Array(squares.length * pixels);
    squares.forEach((square, k) => grey.set(square, k * pixels));
    const frames = new this.ort.Tensor("uint8", grey, [1, squares.length, this.size, this.size]);
    const { prob } = await session.run({ frames }, ["prob"]);
    const found = await prob.getData();
    return squares.map((_, k) => {
      const part = found.subarray(k * pixels, (k + 1) * pixels);
      return Uint8Array.from(part, (value) => Math.round(value * 255));
    });
  }
}

/** The learned head, on the CPU: it is far smaller than a call to a GPU is worth. */
async function headOf(facts, ort, folder) {
  const session = await ort.InferenceSession.create(await bytes(`${folder}${facts.file}`), { executionProviders: ["wasm"] });
  return new Head(ort, session, facts);
}

async function bytes(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address} cannot be loaded (${answer.status})`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** The runtime is kept gzipped; hosts that say so have unpacked it already. */
async function unpacked(data) {
  if (data[0] !== 0x1f) return data;
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Whether there is WebGPU, and what its runtime needs besides. */
async function hasGpu() {
  if (typeof WebAssembly.Suspending !== "function" || !navigator.gpu) return false;
  return Boolean(await navigator.gpu.requestAdapter().catch(() => null));
}

/** One of both runtimes, ready to be used. */
async function loaded(folder, kind) {
  const [ort, wasmBinary] = await Promise.all([
    import(`${folder}runtime/${kind}.js`),
    bytes(`${folder}runtime/${kind}.bin`).then(unpacked),
  ]);
  ort.env.wasm.numThreads = 1; // more need headers that plain static hosts do not send
  ort.env.wasm.wasmPaths = { mjs: `${folder}runtime/${kind}-loader.js` };
  ort.env.wasm.wasmBinary = wasmBinary;
  ort.env.logLevel = "error";
  return ort;
}

async function timed(work) {
  const begun = performance.now();
  const found = await work();
  return [found, performance.now() - begun];
}

const isBlank = (square) => square.every((value) => value === square[0]);
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** Sum of p (1 - p) over the LV's probability mass: 0 = certain. */
function doubt(probs) {
  let [unsure, mass] = [0, 0];
  for (const prob of probs) {
    for (const value of prob) {
      unsure += (value / 255) * (1 - value / 255);
      mass += value / 255;
    }
  }
  return unsure / Math.max(mass, 1e-9);
}
