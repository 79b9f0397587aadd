// Clips in which nothing moves, a frozen picture or a repeated one, as echodfkd/segment/still.py.
import { percentile } from "./numbers.js";

// Grey levels, mean over the lit pixels: see there how they were found.
const [STEP, STEP_SHARE, SPREAD] = [1, 0.05, 8];
const MOST = 75; // percentile of the steps: key frames renew a still, repeated frames halt a moving clip

/** Whether frames (Uint8Arrays of one size) are all the same but for coding noise; false of one frame. */
export function nothingMoves(frames) {
  if (frames.length < 2) return false;
  const pixels = frames[0].length;
  const [sums, squares] = [new Float64Array(pixels), new Float64Array(pixels)];
  const steps = frames.map((frame, k) => {
    let [moved, lit] = [0, 0];
    const before = frames[Math.max(k - 1, 0)];
    for (let i = 0; i < pixels; i += 1) {
      sums[i] += frame[i];
      squares[i] += frame[i] * frame[i];
      moved += Math.abs(frame[i] - before[i]);
      lit += frame[i] || before[i] ? 1 : 0;
    }
    return moved / Math.max(lit, 1);
  }).slice(1);
  const means = sums.map((value) => value / frames.length);
  if (!means.some(Boolean)) return false;
  const deviations = squares.map((value, i) => Math.sqrt(Math.max(value / frames.length - means[i] ** 2, 0)));
  const limit = Math.min(STEP, STEP_SHARE * litMean(means, means));
  return percentile(steps, MOST) < limit && litMean(deviations, means) < SPREAD;
}

function litMean(values, shown) {
  const lit = shown.reduce((total, value) => total + (value > 0 ? 1 : 0), 0);
  return values.reduce((a, b) => a + b, 0) / Math.max(lit, 1);
}
