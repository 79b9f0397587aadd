// From LV masks to ED and ES, heart rate and EF by the method of disks, as echodfkd/segment/measure.py.
import { measureByHead } from "./by-head.js";
import { detectEvents, filling, heartRate, pairBeats } from "./beats.js";
import { mean, median } from "./numbers.js";
import { diskVolume, ejectionFraction } from "./volume.js";

// An LV cavity fills 5..25% of an apical sector; outside these limits the model has found something else.
const [MIN_SHARE, MAX_SHARE] = [0.005, 0.5];
const DISKS = { method: "MOD-A4C", interval: null };
const NOTHING = { events: { ed: [], es: [] }, beats: [], ef: null, heartRate: null, ...DISKS };

/** Why these areas are no LV; null when they may be. */
export function noLv(area, sectorPixels) {
  const seen = area.filter((value) => value > 0);
  const share = seen.length / area.length;
  const percent = (value, digits) => `${(100 * value).toFixed(digits)}%`;
  if (share < 0.5) return `No LV found: a mask in only ${percent(share, 0)} of the frames; EF is not given.`;
  const typical = median(seen) / Math.max(sectorPixels, 1);
  if (typical >= MIN_SHARE && typical <= MAX_SHARE) return null;
  return `No LV found: the mask fills ${percent(typical, 1)} of the sector, not plausible; EF is not given.`;
}

/**
 * Events, beats, EF (percent or null) with its method and interval, heart rate and warnings of a clip.
 * area: array of pixels. maskOf: frame -> {mask, width, height}. spacing: [row, column] in mm or null.
 * head: reads what `rowsOf` gives, rows of `frameFeatures`; null leaves all to the masks.
 */
export async function measure({ area, maskOf, sectorPixels, fps, spacing, still = false, head = null, rowsOf }) {
  const nothing = noLv(area, sectorPixels);
  if (still) {
    const said = "Nothing moves: every frame shows the same picture, so there is no beat and no EF.";
    return { ...NOTHING, warnings: nothing ? [said, nothing] : [said] };
  }
  if (nothing) return { ...NOTHING, warnings: [nothing] };
  if (area.length === 1) return { ...NOTHING, warnings: ["A single frame: a mask, but no beat and no EF."] };
  const masks = (events) => ofMasks(events, { area, maskOf, fps, spacing });
  if (!head) return masks(detectEvents(area, fps));
  return measureByHead({ head, rows: rowsOf(), area, fps, ofMasks: masks, nothing: NOTHING });
}

/** Beats, heart rate and EF by the method of disks, of events that were found. */
export function ofMasks(events, { area, maskOf, fps, spacing }) {
  const paired = pairBeats(events, area.length);
  const pairs = paired.length ? paired : filling(events);
  const measured = pairs.map((pair) => beatResult(pair, maskOf, spacing));
  const beats = measured.filter((beat) => beat.ef !== null);
  const lost = measured.filter((beat) => beat.ef === null).map(({ ed, es }) =>
    `The beat of frames ${ed} (ED) and ${es} (ES) is left out: one of its masks is empty or too small.`);
  const used = counted(beats);
  return {
    events,
    beats,
    ef: used.length ? mean(used.map((beat) => beat.ef)) : null,
    heartRate: heartRate(events, fps),
    ...DISKS,
    warnings: [...lost, ...remarks(beats, fps, spacing)],
  };
}

/** The beats that EF is the mean of: the complete ones, or the half beats where there are none. */
export function counted(beats) {
  const complete = beats.filter((beat) => beat.complete);
  return complete.length ? complete : beats;
}

function beatResult(pair, maskOf, spacing) {
  const [atEd, atEs] = [pair.ed, pair.es].map((frame) => {
    const { mask, width, height } = maskOf(frame);
    return diskVolume(mask, width, height, spacing ?? [1, 1]);
  });
  if (!(atEd.volume > 0 && atEs.volume > 0)) return { ...pair, ef: null };
  const ef = ejectionFraction(atEd.volume, atEs.volume);
  if (!spacing) return { ...pair, ef };
  return { ...pair, ef, edvMl: atEd.volume, esvMl: atEs.volume, lengthEdMm: atEd.length };
}

function remarks(beats, fps, spacing) {
  const said = [];
  if (!fps) said.push("Frames per second unknown: no heart rate; give them under Settings.");
  if (!spacing) said.push("Pixel spacing unknown: no volumes, EF takes pixels as square; give it under Settings.");
  if (!beats.length) said.push("No beat found: the LV area has no clear largest and smallest frame.");
  else if (!beats.some((beat) => beat.complete)) said.push("No complete beat: EF is that of half a beat.");
  if (beats.some((beat) => beat.ef < 0)) {
    said.push("The LV has a smaller volume at ED than at ES in some beat: do not trust EF.");
  }
  return said;
}
