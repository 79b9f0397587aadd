// Grey pictures brought to another size as OpenCV does it for `segment`.

/** Uint8Array of toWidth * toHeight: area average when shrinking, linear when growing. */
export function resize(image, width, height, toWidth, toHeight) {
  if (width === toWidth && height === toHeight) return image;
  const shrinks = toWidth <= width && toHeight <= height;
  const weigh = shrinks ? areaWeights : linearWeights;
  return apply(image, width, height, weigh(width, toWidth), weigh(height, toHeight));
}

/** For each target pixel: where its source pixels begin, and their weights (they add up to 1). */
function areaWeights(from, to) {
  const scale = from / to;
  return Array.from({ length: to }, (_, k) => {
    const [low, high] = [k * scale, Math.min((k + 1) * scale, from)];
    const first = Math.floor(low + 1e-9);
    const last = Math.min(Math.ceil(high - 1e-9), from);
    const weights = [];
    for (let j = first; j < last; j += 1) weights.push((Math.min(j + 1, high) - Math.max(j, low)) / (high - low));
    return { first, weights };
  });
}

function linearWeights(from, to) {
  return Array.from({ length: to }, (_, k) => {
    const at = Math.min(Math.max(((k + 0.5) * from) / to - 0.5, 0), from - 1);
    const first = Math.min(Math.floor(at), Math.max(from - 2, 0));
    return { first, weights: from === 1 ? [1] : [1 - (at - first), at - first] };
  });
}

function apply(image, width, height, columns, rows) {
  const across = new Float32Array(columns.length * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < columns.length; x += 1) {
      const { first, weights } = columns[x];
      let value = 0;
      for (let j = 0; j < weights.length; j += 1) value += weights[j] * image[y * width + first + j];
      across[y * columns.length + x] = value;
    }
  }
  const out = new Uint8ClampedArray(columns.length * rows.length); // rounds halves to even, as OpenCV does
  for (let y = 0; y < rows.length; y += 1) {
    const { first, weights } = rows[y];
    for (let x = 0; x < columns.length; x += 1) {
      let value = 0;
      for (let j = 0; j < weights.length; j += 1) value += weights[j] * across[(first + j) * columns.length + x];
      out[y * columns.length + x] = value;
    }
  }
  return new Uint8Array(out.buffer);
}

/** The window [x, y, w, h] of a picture; what is outside the picture is 0. */
export function cut(image, width, height, [x, y, w, h]) {
  const out = new Uint8Array(w * h);
  const [left, right] = [Math.max(x, 0), Math.min(x + w, width)];
  for (let row = Math.max(y, 0); row < Math.min(y + h, height); row += 1) {
    if (right > left) out.set(image.subarray(row * width + left, row * width + right), (row - y) * w + left - x);
  }
  return out;
}

/** The picture mirrored left and right. */
export function mirrored(image, width) {
  const out = new Uint8Array(image.length);
  for (let start = 0; start < image.length; start += width) {
    out.set(image.slice(start, start + width).reverse(), start);
  }
  return out;
}
