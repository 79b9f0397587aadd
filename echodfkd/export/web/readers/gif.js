// Animated GIFs (GIF89a), decoded here: not every browser hands out the frames of one.
import { plausibleFps, ReadError } from "./base.js";

const [IMAGE, EXTENSION, TRAILER, CONTROL] = [0x2c, 0x21, 0x3b, 0xf9];
const BACKGROUND = 2; // disposal methods: the picture's place is cleared after it was shown;
const PREVIOUS = 3; // what stood there before comes back

/** {width, height, palette, pictures: [{delay (1/100 s), left, top, w, h, ...}]} of a GIF. */
export function parseGif(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint16(6, true), view.getUint16(8, true)];
  const table = (flags, at) => (flags & 0x80 ? bytes.subarray(at, at + 3 * (2 << (flags & 7))) : null);
  const palette = table(bytes[10], 13);
  const pictures = [];
  let at = 13 + (palette?.length ?? 0);
  let control = {};
  while (at < bytes.length && bytes[at] !== TRAILER) {
    if (bytes[at] === EXTENSION) {
      if (bytes[at + 1] === CONTROL) control = readControl(bytes, view, at + 3);
      at = afterBlocks(bytes, at + 2);
    } else if (bytes[at] === IMAGE && at + 10 < bytes.length) {
      const [left, top, w, h] = [1, 3, 5, 7].map((k) => view.getUint16(at + k, true));
      const flags = bytes[at + 9];
      const own = table(flags, at + 10);
      const data = at + 10 + (own?.length ?? 0);
      pictures.push({ ...control, left, top, w, h, palette: own ?? palette, laced: Boolean(flags & 0x40), data });
      at = afterBlocks(bytes, data + 1);
      control = {};
    } else {
      break; // truncated or damaged: what came before is kept
    }
  }
  return { width, height, pictures };
}

function readControl(bytes, view, at) {
  const flags = bytes[at];
  const clear = flags & 1 ? bytes[at + 3] : -1;
  return { disposal: (flags >> 2) & 7, delay: view.getUint16(at + 1, true), clear };
}

function afterBlocks(bytes, start) {
  let at = start;
  while (at < bytes.length && bytes[at]) at += bytes[at] + 1;
  return at + 1;
}

/** Colour numbers of a picture: LZW of the blocks at `start`, `count` of them. */
export function decodeLzw(bytes, start, count) {
  const out = new Uint8Array(count);
  const [prefix, suffix, stack] = [new Int16Array(4096), new Uint8Array(4096), new Uint8Array(4097)];
  const clear = 1 << bytes[start];
  for (let k = 0; k < clear; k += 1) suffix[k] = k;
  let [size, next, before, first] = [bytes[start] + 1, clear + 2, -1, 0];
  let [bits, held, done, at, left] = [0, 0, 0, start + 1, 0];
  while (done < count) {
    while (held < size) {
      if (!left) left = bytes[at++];
      if (!left || at >= bytes.length) return out;
      bits |= bytes[at++] << held;
      held += 8;
      left -= 1;
    }
    let code = bits & ((1 << size) - 1);
    bits >>>= size;
    held -= size;
    if (code === clear) {
      [size, next, before] = [bytes[start] + 1, clear + 2, -1];
      continue;
    }
    if (code === clear + 1 || code > next) return out;
    const seen = code;
    let depth = 0;
    if (code === next) {
      stack[depth++] = first;
      code = before;
    }
    while (code >= clear) {
      stack[depth++] = suffix[code];
      code = prefix[code];
    }
    first = suffix[code];
    stack[depth++] = first;
    while (depth && done < count) out[done++] = stack[--depth];
    if (before >= 0 && next < 4096) {
      [prefix[next], suffix[next]] = [before, first];
      next += 1;
      if (next === 1 << size && size < 12) size += 1;
    }
    before = seen;
  }
  return out;
}

/** Rows of an interlaced picture in the order in which they are stored. */
const laced = (h) => [[0, 8], [4, 8], [2, 4], [1, 2]].flatMap(([first, step]) =>
  Array.from({ length: Math.max(0, Math.ceil((h - first) / step)) }, (_, k) => first + k * step));

/** Draws one picture of a GIF on the RGBA pixels of the whole. */
export function paint(bytes, picture, rgba, width) {
  const { left, top, w, h, palette } = picture;
  const colours = decodeLzw(bytes, picture.data, w * h);
  const order = picture.laced ? laced(h) : null;
  for (let k = 0; k < colours.length; k += 1) {
    if (colours[k] === picture.clear) continue;
    const row = Math.floor(k / w);
    const [x, y] = [left + (k % w), top + (order ? order[row] : row)];
    const to = 4 * (y * width + x);
    if (x >= width || to >= rgba.length) continue;
    for (let c = 0; c < 3; c += 1) rgba[to + c] = palette ? palette[3 * colours[k] + c] : colours[k];
    rgba[to + 3] = 255;
  }
}

/** A GIF as a Cine. */
export async function readGif(view) {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const { width, height, pictures } = parseGif(bytes);
  if (!pictures.length || !width || !height) throw new ReadError("This GIF holds no picture: it is damaged.");
  const delays = pictures.map((picture) => picture.delay || 10); // none is shown as 1/10 s everywhere
  const fps = plausibleFps((100 * delays.length) / delays.reduce((a, b) => a + b, 0));
  async function* decoded() {
    let rgba = new Uint8Array(4 * width * height);
    for (const picture of pictures) {
      const before = picture.disposal === PREVIOUS ? rgba.slice() : null;
      paint(bytes, picture, rgba, width);
      yield { rgba: rgba.slice() };
      if (before) rgba = before;
      if (picture.disposal === BACKGROUND) clearPlace(rgba, picture, width);
    }
  }
  return { width, height, fps, spacing: null, frames: pictures.length, notes: [], pictures: decoded };
}

function clearPlace(rgba, { left, top, w, h }, width) {
  for (let y = top; y < top + h; y += 1) rgba.fill(0, 4 * (y * width + left), 4 * (y * width + left + w));
}
