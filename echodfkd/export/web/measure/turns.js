// From an area curve to its turning points, as echodfkd/turns.py: lost frames, noise, hysteresis, pruning.
// A curve is an array of T numbers at fps Hz; a turn is {frame, isEd, value}.
import { argmin, clamp, differences, interpolate, median, range, roundEven, smallest, spread } from "./numbers.js";

const END_LEVEL = 0.1; // of the swing: how near to its neighbour's level an extremum at the clip's end must come
const END_TIME = 0.85; // of the usual time from ES to ED: an ED at the clip's end must come this late
const DENSE_FPS = 20; // below it neighbouring frames differ by motion, not by noise

/** Frame rate at which the curve's own rhythm is 70 beats per minute; 25 Hz when it shows none. */
export function nominalFps(area) {
  const curve = bridgeLostFrames(area);
  const es = turningPoints(curve, 0.4 * spread(curve)).filter((turn) => !turn.isEd).map((turn) => turn.frame);
  return es.length > 2 ? (median(differences(es)) * 70) / 60 : 25;
}

/** Linear interpolation over frames without any LV (zero or not finite). */
export function bridgeLostFrames(raw) {
  const frames = range(raw.length);
  const seen = frames.filter((k) => Number.isFinite(raw[k]) && raw[k] > 0);
  return seen.length ? interpolate(frames, seen, seen.map((k) => raw[k])) : frames.map(() => 0);
}

/** Outliers of one or two frames replaced by the running median; needs many frames per systole. */
export function withoutSpikes(curve, fps) {
  if (fps < DENSE_FPS || curve.length < 7) return curve;
  const reach = (Math.max(5, 2 * roundEven(0.05 * fps) + 1) - 1) / 2;
  const around = (k) => range(2 * reach + 1).map((j) => curve[clamp(k - reach + j, 0, curve.length - 1)]);
  const middle = curve.map((_, k) => median(around(k)));
  const limit = 0.25 * spread(middle);
  return curve.map((value, k) => (Math.abs(value - middle[k]) > limit ? middle[k] : value));
}

/** The curve after a Gaussian of `sigma` frames; below half a frame nothing is done. */
export function smoothed(curve, sigma) {
  return sigma > 0.5 ? gaussian(curve, sigma) : curve;
}

/** Gaussian of `sigma` frames, the ends held, four sigma wide. */
export function gaussian(curve, sigma) {
  const reach = Math.floor(4 * sigma + 0.5);
  const weights = range(2 * reach + 1).map((j) => Math.exp(-0.5 * ((j - reach) / sigma) ** 2));
  const total = weights.reduce((a, b) => a + b, 0);
  const at = (k) => curve[clamp(k, 0, curve.length - 1)];
  return Array.from(curve, (_, k) => weights.reduce((value, w, j) => value + w * at(k + j - reach), 0) / total);
}

/** Standard deviation of the white noise, from third differences (20 times its variance). */
export function noiseOf(curve, fps) {
  if (fps < DENSE_FPS || curve.length < 8) return 0;
  const third = differences(differences(differences(curve)));
  return median(third.map(Math.abs)) / 0.6745 / Math.sqrt(20);
}

/** Alternating maxima and minima, each left by more than `threshold`; the last one is still pending. */
export function turningPoints(curve, threshold) {
  const turns = [];
  let [high, low, rising] = [0, 0, null];
  curve.forEach((value, i) => {
    high = value > curve[high] ? i : high;
    low = value < curve[low] ? i : low;
    if (rising !== false && curve[high] - value > threshold) {
      turns.push({ frame: high, isEd: true, value: curve[high] });
      [rising, low] = [false, i];
    } else if (rising !== true && value - curve[low] > threshold) {
      turns.push({ frame: low, isEd: false, value: curve[low] });
      [rising, high] = [true, i];
    }
  });
  if (rising !== null) {
    const last = rising ? high : low;
    turns.push({ frame: last, isEd: rising, value: curve[last] });
  }
  return turns;
}

/** Without what is no beat: swings far below the usual one, and cycles shorter than `minBeat` frames. */
export function prune(found, minBeat) {
  let turns = found;
  while (turns.length > 3) {
    const swings = swingsOf(turns);
    const cycles = turns.slice(2).map((after, k) => after.frame - turns[k].frame);
    let worst = argmin(swings);
    if (swings[worst] >= 0.45 * median(swings)) {
      if (smallest(cycles) >= minBeat) break;
      worst = argmin(cycles);
      worst += swings[worst] > swings[worst + 1] ? 1 : 0;
    }
    turns = withoutSwing(turns, worst);
  }
  return turns;
}

const swingsOf = (turns) => differences(turns.map((turn) => turn.value)).map(Math.abs);

/** Turns without the swing from k to k + 1; an inner one takes both turns: ED and ES still alternate. */
export function withoutSwing(turns, k) {
  if (k === 0) return turns.slice(1);
  return k === turns.length - 2 ? turns.slice(0, -1) : [...turns.slice(0, k), ...turns.slice(k + 2)];
}

/** Without the first or last turn where the clip cuts it short of the level that its neighbour reaches. */
export function judgeEnds(turns) {
  if (turns.length < 3) return turns;
  const margin = END_LEVEL * median(swingsOf(turns));
  const last = turns[turns.length - 1];
  const before = turns[turns.length - 2];
  const keepFirst = reaches(turns[0], turns[2], margin);
  let keepLast = reaches(last, turns[turns.length - 3], margin);
  const inner = turns.slice(0, -1);
  const fillings = inner.slice(1).flatMap((after, k) => (after.isEd ? [after.frame - inner[k].frame] : []));
  if (last.isEd && fillings.length) {
    // the plateau of diastasis can be as high as ED, but comes earlier
    keepLast = keepLast && last.frame - before.frame >= END_TIME * median(fillings);
  }
  return turns.slice(keepFirst ? 0 : 1, keepLast ? turns.length : -1);
}

function reaches(turn, other, margin) {
  return (turn.isEd ? turn.value - other.value : other.value - turn.value) > -margin;
}

