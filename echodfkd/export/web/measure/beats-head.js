// ED and ES of a clip that a learned head has read too, as echodfkd/beats_head.py.
// A heat is a curve of 0..1, how near the head sees an event; a turn is {frame, isEd, value}.
import { detectEvents, withoutEnds } from "./beats.js";
import { argmax, argmin, largest, roundEven, smallest, spread } from "./numbers.js";
import { bridgeLostFrames, nominalFps, smoothed, withoutSpikes, withoutSwing } from "./turns.js";

const FAINT = 0.2; // a peak below it is none
const SURE = 0.5; // a peak above it speaks for an event, one below it against
const NEAR_S = 0.1; // events of head and area that lie within it are one
const END = 2; // frames this near to an end of the clip show half of a peak only
const [EJECT_S, FILL_S] = [0.15, 0.1]; // shortest times from ED to ES and from ES to ED
const AROUND_S = 0.08; // how far from the head's ES the smallest area may lie
const PLACE_S = 0.03; // sigma of the area among which ES is the smallest
const LEAST_SWING = 0.15; // of the whole curve's: a beat that moves the area less is none

/** ED and ES where a learned head has read the clip too: heat is {ed, es}; fps may be null. */
export function detectEventsWithHead(area, heat, fps) {
  const alone = detectEvents(area, fps);
  if (!alone.ed.length) return alone;
  const bridged = bridgeLostFrames(area);
  const rate = fps || nominalFps(bridged);
  const curve = smoothed(withoutSpikes(bridged, rate), PLACE_S * rate);
  const row = alternating([...peaks(heat.ed, true), ...peaks(heat.es, false)], rate);
  const swinging = thatSwing(placed(row, curve, rate), LEAST_SWING * spread(curve));
  if (new Set(swinging.map((turn) => turn.isEd)).size < 2) return alone;
  const turns = endsByArea(swinging, alone, heat, roundEven(NEAR_S * rate));
  const [ed, es] = [true, false].map((kind) => turns.filter((turn) => turn.isEd === kind).map((turn) => turn.frame));
  return ed.length && es.length ? withoutEnds({ ed, es }, curve.length) : alone;
}

/** The alternating row of peaks with the greatest sum of values, by dynamic programming. */
export function alternating(found, rate) {
  const sorted = [...found].sort((a, b) => a.frame - b.frame);
  const total = sorted.map((peak) => peak.value); // of the best row that ends with each peak
  const before = sorted.map((peak, k) => {
    const apart = Math.max(1, (peak.isEd ? FILL_S : EJECT_S) * rate - 1); // both are rounded to frames
    const rows = sorted.slice(0, k).map((other, j) =>
      (other.isEd !== peak.isEd && other.frame <= peak.frame - apart ? total[j] : 0));
    const best = argmax(rows);
    if (best < 0 || rows[best] <= 0) return -1;
    total[k] += rows[best];
    return best;
  });
  const row = [];
  for (let k = argmax(total); k >= 0; k = before[k]) row.unshift(sorted[k]);
  return row;
}

/** Maxima of a heat, also on the first and last frame; of level tops the middle, as SciPy's find_peaks. */
function peaks(heat, isEd) {
  const found = [];
  let first = 0;
  for (let k = 1; k <= heat.length; k += 1) {
    if (heat[k] === heat[first]) continue;
    const rises = (heat[first - 1] ?? 0) < heat[first];
    if (rises && (heat[k] ?? 0) < heat[first] && heat[first] >= FAINT) {
      const frame = (first + k - 1) >> 1;
      found.push({ frame, isEd, value: heat[frame] - SURE });
    }
    first = k;
  }
  return found;
}

/** The same events on their final frames: ES on the smallest area near it, within its beat. */
function placed(row, curve, rate) {
  const around = Math.max(1, roundEven(AROUND_S * rate));
  return row.map(({ frame, isEd }, k) => {
    let at = frame;
    if (!isEd && frame > 0 && frame < curve.length - 1) {
      const first = Math.max(frame - around, k ? row[k - 1].frame + 1 : 1);
      const last = Math.min(frame + around, k + 1 < row.length ? row[k + 1].frame - 1 : curve.length - 2);
      at = first + argmin(curve.slice(first, last + 1));
    }
    return { frame: at, isEd, value: curve[at] };
  });
}

/** Without the swings that are below `least` or go the wrong way, the worst first. */
function thatSwing(turns, least) {
  let left = turns;
  while (left.length > 1) {
    const values = left.map((turn) => (turn.isEd ? turn.value : -turn.value));
    const swings = values.slice(1).map((value, k) => value + values[k]); // ED less ES
    if (smallest(swings) >= least) break;
    left = withoutSwing(left, argmin(swings));
  }
  return left;
}

/** Without turns at the clip's ends that the area does not know, with its own there that the head sees a trace of. */
function endsByArea(found, alone, heat, near) {
  const others = [...alone.ed.map((frame) => ({ frame, isEd: true })), ...alone.es.map((frame) => ({ frame, isEd: false }))]
    .sort((a, b) => a.frame - b.frame);
  const one = (a, b) => a.isEd === b.isEd && Math.abs(a.frame - b.frame) <= near;
  const [edge, end] = [Math.min(near, END), heat.ed.length - 1];
  const turns = found.filter((turn) =>
    (edge < turn.frame && turn.frame < end - edge) || others.some((other) => one(turn, other)));
  if (!turns.length) return others;
  const [head, tail] = [turns[0], turns[turns.length - 1]];
  const traced = others.filter(({ frame, isEd }) =>
    largest((isEd ? heat.ed : heat.es).slice(Math.max(frame - near, 0), frame + near + 1)) > FAINT);
  const before = traced.filter((turn) => turn.frame < head.frame - near).slice(-1);
  const after = traced.filter((turn) => turn.frame > tail.frame + near).slice(0, 1);
  return [
    ...before.filter((turn) => turn.isEd !== head.isEd), ...turns, ...after.filter((turn) => turn.isEd !== tail.isEd),
  ];
}
