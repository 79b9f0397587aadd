// Small arithmetic that Python and NumPy have: so that both sides of a port read alike.

/** Nearest whole number, halves to the even one, as Python's round. */
export function roundEven(x) {
  const low = Math.floor(x);
  const part = x - low;
  if (part !== 0.5) return part < 0.5 ? low : low + 1;
  return low % 2 === 0 ? low : low + 1;
}

export const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

export const sum = (values) => values.reduce((total, value) => total + value, 0);

export const mean = (values) => sum(Array.from(values)) / values.length;

/** Index of the largest value, the first of equals; -1 of nothing. */
export const argmax = (values) => values.reduce((best, value, k) => (best < 0 || value > values[best] ? k : best), -1);

export const argmin = (values) => values.reduce((best, value, k) => (best < 0 || value < values[best] ? k : best), -1);

export const largest = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);

export const smallest = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);

/** Largest less smallest value. */
export const spread = (values) => largest(values) - smallest(values);

export const differences = (values) => Array.from(values).slice(1).map((value, k) => value - values[k]);

export const range = (count) => Array.from({ length: count }, (_, k) => k);

/** `count` numbers from `start` to `stop`, both included. */
export const linspace = (start, stop, count) =>
  range(count).map((k) => (count === 1 ? start : start + ((stop - start) * k) / (count - 1)));

/** The value that `share` percent of the values lie below, linear between neighbours (NumPy's default). */
export function percentile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const at = ((sorted.length - 1) * share) / 100;
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

export const median = (values) => percentile(values, 50);

/** Linear interpolation at ascending or other `x` between the points (xs, ys), xs ascending; ends are kept. */
export function interpolate(x, xs, ys) {
  return Array.from(x, (at) => {
    if (!(at > xs[0])) return ys[0];
    if (at >= xs[xs.length - 1]) return ys[ys.length - 1];
    let low = 0;
    let high = xs.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (xs[middle] <= at) low = middle;
      else high = middle;
    }
    return ys[low] + ((ys[high] - ys[low]) * (at - xs[low])) / (xs[high] - xs[low]);
  });
}
