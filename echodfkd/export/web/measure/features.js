// A row of shape measures for each soft mask, what a learned head is given, as echodfkd/heads/features.py.
import { components } from "../picture/components.js";
import { clamp, largest, sum } from "./numbers.js";

const MIN_PIXELS = 12; // a smaller blob has no shape
const LEVELS = [0.2, 0.4, 0.6, 0.8]; // of the long axis, from the apex
const CERTAIN = 128;

/** Float32Array (15) of a soft mask, a Uint8Array of side * side, 255 = certain; see FEATURES there. */
export function frameFeatures(prob, side) {
  const { widths, place } = straightened(prob, side);
  return Float32Array.from([...areas(prob).map((area) => area / side ** 2), ...shapes(widths), ...place]);
}

/** Soft area, areas above .3, .5 and .7, and doubt, in pixels. */
function areas(prob) {
  const found = [0, 0, 0, 0, 0];
  for (const value of prob) {
    const p = value / 255;
    [p, p >= 0.3, p >= 0.5, p >= 0.7, p * (1 - p)].forEach((part, k) => { found[k] += Number(part); });
  }
  return found;
}

/** Widths of the largest piece across its long axis, apex first, in sides; place: x, y, tilt, whole. */
function straightened(prob, side) {
  const piece = largestPiece(prob, side);
  if (!piece) return { widths: new Float32Array(side), place: [0, 0, 0, 0] };
  const { x, y, tilt } = moments(piece.mask, side);
  const rim = widened(piece.mask, side);
  const upright = turned(prob.map((value, k) => (rim[k] ? value : 0)), side, x, y, tilt);
  const widths = Float32Array.from({ length: side }, (_, row) =>
    sum(upright.subarray(row * side, (row + 1) * side)) / (255 * side));
  return { widths, place: [x / side, y / side, tilt, piece.share] };
}

/** {mask, share of all certain pixels} of the largest 4-connected piece; null when it is too small. */
function largestPiece(prob, side) {
  const { labels, sizes } = components(prob.map((value) => (value >= CERTAIN ? 1 : 0)), side, side, 4);
  const size = largest(sizes);
  if (size < MIN_PIXELS) return null;
  const best = sizes.indexOf(size);
  return { mask: Uint8Array.from(labels, (label) => (label === best ? 1 : 0)), share: size / sum(sizes) };
}

/** Centroid of a mask and the tilt of its long axis from the vertical. */
function moments(mask, side) {
  let [count, sumX, sumY] = [0, 0, 0];
  mask.forEach((set, k) => { if (set) { count += 1; sumX += k % side; sumY += Math.floor(k / side); } });
  const [x, y] = [sumX / count, sumY / count];
  let [xx, xy, yy] = [0, 0, 0];
  mask.forEach((set, k) => {
    if (!set) return;
    const [dx, dy] = [(k % side) - x, Math.floor(k / side) - y];
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  });
  return { x, y, tilt: 0.5 * Math.atan2(2 * xy, yy - xx) };
}

/** A mask with two pixels more all round, corners too. */
function widened(mask, side) {
  const along = (from, step, at) => from.map((_, k) => {
    for (let d = -2; d <= 2; d += 1) {
      if (at(k) + d >= 0 && at(k) + d < side && from[k + d * step]) return 1;
    }
    return 0;
  });
  return along(along(mask, 1, (k) => k % side), side, (k) => Math.floor(k / side));
}

/** A picture turned upright about (x, y), which comes to the middle; bilinear, nothing outside. */
function turned(picture, side, x, y, tilt) {
  const [cos, sin, middle] = [Math.cos(tilt), Math.sin(tilt), (side - 1) / 2];
  const at = (i, j) => (i < 0 || j < 0 || i >= side || j >= side ? 0 : picture[j * side + i]);
  return picture.map((_, k) => {
    const [right, down] = [(k % side) - middle, Math.floor(k / side) - middle];
    const [i, j] = [x + cos * right + sin * down, y - sin * right + cos * down];
    const [left, top] = [Math.floor(i), Math.floor(j)];
    const [u, v] = [i - left, j - top];
    const upper = at(left, top) * (1 - u) + at(left + 1, top) * u;
    const lower = at(left, top + 1) * (1 - u) + at(left + 1, top + 1) * u;
    return Math.round(upper * (1 - v) + lower * v);
  });
}

/** Length, volume and the widths at LEVELS of a profile. */
function shapes(widths) {
  const side = widths.length;
  const widest = largest(widths);
  if (!widest) return [0, 0, 0, 0, 0, 0];
  const inside = widths.map((width) => Math.min(width / (0.2 * widest), 1)); // the ends count in part
  const length = sum(inside) / side;
  const volume = ((Math.PI / 4) * sum(widths.map((width) => width ** 2))) / side;
  const top = inside.findIndex((value) => value >= 0.5);
  const across = LEVELS.map((level) => {
    const at = top + length * side * level;
    const low = clamp(Math.floor(at), 0, side - 2);
    return widths[low] * (1 - (at - low)) + widths[low + 1] * (at - low);
  });
  return [length, volume, ...across];
}
