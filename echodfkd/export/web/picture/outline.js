// Outlines between pixels: marching squares, so that a mask's edge is a smooth line at any size.

/** The longest closed line at `level` of a square picture, as points [x, y] in its pixels; [] without one. */
export function outlineOf(image, size, level) {
  const at = (x, y) => (x < 0 || y < 0 || x >= size || y >= size ? 0 : image[y * size + x]);
  const next = new Map(); // from the cell edge where a piece of line begins to where it ends
  for (let y = -1; y < size; y += 1) {
    for (let x = -1; x < size; x += 1) {
      const corners = [at(x, y), at(x + 1, y), at(x + 1, y + 1), at(x, y + 1)];
      const kind = corners.reduce((bits, value, k) => bits | (value > level ? 1 << k : 0), 0);
      for (const [from, to] of LINES[kind]) next.set(edgeKey(x, y, from, size), edgeKey(x, y, to, size));
    }
  }
  let best = [];
  let most = 0;
  while (next.size) {
    const line = closedLine(next);
    const points = line.map((key) => pointOn(key, at, level, size));
    const inside = Math.abs(area(points));
    if (inside > most) [best, most] = [points, inside];
  }
  return best;
}

// Pieces of line through a cell by which of its corners (top left, top right, bottom right, bottom left: 1, 2,
// 4, 8) are inside; sides 0..3 are top, right, bottom, left. The inside lies to the right of each piece.
const LINES = [
  [], [[0, 3]], [[1, 0]], [[1, 3]], [[2, 1]], [[0, 3], [2, 1]], [[2, 0]], [[2, 3]],
  [[3, 2]], [[0, 2]], [[1, 0], [3, 2]], [[1, 2]], [[3, 1]], [[0, 1]], [[3, 0]], [],
];

/** A number for a side of a cell; the side that two cells share has one. */
function edgeKey(x, y, side, size) {
  const [column, row] = [x + 1 + (side === 1 ? 1 : 0), y + 1 + (side === 2 ? 1 : 0)];
  return 2 * (row * (size + 3) + column) + (side % 2);
}

function closedLine(next) {
  const line = [];
  let [key] = next.keys();
  while (next.has(key)) {
    line.push(key);
    const to = next.get(key);
    next.delete(key);
    key = to;
  }
  return line;
}

/** Where the level is crossed on a side, between two pixels. */
function pointOn(key, at, level, size) {
  const cell = key >> 1;
  const [x, y] = [(cell % (size + 3)) - 1, Math.floor(cell / (size + 3)) - 1];
  const upright = key % 2;
  const [a, b] = [at(x, y), upright ? at(x, y + 1) : at(x + 1, y)];
  const part = (level - a) / (b - a);
  return upright ? [x, y + part] : [x + part, y];
}

const area = (points) => points.reduce((total, [x, y], k) => {
  const [u, v] = points[(k + 1) % points.length];
  return total + (x * v - u * y) / 2;
}, 0);
