// The learned head in the browser, as echodfkd/heads/onnx_head.py: a clip's curves in, what it makes of them out.
import { CHANNELS, onFrames } from "./measure/channels.js";

/** A head; `name` stands in the method, below `limit` a chance of an LV refuses a clip (null: never). */
export class Head {
  constructor(ort, session, { name, lv_limit: limit }) {
    Object.assign(this, { ort, session, name, limit });
  }

  /**
   * What the head makes of `channels` of a clip: ed and es (how near they are on each frame, 0..1), lv (chance of an
   * apical LV, or null), and ef with its interval [low, high] where the masks' own EF in percent is handed in, else
   * null. half: whether that is of half a beat.
   */
  async read(made, frames, fps, ef = null, half = true) {
    const curves = new this.ort.Tensor("float32", made, [1, CHANNELS, made.length / CHANNELS]);
    const masks = new this.ort.Tensor("float32", Float32Array.of(ef ?? 0, ef === null ? 0 : 1, half ? 1 : 0), [1, 3]);
    const found = await this.session.run({ curves, masks });
    const near = found.near.data;
    const [ed, es] = [near.subarray(0, near.length / 2), near.subarray(near.length / 2)];
    const [low, middle, high] = found.ef.data;
    return {
      ed: onFrames(Array.from(ed), frames, fps),
      es: onFrames(Array.from(es), frames, fps),
      lv: this.limit === null ? null : found.lv.data[0],
      ef: ef === null ? null : middle,
      interval: ef === null ? null : [low, high],
    };
  }
}
