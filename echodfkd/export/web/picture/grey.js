// From what a file stores to grey pictures 0..255, and the colour that a grey picture cannot show any more.

const [LIT, SATURATED] = [48, 0.5]; // brightest channel of a pixel that shows something; (max - min) / max
const [MUCH, ALL, SEVERAL] = [0.04, 0.85, 2]; // shares of the lit pixels; frames
const SIDE = 128; // pixels of the shorter side that are looked at

/** Luma of Rec. 601 of RGBA pixels, as OpenCV's; R = G = B = v gives exactly v. */
export function toGrey(rgba) {
  const grey = new Uint8Array(rgba.length / 4);
  for (let k = 0, at = 0; k < grey.length; k += 1, at += 4) {
    grey[k] = (rgba[at] * 4899 + rgba[at + 1] * 9617 + rgba[at + 2] * 1868 + 8192) >> 14;
  }
  return grey;
}

/** Share (0..1) of strongly coloured among lit pixels in the middle, where no banner or colour bar stands. */
export function colouredShare(rgba, width, height) {
  const step = Math.max(1, Math.floor(Math.min(height, width) / SIDE));
  let [lit, coloured] = [0, 0];
  for (let y = Math.floor(height / 5); y < height - Math.floor(height / 10); y += step) {
    for (let x = Math.floor(width / 6); x < width - Math.floor(width / 6); x += step) {
      const at = 4 * (y * width + x);
      const high = Math.max(rgba[at], rgba[at + 1], rgba[at + 2]);
      if (high <= LIT) continue;
      lit += 1;
      if (high - Math.min(rgba[at], rgba[at + 1], rgba[at + 2]) > SATURATED * high) coloured += 1;
    }
  }
  return coloured / Math.max(lit, 1);
}

/** A warning when several frames show colour Doppler, of each frame's `colouredShare`; null otherwise. */
export function colourWarning(shares) {
  const flow = shares.filter((share) => share > MUCH && share < ALL);
  if (!flow.length || flow.length < Math.min(SEVERAL, shares.length)) return null;
  return `Colour Doppler in ${flow.length} of ${shares.length} frames (on up to ${
    Math.round(100 * Math.max(...flow))}% of what is lit): masks under it are unreliable; use a clip without colour.`;
}

/** Stored values brought to 0..255: `low` and below become 0, `high` and above 255. */
export function applyWindow(values, low, high) {
  const span = high - low || 1;
  return new Uint8Array(Uint8ClampedArray.from(values, (value) => (255 * (value - low)) / span).buffer);
}

/** {frame, width, height} averaged down by a whole factor, so that no side is above `most`. */
export function shrinkFactor(width, height, most) {
  return Math.max(1, Math.ceil(Math.max(width, height) / most));
}
