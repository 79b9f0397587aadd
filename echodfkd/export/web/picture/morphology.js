// Median blur and morphology with round elements, as OpenCV's. Pictures are Uint8Arrays of width * height.
import { roundEven } from "../measure/numbers.js";

/** Median of size * size pixels around each, size odd; the border is repeated. */
export function medianBlur(image, width, height, size) {
  if (size < 3) return image.slice();
  const reach = (size - 1) / 2;
  const half = (size * size - 1) / 2; // as many values lie below the median
  const out = new Uint8Array(image.length);
  const counts = new Int32Array(256);
  const inside = (k, count) => Math.min(Math.max(k, 0), count - 1);
  for (let y = 0; y < height; y += 1) {
    counts.fill(0);
    const rows = Array.from({ length: size }, (_, j) => inside(y + j - reach, height) * width);
    for (const row of rows) for (let j = -reach; j <= reach; j += 1) counts[image[row + inside(j, width)]] += 1;
    let [middle, below] = [0, 0]; // `below` counts the values less than `middle`
    for (let x = 0; x < width; x += 1) {
      if (x) {
        for (const row of rows) {
          const gone = image[row + inside(x - 1 - reach, width)];
          const come = image[row + inside(x + reach, width)];
          counts[gone] -= 1;
          counts[come] += 1;
          below += (come < middle) - (gone < middle);
        }
      }
      while (below > half) below -= counts[--middle];
      while (below + counts[middle] <= half) below += counts[middle++];
      out[y * width + x] = middle;
    }
  }
  return out;
}

/** Half widths of the rows of a round element of about `diameter` pixels, from its top to its bottom. */
export function disk(diameter) {
  const reach = roundEven(diameter / 2);
  return Array.from({ length: 2 * reach + 1 }, (_, k) =>
    (reach ? roundEven(reach * Math.sqrt((reach ** 2 - (k - reach) ** 2) / reach ** 2)) : 0));
}

/** Whether the element around each pixel meets a set one; what is outside the picture is not set. */
export function dilate(mask, width, height, element) {
  const reach = (element.length - 1) / 2;
  const sums = rowSums(mask, width, height);
  const out = new Uint8Array(mask.length);
  for (let y = 0; y < height; y += 1) {
    for (let k = 0; k < element.length; k += 1) {
      const row = y + k - reach;
      if (row < 0 || row >= height || !sums[row * (width + 1) + width]) continue;
      const start = row * (width + 1);
      for (let x = 0; x < width; x += 1) {
        const low = Math.max(x - element[k], 0);
        const high = Math.min(x + element[k] + 1, width);
        if (sums[start + high] > sums[start + low]) out[y * width + x] = 1;
      }
    }
  }
  return out;
}

/** Whether the element around each pixel meets set ones only; what is outside the picture is set. */
export function erode(mask, width, height, element) {
  return not(dilate(not(mask), width, height, element));
}

const not = (mask) => mask.map((value) => (value ? 0 : 1));

/** Each row's running sums, width + 1 of them. */
function rowSums(mask, width, height) {
  const sums = new Int32Array((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = y * (width + 1) + x;
      sums[at + 1] = sums[at] + (mask[y * width + x] ? 1 : 0);
    }
  }
  return sums;
}

export const opened = (mask, w, h, element) => dilate(erode(mask, w, h, element), w, h, element);

export const closed = (mask, w, h, element) => erode(dilate(mask, w, h, element), w, h, element);
