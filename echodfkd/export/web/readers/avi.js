// AVI files of motion JPEG, as EchoNet-Dynamic's tools write them: RIFF chunks of JPEG pictures.
import { decodeJpeg, Easel, plausibleFps, ReadError, text } from "./base.js";

const NOT_JPEG = "This AVI is not motion JPEG, the only kind of AVI that is read here: convert it to MP4.";

/** {width, height, fps, pictures: [{offset, length}]} of an AVI file. */
export function parseAvi(view) {
  const found = { width: 0, height: 0, fps: null, codec: "", stream: -1, streams: 0, pictures: [] };
  chunks(view, 12, view.byteLength, found);
  if (!/^(mjpg|jpeg|avrn|ljpg)/i.test(found.codec)) throw new ReadError(NOT_JPEG);
  return found;
}

/** Walks the chunks between two offsets; a file that was cut ends with the last whole one. */
function chunks(view, start, end, found) {
  for (let at = start; at + 8 <= end; ) {
    const name = text(view, at, 4);
    const length = view.getUint32(at + 4, true);
    const body = at + 8;
    if (name === "RIFF" || name === "LIST") chunks(view, body + 4, Math.min(body + length, end), found);
    else if (body + length <= end) readChunk(view, name, body, length, found);
    at = body + length + (length % 2);
  }
}

function readChunk(view, name, body, length, found) {
  if (name === "strh") {
    if (text(view, body, 4) === "vids" && found.stream < 0) {
      found.stream = found.streams;
      const [scale, rate] = [view.getUint32(body + 20, true), view.getUint32(body + 24, true)];
      found.fps = plausibleFps(rate / scale);
    }
    found.streams += 1;
  } else if (name === "strf" && found.stream === found.streams - 1) {
    found.width = view.getInt32(body + 4, true);
    found.height = Math.abs(view.getInt32(body + 8, true));
    found.codec = text(view, body + 16, 4);
  } else if (/^\d\dd[bc]$/.test(name) && Number(name.slice(0, 2)) === found.stream && length) {
    found.pictures.push({ offset: body, length });
  }
}

/** A motion JPEG AVI as a Cine. */
export async function readAvi(view) {
  const { width, height, fps, pictures } = parseAvi(view);
  if (!pictures.length) throw new ReadError("This AVI holds no whole picture: it is truncated or damaged.");
  const easel = new Easel(width, height);
  async function* decoded() {
    for (const { offset, length } of pictures) {
      const picture = await decodeJpeg(new Uint8Array(view.buffer, view.byteOffset + offset, length), () => easel);
      if (picture) yield picture;
    }
  }
  return { width, height, fps, spacing: null, frames: pictures.length, notes: [], pictures: decoded };
}
