// The numbers behind the area curve: seconds and cm2 where they are known, else frames and pixels.

/** {x, y, xLabel, yLabel} of a result. */
export function curveOf({ area, fps, spacing }) {
  const x = area.map((_, k) => (fps ? k / fps : k));
  const y = spacing ? area.map((value) => (value * spacing[0] * spacing[1]) / 100) : area;
  return { x, y, xLabel: fps ? "time (s)" : "frame", yLabel: spacing ? "LV area (cm²)" : "LV area (pixels)" };
}

/** At most about `count` round numbers from low to high. */
export function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((value) => value >= rough);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high * (1 + 1e-9); k += 1) found.push(+(k * step).toPrecision(10));
  return found;
}
