// Connected pieces of a mask. A mask is a Uint8Array of width * height, 0 or not.

/** {labels, sizes}: Int32Array of piece numbers from 1 (0: background), and how many pixels each has. */
export function components(mask, width, height, connectivity) {
  const labels = new Int32Array(mask.length);
  const stack = new Int32Array(mask.length);
  const sizes = [0];
  for (let start = 0; start < mask.length; start += 1) {
    if (!mask[start] || labels[start]) continue;
    const label = sizes.length;
    let [top, size] = [0, 0];
    stack[top++] = start;
    labels[start] = label;
    while (top) {
      const at = stack[--top];
      size += 1;
      const x = at % width;
      const y = (at - x) / width;
      for (let dy = y ? -1 : 0; dy <= (y < height - 1 ? 1 : 0); dy += 1) {
        for (let dx = x ? -1 : 0; dx <= (x < width - 1 ? 1 : 0); dx += 1) {
          if (connectivity === 4 && dx && dy) continue;
          const next = at + dy * width + dx;
          if (mask[next] && !labels[next]) {
            labels[next] = label;
            stack[top++] = next;
          }
        }
      }
    }
    sizes.push(size);
  }
  return { labels, sizes };
}

/** The largest 4-connected piece as a mask of its own; null when it is below `least` pixels or a line. */
export function largestComponent(mask, width, height, least) {
  const { labels, sizes } = components(mask, width, height, 4);
  const best = sizes.indexOf(Math.max(...sizes.slice(1)));
  if (best < 1 || sizes[best] < least) return null;
  const piece = Uint8Array.from(labels, (label) => (label === best ? 1 : 0));
  const [left, top, right, bottom] = boundsOf(piece, width, height);
  return Math.min(right - left, bottom - top) < 3 ? null : piece;
}

/** [left, top, right, bottom] of what is set, the last two exclusive; null when nothing is. */
export function boundsOf(mask, width, height) {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (!mask[y * width + x]) continue;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = y + 1;
    }
  }
  return right ? [left, top, right, bottom] : null;
}

/** Pixels [x, y] of a mask that have one of their four neighbours outside it. */
export function border(mask, width, height) {
  const points = [];
  const set = (x, y) => x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (!mask[y * width + x]) continue;
      if (!(set(x - 1, y) && set(x + 1, y) && set(x, y - 1) && set(x, y + 1))) points.push([x, y]);
    }
  }
  return points;
}

/**
 * The largest piece of the pixels of at least `level`, holes filled: Uint8Array 0 or 1, and its size `area`.
 * An LV cavity in one plane is one region without holes.
 */
export function largestFilled(image, width, height, level) {
  const out = new Uint8Array(width * height);
  const bounds = boundsOf(image.map((value) => (value >= level ? 1 : 0)), width, height);
  if (!bounds) return { mask: out, area: 0 };
  const [left, top, right, bottom] = bounds;
  const [w, h] = [right - left + 2, bottom - top + 2]; // with a rim of background all round
  const outside = new Uint8Array(w * h).fill(1);
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) {
      if (image[y * width + x] >= level) outside[(y - top + 1) * w + x - left + 1] = 0;
    }
  }
  const around = components(outside, w, h, 4).labels; // the piece of the corner is what is really outside
  const filled = around.map((label) => (label === around[0] ? 0 : 1));
  const { labels, sizes } = components(filled, w, h, 8);
  const best = sizes.indexOf(Math.max(...sizes.slice(1)));
  labels.forEach((label, k) => {
    if (label === best) out[(Math.floor(k / w) + top - 1) * width + (k % w) + left - 1] = 1;
  });
  return { mask: out, area: sizes[best] };
}
