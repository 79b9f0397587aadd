// MP4 and MOV through the browser's own decoders: WebCodecs, or a <video> where there is none.
import { Easel, plausibleFps, ReadError } from "./base.js";
import { parseMp4 } from "./mp4.js";

const WAITING = 8; // pictures that may wait in the decoder
const PATIENCE_MS = 20000; // for one picture of a <video>

/** An MP4 or MOV as a Cine. `file` is the Blob that `view` was read from. */
export async function readVideo(view, file) {
  const track = parseMp4(view);
  const config = track.codec && await supported(track);
  const pictures = config ? () => byCodecs(view, track, config) : () => byVideo(file, track);
  const rate = plausibleFps(track.fps);
  const notes = rate ? [] : [`The file's frame rate (${track.fps.toFixed(2)} Hz) is not plausible.`];
  const { width, height, samples } = track;
  return { width, height, fps: rate, spacing: null, frames: samples.length, notes, pictures };
}

/** The decoder's settings if this browser decodes the track in order; null otherwise. */
async function supported({ codec, description, width, height }) {
  if (typeof VideoDecoder === "undefined") return null; // old browsers, and pages that are not served safely
  const config = { codec, description, codedWidth: width, codedHeight: height };
  const answer = await VideoDecoder.isConfigSupported(config).catch(() => null);
  return answer?.supported ? config : null;
}

const undecodable = (kind) => new ReadError(`This browser cannot decode this video (${kind}): convert it to H.264 or a GIF.`);

async function* byCodecs(view, track, config) {
  const easel = new Easel(track.width, track.height);
  const ready = [];
  let [failure, wake] = [null, () => {}];
  const tell = () => wake();
  const decoder = new VideoDecoder({
    output: (frame) => { ready.push(frame); tell(); },
    error: (error) => { failure = error; tell(); },
  });
  decoder.configure(config);
  const feed = (async () => {
    for (const { offset, size, time, key } of track.samples) {
      while (decoder.decodeQueueSize + ready.length > WAITING && !failure) await new Promise((go) => setTimeout(go, 2));
      if (failure || decoder.state === "closed") return;
      const data = new Uint8Array(view.buffer, view.byteOffset + offset, size);
      decoder.decode(new EncodedVideoChunk({ type: key ? "key" : "delta", timestamp: Math.round(time * 1e6), data }));
    }
    await decoder.flush();
  })().catch((error) => { failure ??= error; });
  let done = false;
  feed.then(() => { done = true; tell(); });
  try {
    for (;;) {
      while (ready.length) {
        const frame = ready.shift();
        const picture = easel.read(frame);
        frame.close();
        yield picture;
      }
      if (failure) throw undecodable(track.kind);
      if (done) return;
      await new Promise((go) => { wake = go; });
    }
  } finally {
    if (decoder.state !== "closed") decoder.close();
    ready.forEach((frame) => frame.close());
  }
}

/** The same by going from picture to picture of a <video>: slower, and in every browser. */
async function* byVideo(file, track) {
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, preload: "auto" });
  const address = URL.createObjectURL(file);
  const event = (name) => new Promise((go, stop) => {
    video.addEventListener(name, go, { once: true });
    video.addEventListener("error", () => stop(undecodable(track.kind)), { once: true });
    setTimeout(() => stop(undecodable(track.kind)), PATIENCE_MS);
  });
  try {
    const loaded = event("loadeddata");
    video.src = address;
    await loaded;
    const easel = new Easel(track.width, track.height);
    const times = track.samples.map((sample) => sample.time).sort((a, b) => a - b);
    for (let k = 0; k < times.length; k += 1) {
      const length = (times[k + 1] ?? 2 * times[k] - times[k - 1]) - times[k] || 0.01;
      const shown = event("seeked");
      video.currentTime = times[k] - times[0] + length / 2;
      await shown;
      yield easel.read(video);
    }
  } finally {
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(address);
  }
}
