// Shows a clip with the outline moving on it.

const OUTLINE = "#ffd23f";
const UNKNOWN_RATE = 25; // frames per second at which a clip of an unknown rate is played

/** Draws one frame of a result, and its outline, on a 2D context: [x, y, w, h] is where. */
export function drawFrame(context, result, frame, [x, y, w, h], outlined = true) {
  const { box, pictures } = result.view;
  const small = new OffscreenCanvas(box[2], box[3]);
  const pixels = new ImageData(box[2], box[3]);
  pictures[frame].forEach((value, k) => pixels.data.set([value, value, value, 255], 4 * k));
  small.getContext("2d").putImageData(pixels, 0, 0);
  context.imageSmoothingQuality = "high";
  context.drawImage(small, x, y, w, h);
  const points = result.outlines[frame];
  if (!outlined || !points.length) return;
  context.beginPath();
  points.forEach(([px, py]) => context.lineTo(x + ((px - box[0] + 0.5) * w) / box[2], y + ((py - box[1] + 0.5) * h) / box[3]));
  context.closePath();
  context.strokeStyle = OUTLINE;
  context.lineWidth = Math.max(2, w / 240);
  context.lineJoin = "round";
  context.stroke();
}

/** Height over width of what is shown, in mm where they are known. */
export function proportion({ view: { box }, spacing }) {
  const [row, column] = spacing ?? [1, 1];
  return (box[3] * row) / (box[2] * column);
}

/** A clip on a canvas that plays, stops and goes to frames; `told` hears of every frame shown. */
export class Player {
  constructor(canvas, told) {
    Object.assign(this, { canvas, told, frame: 0, playing: false, outlined: true, result: null });
    new ResizeObserver(() => this.#draw()).observe(canvas);
  }

  load(result) {
    this.stop();
    this.result = result;
    this.canvas.style.aspectRatio = `1 / ${proportion(result)}`;
    this.show(0);
  }

  /** Shows a frame; beyond the ends the clip goes round. */
  show(frame) {
    const count = this.result.area.length;
    this.frame = ((frame % count) + count) % count;
    this.#draw();
    this.told(this.frame);
  }

  outline(wanted) {
    this.outlined = wanted;
    this.#draw();
  }

  toggle() {
    if (this.playing) this.stop();
    else this.play();
  }

  stop() {
    this.playing = false;
    if (this.result) this.told(this.frame);
  }

  play() {
    this.playing = true;
    const [from, begun] = [this.frame, performance.now()];
    const run = Symbol("run");
    this.run = run;
    const step = (now) => {
      if (!this.playing || this.run !== run) return;
      const frame = (from + Math.floor((Math.max(now - begun, 0) / 1000) * (this.result.fps ?? UNKNOWN_RATE)))
        % this.result.area.length;
      if (frame !== this.frame || now - begun < 50) this.show(frame);
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  #draw() {
    if (!this.result || !this.canvas.clientWidth) return;
    const width = Math.round(this.canvas.clientWidth * devicePixelRatio);
    const height = Math.round(width * proportion(this.result));
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    drawFrame(this.canvas.getContext("2d"), this.result, this.frame, [0, 0, width, height], this.outlined);
  }
}
