// Where the ultrasound fan is in a screen capture, as echodfkd/fan.py: temporal extrema, morphology, hull.
// Frames are Uint8Arrays of width * height; masks likewise, 0 or 1.
import { clamp, linspace, range, roundEven } from "../measure/numbers.js";
import { components } from "./components.js";
import { hullMask } from "./hull.js";
import { closed, disk, medianBlur, opened } from "./morphology.js";
import { cut } from "./resize.js";

const MEDIAN = 0.01; // of the shorter side
const PER_LEVEL = 16; // steps of a grey level in which motion is counted
const [LIT, MOVING] = [3, 0.5];
const [STROKE, CLOSE, OPEN] = [0.012, 0.05, 0.06]; // of the shorter side
const SMALLEST = 0.02; // of the frame: less is no fan
const HALF_ANGLES = linspace(55, 25, 31); // degrees between the axis and a side of a cardiac fan
const [CONTACT, TOUCH] = [0.25, 0.015]; // of the hull's height
const FULL = 0.8; // share of the fitted fan: a hull that fills it needs no completion
const [BRIGHT, CLUTTER] = [40, 0.005]; // grey level of text, share of such pixels
const [TAPER, TIP, TIP_SHARE] = [0.2, 0.36, 0.12];

export const count = (mask) => mask.reduce((total, value) => total + (value ? 1 : 0), 0);

/** Whether a fan has its apex below: its lower third is the narrower one, and ends in a tip. */
export function upsideDown(fan, width, height) {
  const rows = range(height).map((y) => count(fan.subarray(y * width, (y + 1) * width))).filter(Boolean);
  if (!rows.length) return false;
  const widest = Math.max(...rows);
  const third = Math.max(1, Math.floor(rows.length / 3));
  const tip = Math.max(1, roundEven(TIP_SHARE * rows.length));
  const mean = (part) => part.reduce((a, b) => a + b, 0) / part.length / widest;
  return mean(rows.slice(0, third)) - mean(rows.slice(-third)) > TAPER && mean(rows.slice(-tip)) < TIP;
}

/** The convex hull of the fan from some frames of a clip; null when there is none. */
export function findFan(frames, width, height) {
  const size = 2 * roundEven((MEDIAN * Math.min(width, height)) / 2) + 1;
  const { brightest, wobble } = overTime(frames);
  const bright = medianBlur(brightest, width, height, size);
  const wobbling = medianBlur(wobble, width, height, size);
  const lit = bright.map((value) => (value > LIT ? 1 : 0));
  const motion = Float64Array.from(wobbling, (value, k) => (lit[k] ? value / PER_LEVEL : 0));
  const moving = Uint8Array.from(motion, (value) => (value > MOVING ? 1 : 0));
  const evidence = count(moving) < SMALLEST * moving.length ? lit : moving;
  const weight = motion.map((value, k) => value + bright[k] * 1e-3);
  const blob = heaviest(solid(evidence, width, height), weight, width, height);
  if (!blob || count(blob) < SMALLEST * blob.length) return null;
  const hull = hullMask(blob, width, height);
  const down = upsideDown(hull, width, height);
  const turned = (mask) => (down ? overturned(mask, width) : mask);
  const fan = turned(complete(turned(hull), width, height));
  // Flanks without an echo are black; where something stands (text, a ruler), the display cut the fan off.
  const added = fan.map((value, k) => (value && !hull[k] ? 1 : 0));
  const cluttered = count(added.map((value, k) => (value && bright[k] > BRIGHT ? 1 : 0)));
  if (cluttered > CLUTTER * count(added)) return hull;
  return fan.map((value, k) => value | hull[k]);
}

/** The brightest value of each pixel, and its standard deviation in 1/16 grey levels. */
function overTime(frames) {
  const brightest = new Uint8Array(frames[0].length);
  const wobble = new Uint8Array(frames[0].length);
  for (let k = 0; k < brightest.length; k += 1) {
    let [sum, squares] = [0, 0];
    for (const frame of frames) {
      sum += frame[k];
      squares += frame[k] * frame[k];
      if (frame[k] > brightest[k]) brightest[k] = frame[k];
    }
    const variance = (squares - (sum * sum) / frames.length) / frames.length;
    wobble[k] = clamp(Math.sqrt(Math.max(variance, 0)) * PER_LEVEL, 0, 255);
  }
  return { brightest, wobble };
}

function overturned(mask, width) {
  const out = new Uint8Array(mask.length);
  for (let y = 0; y < mask.length; y += width) out.set(mask.subarray(y, y + width), mask.length - width - y);
  return out;
}

/** Gaps closed, thin things removed before (lest they be bridged to the fan) and after. */
function solid(mask, width, height) {
  const elements = [STROKE, CLOSE, OPEN].map((share) => disk(share * Math.min(width, height)));
  const rim = elements.reduce((total, element) => total + element.length, 0); // the frame's border is none
  const [w, h] = [width + 2 * rim, height + 2 * rim];
  const padded = cut(mask, width, height, [-rim, -rim, w, h]);
  const thick = opened(padded, w, h, elements[0]);
  return cut(opened(closed(thick, w, h, elements[1]), w, h, elements[2]), w, h, [rim, rim, width, height]);
}

/** The connected piece with the largest sum of `weight`. */
function heaviest(mask, weight, width, height) {
  const { labels, sizes } = components(mask, width, height, 8);
  if (sizes.length < 2) return null;
  const sums = new Float64Array(sizes.length);
  labels.forEach((label, k) => { if (label) sums[label] += weight[k]; });
  const best = sums.indexOf(Math.max(...sums.subarray(1)), 1);
  return Uint8Array.from(labels, (label) => (label === best ? 1 : 0));
}

/** The symmetric fan that the upper sides of a hull belong to; the hull itself when it has none. */
function complete(hull, width, height) {
  const points = [];
  hull.forEach((value, k) => { if (value) points.push([k % width, Math.floor(k / width)]); });
  const tall = points[points.length - 1][1] - points[0][1];
  const fits = HALF_ANGLES.map((degrees) => {
    const half = (degrees * Math.PI) / 180;
    return { half, left: side(points, half, -1, tall), right: side(points, half, 1, tall) };
  });
  const contacts = fits.map(({ left, right }) => Math.min(left.contact, right.contact));
  const best = contacts.indexOf(Math.max(...contacts));
  if (contacts[best] < CONTACT * (tall + 1)) return hull;
  const fan = sectorMask(points, width, height, fits[best].half, fits[best].left.offset, fits[best].right.offset);
  return count(hull) > FULL * count(fan) ? hull : fan;
}

/** Offset of the line that bounds the points at the angle `half` from the vertical, and contact length. */
function side(points, half, sign, tall) {
  const [sine, cosine] = [Math.sin(half), Math.cos(half)];
  let offset = -Infinity;
  for (const [x, y] of points) offset = Math.max(offset, sign * cosine * x - sine * y);
  const limit = offset - Math.max(1, TOUCH * tall);
  let [low, high] = [Infinity, -Infinity];
  for (const [x, y] of points) {
    if (sign * cosine * x - sine * y <= limit) continue;
    const along = sign * sine * x + cosine * y;
    low = Math.min(low, along);
    high = Math.max(high, along);
  }
  return { offset, contact: high - low };
}

/** Pixels between both sides, and not deeper than the points around the axis. */
function sectorMask(points, width, height, half, left, right) {
  const apex = [(right - left) / (2 * Math.cos(half)), -(right + left) / (2 * Math.sin(half))];
  let radius = 0;
  for (const [x, y] of points) {
    const [across, down] = [x - apex[0], y - apex[1]];
    if (Math.abs(across) < Math.tan(half / 2) * down) radius = Math.max(radius, Math.hypot(across, down));
  }
  const out = new Uint8Array(width * height);
  for (let y = points[0][1]; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [across, down] = [x - apex[0], y - apex[1]];
      const inside = Math.abs(across) * Math.cos(half) <= down * Math.sin(half) + 0.5;
      if (inside && Math.hypot(across, down) <= radius) out[y * width + x] = 1;
    }
  }
  return out;
}
