// The page's `measure` with a head that says what it is told: heats, a chance, and 7 points above the masks' EF.
import { frameFeatures } from "../../../echodfkd/export/web/measure/features.js";
import { measure } from "../../../echodfkd/export/web/measure/measure.js";

export function measured(masks, probs, side, fps, { ed, es, lv, limit }) {
  const read = async (_made, _frames, _fps, ef, half) =>
    ({ ed, es, lv, ef: ef === null ? null : ef + 7, interval: ef === null ? null : [ef - (half ? 9 : 3), ef + 12] });
  return measure({
    area: masks.map((mask) => mask.reduce((a, b) => a + b, 0)),
    maskOf: (k) => ({ mask: masks[k], width: side, height: side }),
    sectorPixels: side * side,
    fps,
    spacing: null,
    head: { name: "told", limit, read },
    rowsOf: () => probs.map((prob) => frameFeatures(prob, side)),
  });
}
