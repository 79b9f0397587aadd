// Convex hulls of points [x, y], and polygons filled.

/** Corners of the convex hull, in order, none of them on a straight side (Andrew's monotone chain). */
export function hullOf(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  if (sorted.length < 3) return sorted;
  const lower = chain(sorted);
  const upper = chain(sorted.reverse());
  return [...lower.slice(0, -1), ...upper.slice(0, -1)];
}

function chain(sorted) {
  const kept = [];
  for (const point of sorted) {
    while (kept.length > 1 && turn(kept[kept.length - 2], kept[kept.length - 1], point) <= 0) kept.pop();
    kept.push(point);
  }
  return kept;
}

const turn = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);

/** The convex hull of what is set in a mask, as a mask, its border pixels included. */
export function hullMask(mask, width, height) {
  const points = [];
  for (let y = 0; y < height; y += 1) {
    const row = mask.subarray(y * width, (y + 1) * width);
    const first = row.findIndex(Boolean);
    if (first >= 0) points.push([first, y], [row.findLastIndex(Boolean), y]);
  }
  return fillConvex(hullOf(points), width, height);
}

/** A convex polygon of whole corners as a mask; its outline, drawn in whole pixels, belongs to it. */
export function fillConvex(corners, width, height) {
  const out = new Uint8Array(width * height);
  const low = new Int32Array(height).fill(width);
  const high = new Int32Array(height).fill(-1);
  corners.forEach((from, k) => {
    const to = corners[(k + 1) % corners.length];
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const steps = Math.max(Math.abs(dx), Math.abs(dy), 1);
    for (let j = 0; j <= steps; j += 1) {
      const [x, y] = [Math.round(from[0] + (j * dx) / steps), Math.round(from[1] + (j * dy) / steps)];
      low[y] = Math.min(low[y], x);
      high[y] = Math.max(high[y], x);
    }
  });
  for (let y = 0; y < height; y += 1) if (high[y] >= 0) out.fill(1, y * width + low[y], y * width + high[y] + 1);
  return out;
}
