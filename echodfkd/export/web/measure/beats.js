// ED and ES on the curve of the LV's area, as echodfkd/beats.py. Events are {ed: [frames], es: [frames]}.
import { argmin, differences, largest, mean, median, spread } from "./numbers.js";
import {
  bridgeLostFrames, judgeEnds, noiseOf, nominalFps, prune, smoothed, turningPoints, withoutSpikes,
} from "./turns.js";

const MIN_SWING = 0.05; // of the largest value: below it nothing beats
const MIN_SNR = 5; // swing over the noise's standard deviation
const MIN_BEAT_S = 0.3; // two ES nearer than this belong to one beat
const SMOOTH_S = 0.03; // sigma for finding beats
const PLACE_S = 0.02; // sigma for placing an event within its beat, only where there is noise

/** Every ED and ES of a clip, from its curve alone; fps may be null. */
export function detectEvents(area, fps) {
  let curve = bridgeLostFrames(area);
  const rate = fps || nominalFps(curve);
  const noise = noiseOf(curve, rate);
  curve = withoutSpikes(curve, rate);
  const smooth = smoothed(curve, SMOOTH_S * rate);
  const swing = spread(smooth);
  if (swing <= Math.max(MIN_SWING * largest(curve), MIN_SNR * noise)) return { ed: [], es: [] };
  const turns = prune(turningPoints(smooth, 0.3 * swing), MIN_BEAT_S * rate);
  const placedOn = noise > 0.005 * swing ? smoothed(curve, PLACE_S * rate) : curve;
  return withoutEnds(place(placedOn, judgeEnds(turns), noise), curve.length);
}

/** Each ED with the ES that follows it before the next ED; not complete on the clip's first or last frame. */
export function pairBeats(events, frames) {
  return events.ed.flatMap((ed, k) => {
    const limit = events.ed[k + 1] ?? frames;
    const es = events.es.find((frame) => ed < frame && frame < limit);
    return es === undefined ? [] : [{ ed, es, complete: ed > 0 && es < frames - 1 }];
  });
}

/** The half beat of a clip that shows filling only: its ES and the ED behind it. */
export function filling(events) {
  if (!(events.ed.length && events.es.length)) return [];
  return [{ ed: events.ed[0], es: events.es[0], complete: false }];
}

/** Beats per minute from the mean interval, intervals with a missed beat left out; null without a cycle. */
export function heartRate(events, fps) {
  const cycles = [...differences(events.ed), ...differences(events.es)];
  if (!cycles.length || !fps) return null;
  const usual = median(cycles);
  return (60 * fps) / mean(cycles.filter((cycle) => cycle <= 1.5 * usual));
}

/** Without events on the first or last frame, unless they are needed to see half a beat. */
export function withoutEnds(events, frames) {
  const inside = (frame) => frame > 0 && frame < frames - 1;
  const inner = { ed: events.ed.filter(inside), es: events.es.filter(inside) };
  return inner.ed.length && inner.es.length ? inner : events;
}

/** Each event on its final frame: ES on the minimum of its beat, ED by `lastMaximum`. */
function place(curve, turns, noise) {
  const events = { ed: [], es: [] };
  turns.forEach((turn, k) => {
    const before = k ? turns[k - 1].frame : 0;
    const after = k + 1 < turns.length ? turns[k + 1].frame : curve.length - 1;
    const part = curve.slice(before, after + 1);
    if (turn.isEd) events.ed.push(before + lastMaximum(part, turn.frame - before, noise));
    else events.es.push(before + argmin(part));
  });
  return events;
}

/** Last frame within the noise of the maximum, before the steepest fall that follows `peak`. */
function lastMaximum(curve, peak, noise) {
  if (peak >= curve.length - 2) return peak;
  const steepest = peak + argmin(differences(curve.slice(peak)));
  const head = curve.slice(0, steepest + 1);
  const top = largest(head);
  const margin = Math.max(0.25 * noise, 0.005 * (top - curve[curve.length - 1]));
  return head.findLastIndex((value) => value >= top - margin);
}
