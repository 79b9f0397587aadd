// One clip through the page: sector, model, masks, beats, as echodfkd/segment/pipeline.py.
import { frameFeatures } from "./measure/features.js";
import { measure } from "./measure/measure.js";
import { linspace, range, roundEven } from "./measure/numbers.js";
import { nothingMoves } from "./measure/still.js";
import { boundsOf, largestFilled } from "./picture/components.js";
import { count } from "./picture/fan.js";
import { outlineOf } from "./picture/outline.js";
import { cut, mirrored } from "./picture/resize.js";
import { crop, findSector, framing, uncrop, windowOf } from "./picture/sector.js";

const HALF = 128; // the smallest of 0..255 that stands for a probability of at least .5
const TOUCHING = 0.25; // length on the picture's edge over the square root of a mask's area

/**
 * Everything that is found in a clip {frames, width, height, fps, spacing, flip, notes}.
 * model: {size, predict, looksMirrored, head}. told(stage, done, of).
 */
export async function analyse(clip, model, told = () => {}) {
  const { frames, width, height, fps, spacing, flip } = clip;
  told("finding the sector", 0, 1);
  const sector = findSector(frames, width, height);
  const window = windowOf(sector, spacing);
  const turned = (square) => (flip ? mirrored(square, model.size) : square);
  const squares = frames.map((frame) => turned(crop(frame, width, height, sector, model.size, spacing)));
  const seen = await model.predict(squares, (done, of) => told("outlining", done, of)); // as the model sees the clip
  const probs = seen.map(turned);
  told("measuring", 0, 1);
  const maskOf = (k) => ({ ...layBack(probs[k], model.size, window, width, height), width, height });
  const area = probs.map((_, k) => maskOf(k).area);
  const still = nothingMoves(squares);
  const rowsOf = () => seen.map((prob) => frameFeatures(prob, model.size));
  const { head } = model;
  const found = await measure({ area, maskOf, sectorPixels: count(sector.mask), fps, spacing, still, head, rowsOf });
  const said = await remarks({ clip, sector, area, maskOf, still, squares, model });
  return {
    ...found,
    width, height, fps, spacing, window, area, probs, size: model.size, flip: Boolean(flip),
    warnings: [...clip.notes, ...said, ...found.warnings],
    view: viewOf(sector, frames, width, height),
    outlines: probs.map((prob) => onInput(outlineOf(prob, model.size, HALF - 0.5), window, model.size)),
  };
}

/** The clean mask of a square on the input's grid: {mask, area}. */
export function layBack(prob, size, window, width, height) {
  return largestFilled(uncrop(prob, size, window, width, height), width, height, HALF);
}

/** Points of a square in pixels of the input, where a pixel's centre is whole. */
const onInput = (points, [x, y, wide, high], size) =>
  points.map(([a, b]) => [x + ((a + 0.5) * wide) / size - 0.5, y + ((b + 0.5) * high) / size - 0.5]);

/** What is shown: {box, pictures} of the sector alone, everything outside it black (names stand there). */
function viewOf(sector, frames, width, height) {
  const [left, top, right, bottom] = boundsOf(sector.mask, width, height);
  const box = [left, top, right - left, bottom - top];
  const shown = (frame) => cut(frame.map((value, k) => (sector.mask[k] ? value : 0)), width, height, box);
  return { box, pictures: frames.map(shown) };
}

/** Warnings that the area curve cannot know, the gravest first, as echodfkd/segment/remarks.py. */
async function remarks({ clip, sector, area, maskOf, still, squares, model }) {
  const { frames, width, height, flip } = clip;
  if (!area.some(Boolean) && !frames.some((frame) => frame.some(Boolean))) return ["The frames are black."];
  const few = area.length > 1 && area.length < 5
    ? [`Only ${area.length} frames: too few to see a beat, EF is unreliable.`] : [];
  const wrong = framing(sector, width, height);
  if (wrong) return [...few, wrong];
  if (atTheEdge(area, maskOf, sector, width, height)) {
    few.push("The LV mask runs along the edge of the picture: part of the LV may lie outside, EF is unreliable.");
  }
  if (!still && await model.looksMirrored(squares)) {
    few.push(`The clip looks mirrored: try it ${flip ? "without" : "with"} "mirrored" under Settings and compare.`);
  }
  return few;
}

/** Whether most of some masks run along the edge of the picture, or of the box looked at. */
function atTheEdge(area, maskOf, sector, width, height) {
  const shown = [...new Set(linspace(0, area.length - 1, 8).map(roundEven))].filter((k) => area[k] > 0);
  if (!shown.length) return false;
  const edge = range(width).flatMap((x) => [x, (height - 1) * width + x]);
  edge.push(...range(Math.max(height - 2, 0)).flatMap((y) => [(y + 1) * width, (y + 2) * width - 1]));
  const touching = shown.filter((k) => {
    const { mask } = maskOf(k);
    return edge.filter((at) => mask[at]).length > TOUCHING * Math.sqrt(area[k]);
  });
  return touching.length / shown.length > 0.5;
}
