// The area curve with its ED and ES marks, as SVG.
import { curveOf, ticks } from "./curve.js";

const [NARROWEST, WIDEST, HEIGHT] = [280, 640, 280]; // pixels
const [LEFT, RIGHT, TOP, BOTTOM] = [48, 14, 26, 38];
const LABELS = 12; // more marks than that are not lettered

/** A chart in `place`; `chosen` hears of frames that are clicked. */
export class Chart {
  constructor(place, chosen) {
    Object.assign(this, { place, chosen, result: null, width: 0, frame: 0 });
    new ResizeObserver(() => { if (this.result && this.#room() !== this.width) this.draw(this.result); }).observe(place);
  }

  /** As wide as its place, so that letters keep their size. */
  #room() {
    return Math.min(Math.max(Math.round(this.place.clientWidth), NARROWEST), WIDEST);
  }

  draw(result) {
    const curve = curveOf(result);
    const width = this.#room();
    Object.assign(this, { result, curve, width });
    const [low, high] = [Math.min(...curve.y), Math.max(...curve.y)];
    const rim = 0.12 * (high - low || high || 1);
    const [bottom, top, last] = [Math.max(low - rim, 0), high + rim, curve.x[curve.x.length - 1] || 1];
    this.x = (value) => LEFT + (value / last) * (width - LEFT - RIGHT);
    this.y = (value) => HEIGHT - BOTTOM - ((value - bottom) / (top - bottom)) * (HEIGHT - TOP - BOTTOM);
    const svg = shape("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": describe(result, curve) });
    for (const value of ticks(bottom, top, 5)) {
      svg.append(shape("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: this.y(value), y2: this.y(value) }));
      svg.append(letters(LEFT - 6, this.y(value) + 4, "end", String(value)));
    }
    for (const value of ticks(0, last, width / 90)) svg.append(letters(this.x(value), HEIGHT - 20, "middle", String(value)));
    svg.append(letters(LEFT, 14, "start", curve.yLabel), letters(width - RIGHT, HEIGHT - 4, "end", curve.xLabel));
    const points = curve.x.map((value, k) => `${this.x(value).toFixed(1)},${this.y(curve.y[k]).toFixed(1)}`);
    svg.append(shape("polyline", { class: "curve", points: points.join(" ") }));
    this.#marks(svg, result);
    this.cursor = shape("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM });
    this.dot = shape("circle", { class: "dot", r: 4 });
    svg.append(this.cursor, this.dot);
    this.#listen(svg, curve.x.length);
    this.place.replaceChildren(svg);
    this.point(Math.min(this.frame, curve.x.length - 1));
  }

  /** Shows which frame is on the screen. */
  point(frame) {
    this.frame = frame;
    const [x, y] = [this.x(this.curve.x[frame]), this.y(this.curve.y[frame])];
    set(this.cursor, { x1: x, x2: x });
    set(this.dot, { cx: x, cy: y });
  }

  #marks(svg, { events }) {
    for (const [kind, frames, up] of [["ed", events.ed, -1], ["es", events.es, 1]]) {
      for (const frame of frames) {
        const [x, y] = [this.x(this.curve.x[frame]), this.y(this.curve.y[frame])];
        svg.append(shape("path", { class: kind, d: `M${x - 5} ${y - up * 4.5}h10l-5 ${up * 9}z` }));
        if (frames.length <= LABELS) {
          const label = letters(x, y + (up < 0 ? -10 : 20), "middle", kind.toUpperCase());
          label.classList.add(kind);
          svg.append(label);
        }
      }
    }
  }

  #listen(svg, count) {
    const choose = (event) => {
      const box = svg.getBoundingClientRect();
      const at = ((event.clientX - box.left) / box.width) * this.width;
      const share = (at - LEFT) / (this.width - LEFT - RIGHT);
      this.chosen(Math.round(Math.min(Math.max(share, 0), 1) * (count - 1)));
    };
    svg.addEventListener("pointerdown", choose);
    svg.addEventListener("pointermove", (event) => { if (event.buttons) choose(event); });
  }
}

function describe({ events }, curve) {
  const list = (frames) => (frames.length ? frames.join(", ") : "none");
  return `${curve.yLabel} of ${curve.x.length} frames. ED: ${list(events.ed)}. ES: ${list(events.es)}.`;
}

function shape(name, attributes) {
  return set(document.createElementNS("http://www.w3.org/2000/svg", name), attributes);
}

function set(node, attributes) {
  Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
  return node;
}

const letters = (x, y, anchor, text) =>
  Object.assign(shape("text", { x, y, "text-anchor": anchor }), { textContent: text });
