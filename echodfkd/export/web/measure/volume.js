// From an LV mask to a volume by the method of disks, as echodfkd/volume.py.
// A mask is a Uint8Array of width * height, 0 or 1; points are [x, y], lengths in mm.
import { border, largestComponent } from "../picture/components.js";
import { hullOf } from "../picture/hull.js";
import { interpolate, largest, linspace, mean, range, sum } from "./numbers.js";

const DISKS = 20;
const ROWS_PER_DISK = 6; // samples along the axis within one disk
const COLUMNS = 96; // samples across
const MIN_PIXELS = 12; // a smaller blob has no shape
const MAX_TILT = (65 * Math.PI) / 180; // of the mitral chord's normal from the vertical

/** {volume (ml), length (mm)} of a mask; spacing is [row, column] in mm. Zeros without an LV. */
export function diskVolume(mask, width, height, spacing = [1, 1]) {
  const blob = largestComponent(mask, width, height, MIN_PIXELS);
  if (!blob) return { volume: 0, length: 0 };
  const scale = [spacing[1], spacing[0]];
  const contour = border(blob, width, height).map(([x, y]) => [x * scale[0], y * scale[1]]);
  const [left, right] = mitralChord(contour);
  const middle = [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
  const end = farthest(contour, middle, 0.5 * Math.max(...scale));
  const reach = distance(end, middle);
  const axis = [(end[0] - middle[0]) / reach, (end[1] - middle[1]) / reach];
  // from the border pixel's centre to its outer edge
  const total = reach + 0.5 * Math.hypot(axis[0] * scale[0], axis[1] * scale[1]);
  const { heights, widths } = widthsAcross(blob, width, height, contour, scale, middle, axis, total);
  const { base, basal } = closeBase(heights, widths, [left[0] - right[0], left[1] - right[1]], axis);
  const diameters = diametersOf(heights, basal, base);
  const length = heights[0] - base;
  return { volume: ((Math.PI / 4) * sum(diameters.map((d) => d * d)) * length) / DISKS / 1000, length };
}

const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

/** Hinge points [left, right]: the hull's pair with the largest chord * height^2 * cos(tilt). */
function mitralChord(contour) {
  const hull = hullOf(contour).sort((a, b) => a[0] - b[0]);
  let best = [-1, hull[0], hull[1]];
  for (let i = 0; i < hull.length; i += 1) {
    for (let j = i + 1; j < hull.length; j += 1) {
      const chord = [hull[j][0] - hull[i][0], hull[j][1] - hull[i][1]];
      const length = Math.hypot(...chord);
      const normal = [chord[1] / length, -chord[0] / length]; // towards the top
      const upright = -normal[1];
      if (!(upright > Math.cos(MAX_TILT))) continue;
      const offset = normal[0] * hull[i][0] + normal[1] * hull[i][1];
      const height = largest(hull.map(([x, y]) => normal[0] * x + normal[1] * y)) - offset;
      const score = length * height ** 2 * upright;
      if (score > best[0]) best = [score, hull[i], hull[j]];
    }
  }
  return [best[1], best[2]];
}

/** The contour point farthest from `origin`; the mean of those `within` mm of it, as pixels make ties. */
function farthest(contour, origin, within) {
  const far = contour.map((point) => distance(point, origin));
  const limit = largest(far) - within;
  const near = contour.filter((_, k) => far[k] >= limit);
  return [mean(near.map((point) => point[0])), mean(near.map((point) => point[1]))];
}

/** Heights above the chord (falling from the apex to a third below it) and widths across, all in mm. */
function widthsAcross(blob, width, height, contour, scale, middle, axis, length) {
  const across = [-axis[1], axis[0]];
  const heights = linspace(length, -length / 3, Math.floor((ROWS_PER_DISK * DISKS * 4) / 3) + 1);
  const sides = contour.map(([x, y]) => (x - middle[0]) * across[0] + (y - middle[1]) * across[1]);
  const beyond = 2 * Math.max(...scale);
  const low = sides.reduce((a, b) => Math.min(a, b)) - beyond;
  const offsets = linspace(low, largest(sides) + beyond, COLUMNS);
  const step = offsets[1] - offsets[0];
  const widths = heights.map((up) => step * sum(offsets.map((side) => {
    const x = (middle[0] + up * axis[0] + side * across[0]) / scale[0];
    const y = (middle[1] + up * axis[1] + side * across[1]) / scale[1];
    return bilinear(blob, width, height, x, y);
  })));
  return { heights, widths };
}

function bilinear(image, width, height, x, y) {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const at = (i, j) => (i < 0 || j < 0 || i >= width || j >= height ? 0 : image[j * width + i]);
  const [u, v] = [x - left, y - top];
  return (at(left, top) * (1 - u) + at(left + 1, top) * u) * (1 - v)
    + (at(left, top + 1) * (1 - u) + at(left + 1, top + 1) * u) * v;
}

/** Height of the mitral plane and the widths with the basal end squared off, as `_close_base`. */
function closeBase(heights, widths, chord, axis) {
  const oblique = Math.abs(chord[0] * axis[0] + chord[1] * axis[1]);
  const chordWidth = Math.sqrt(Math.max(chord[0] ** 2 + chord[1] ** 2 - oblique ** 2, 0));
  const level = Math.min(oblique / 2 + 0.08 * heights[0], heights[0] / 2);
  const top = heights.findIndex((value) => value <= level);
  const step = heights[0] - heights[1];
  const area = (sum(widths.slice(top)) - widths[top] / 2) * step;
  const base = heights[top] - (2 * area) / (widths[top] + chordWidth);
  const squared = interpolate(heights.map((h) => -h), [-heights[top], -base], [widths[top], chordWidth]);
  return { base, basal: widths.map((value, k) => (k < top ? value : squared[k])) };
}

/** Mean width in each of 20 equal slabs from the apex to the base. */
function diametersOf(heights, widths, base) {
  const edges = linspace(heights[0], base, DISKS * ROWS_PER_DISK + 1);
  const centres = edges.slice(1).map((edge, k) => -(edge + edges[k]) / 2);
  const found = interpolate(centres, heights.map((h) => -h), widths);
  return range(DISKS).map((k) => mean(found.slice(k * ROWS_PER_DISK, (k + 1) * ROWS_PER_DISK)));
}

/** EF in percent from two volumes. */
export const ejectionFraction = (edv, esv) => (100 * (edv - esv)) / edv;

