// What a learned head adds to the masks: events, EF with an interval, a confidence per beat, "no LV here".
// As `measure` of echodfkd/segment/measure.py goes on with a head.
import { detectEventsWithHead } from "./beats-head.js";
import { channels } from "./channels.js";
import { largest } from "./numbers.js";
import { nominalFps } from "./turns.js";

const DOUBTFUL = 0.5; // a chance of an apical LV below it is said
const SLOWEST = 2; // Hz, for a head
const percent = (chance) => `${(100 * chance).toFixed(0)}%`;

/**
 * The findings of a clip with a head. head: {name, limit, read}. rows: of `frameFeatures`, one per frame.
 * ofMasks(events): the findings of the masks alone; nothing: those of a clip without an LV.
 */
export async function measureByHead({ head, rows, area, fps, ofMasks, nothing }) {
  const rate = Math.max(fps || nominalFps(area), SLOWEST);
  const made = channels(rows, rate);
  const read = (ef, half) => head.read(made, rows.length, rate, ef, half);
  const seen = await read(null, true);
  if (seen.lv !== null && seen.lv < head.limit) return { ...nothing, warnings: [refusal(seen.lv)] };
  const found = ofMasks(detectEventsWithHead(area, seen, fps));
  const doubts = doubtsOf(seen);
  const warnings = [...found.warnings, ...doubts];
  if (found.ef === null) return { ...found, warnings };
  const beats = found.beats.map((beat) => ({ ...beat, confidence: confidence(beat, seen) }));
  if (doubts.length) return { ...found, beats, warnings };
  const { ef, interval } = await read(found.ef, !beats.some((beat) => beat.complete));
  return { ...found, beats, warnings, ef, interval, method: `learned-head:${head.name}` };
}

/** 0..1: how clearly the head sees a beat's ED and ES where they were found. */
function confidence(beat, seen) {
  const near = (heat, at) => largest(heat.slice(Math.max(at - 1, 0), at + 2));
  return Math.sqrt(near(seen.ed, beat.ed) * near(seen.es, beat.es)) * (seen.lv ?? 1);
}

function doubtsOf({ lv }) {
  if (lv === null || lv >= DOUBTFUL) return [];
  return [`This may be no apical view by the look of its curves (${percent(lv)}): do not trust EF.`];
}

const refusal = (lv) => `No LV found: this is no apical view by the look of its curves (${percent(lv)}); EF is not given.`;
