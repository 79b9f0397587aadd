// From a screen capture to the square that the model sees, and back, as echodfkd/sector.py.
// A sector is {mask, box: [x, y, w, h], isFan}; spacing is [row, column] in mm or null.
import { roundEven } from "../measure/numbers.js";
import { boundsOf } from "./components.js";
import { count, findFan, upsideDown } from "./fan.js";
import { cut, resize } from "./resize.js";

const NEARLY_ALL = 0.85; // of both sides of the frame: such a clip was cropped before
const [SAMPLED, REACH] = [32, 128]; // frames that are looked at, and the first frames they are spread over
const [EVERYWHERE, TOP_CUT, SIDE_CUT] = [0.9, 0.2, 0.65];

/** Up to 32 frames spread over the beginning of a clip. */
export function sample(frames) {
  const stride = Math.max(1, Math.floor(Math.min(frames.length, REACH) / SAMPLED));
  return frames.slice(0, SAMPLED * stride).filter((_, k) => k % stride === 0);
}

/** The ultrasound sector of a clip; the whole frame when none is found or it fills the frame nearly. */
export function findSector(frames, width, height) {
  const fan = findFan(sample(frames), width, height);
  const whole = [0, 0, width, height];
  if (!fan) return { mask: new Uint8Array(width * height).fill(1), box: whole, isFan: false };
  const [left, top, right, bottom] = boundsOf(fan, width, height);
  const fills = bottom - top >= NEARLY_ALL * height && right - left >= NEARLY_ALL * width;
  return { mask: fan, box: fills ? whole : [left, top, right - left, bottom - top], isFan: true };
}

/** The window that is cut: square in mm, around the middle of the box, from its top; may leave the frame. */
export function windowOf(sector, spacing) {
  const [row, column] = spacing ?? [1, 1];
  const [x, y, width, height] = sector.box;
  const side = sector.isFan ? height * row : Math.max(width * column, height * row);
  const wide = Math.max(roundEven(side / column), 1);
  const high = Math.max(roundEven(side / row), 1);
  return [x + Math.floor((width - wide) / 2), y, wide, high];
}

/** A frame cut to its sector, size * size; all else becomes 0. */
export function crop(frame, width, height, sector, size, spacing) {
  const window = windowOf(sector, spacing);
  const inside = frame.map((value, k) => (sector.mask[k] ? value : 0));
  return resize(cut(inside, width, height, window), window[2], window[3], size, size);
}

/** Undo `crop`: a square of probabilities on the grid of the input, 0 outside the window. */
export function uncrop(square, size, window, width, height) {
  const [x, y, wide, high] = window;
  return cut(resize(square, size, size, wide, high), wide, high, [-x, -y, width, height]);
}

/** What is wrong with how the sector stands in the picture, in one sentence; null when nothing is. */
export function framing(sector, width, height) {
  const { mask } = sector;
  if (!sector.isFan || count(mask) > EVERYWHERE * mask.length) {
    return "No ultrasound sector found: the whole picture is taken, masks and EF are unreliable.";
  }
  if (upsideDown(mask, width, height)) {
    return "The clip is upside down (the sector's apex is below): masks and EF are wrong.";
  }
  const column = (x) => count(mask.filter((_, k) => k % width === x)) / height;
  const edges = { top: count(mask.subarray(0, width)) / width, left: column(0), right: column(width - 1) };
  const cutOff = Object.keys(edges).filter((name) => edges[name] > (name === "top" ? TOP_CUT : SIDE_CUT));
  if (!cutOff.length) return null;
  return `The picture cuts the sector off (${cutOff.join(", ")}): parts of the LV may be missing.`;
}
