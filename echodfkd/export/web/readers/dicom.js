// DICOM cines: uncompressed, RLE and JPEG of 8 bits.
import { applyWindow } from "../picture/grey.js";
import { decodeJpeg, Easel, ReadError } from "./base.js";
import { frameRate, parseDicom, pixelSpacing } from "./dicom-tags.js";

const PLAIN = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"];
const JPEG = ["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"];
const RLE = "1.2.840.10008.1.2.5";
const OTHERS = {
  "1.2.840.10008.1.2.1.99": "deflated", "1.2.840.10008.1.2.4.57": "lossless JPEG",
  "1.2.840.10008.1.2.4.70": "lossless JPEG", "1.2.840.10008.1.2.4.80": "JPEG-LS",
  "1.2.840.10008.1.2.4.81": "JPEG-LS", "1.2.840.10008.1.2.4.90": "JPEG 2000", "1.2.840.10008.1.2.4.91": "JPEG 2000",
};
const COLOURS = ["MONOCHROME1", "MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422"];

/** A DICOM cine or still as a Cine. */
export async function readDicom(view) {
  const tags = parseDicom(view);
  const syntax = tags.syntax?.[0] ?? PLAIN[0];
  const layout = layoutOf(tags);
  if (!COLOURS.includes(layout.colours)) {
    throw new ReadError(`DICOM colours of type ${layout.colours} are not read here: convert the clip to MP4.`);
  }
  if (![...PLAIN, ...JPEG, RLE].includes(syntax)) {
    const how = OTHERS[syntax] ?? `syntax ${syntax}`;
    throw new ReadError(`This DICOM is compressed (${how}), which is not read here: use echodfkd segment, or an MP4.`);
  }
  const stored = PLAIN.includes(syntax) ? plainFrames(view, tags.pixels, layout) : fragments(view, tags.pixels, layout);
  const { fps, notes } = frameRate(tags);
  const space = pixelSpacing(tags);
  return {
    width: layout.width,
    height: layout.height,
    fps,
    spacing: space.spacing,
    frames: stored.length,
    notes: [...(stored.length > 1 ? notes : []), ...space.notes],
    pictures: JPEG.includes(syntax) ? () => jpegs(stored, layout) : () => raw(stored, layout, syntax === RLE, tags),
  };
}

function layoutOf(tags) {
  const one = (name, fallback) => tags[name]?.[0] ?? fallback;
  const [width, height, samples] = [one("columns"), one("rows"), one("samples", 1)];
  const colours = one("colours", "MONOCHROME2");
  const bytes = one("allocated", 8) / 8;
  const perPixel = colours === "YBR_FULL_422" ? 2 : samples * bytes;
  return {
    width, height, samples, colours, bytes, frames: Math.max(one("frames", 1), 1), planar: one("planar", 0) === 1,
    bits: one("stored", 8), signed: one("signed", 0) === 1, size: width * height * perPixel,
  };
}

const tooShort = () => new ReadError("This DICOM is truncated: it holds fewer frames than it says.");

function plainFrames(view, { offset }, { frames, size }) {
  if (offset + frames * size > view.byteLength) throw tooShort();
  return Array.from({ length: frames }, (_, k) => new Uint8Array(view.buffer, view.byteOffset + offset + k * size, size));
}

/** Compressed frames: the fragments after the offset table, put together where a frame has several. */
function fragments(view, { offset }, { frames }) {
  const parts = [];
  for (let at = offset; at + 8 <= view.byteLength && view.getUint32(at, true) === 0xe000fffe; ) {
    const length = view.getUint32(at + 4, true);
    if (at + 8 + length > view.byteLength) throw tooShort();
    parts.push(new Uint8Array(view.buffer, view.byteOffset + at + 8, length));
    at += 8 + length;
  }
  const data = parts.slice(1);
  if (data.length < frames) throw tooShort();
  if (data.length === frames) return data;
  const groups = [];
  for (const part of data) {
    if (frames > 1 && part[0] === 0xff && part[1] === 0xd8) groups.push([]); // a JPEG begins
    (groups.at(-1) ?? groups[groups.push([]) - 1]).push(part);
  }
  return groups.map(joined);
}

function joined(parts) {
  const out = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  parts.reduce((at, part) => (out.set(part, at), at + part.length), 0);
  return out;
}

async function* jpegs(stored, { width, height, colours }) {
  const easel = new Easel(width, height);
  for (const bytes of stored) {
    const picture = await decodeJpeg(bytes, () => easel);
    if (!picture) throw new ReadError("A JPEG in this DICOM cannot be decoded (damaged, or more than 8 bits).");
    if (colours === "MONOCHROME1") for (let k = 0; k < picture.rgba.length; k += 1) if (k % 4 !== 3) picture.rgba[k] ^= 255;
    yield picture;
  }
}

async function* raw(stored, layout, compressed, tags) {
  const unpacked = (bytes) => (compressed ? unpackRle(bytes, layout) : bytes);
  const flat = compressed ? { ...layout, planar: true } : layout;
  const [low, high] = layout.samples === 1 ? windowOf(stored.map(unpacked), flat, tags) : [0, 255];
  for (const bytes of stored) {
    if (layout.samples === 3) {
      yield { rgba: toRgba(unpacked(bytes), flat) };
      continue;
    }
    const values = numbers(unpacked(bytes), flat);
    const grey = low === 0 && high === 255 ? new Uint8Array(values) : applyWindow(values, low, high);
    yield { grey: layout.colours === "MONOCHROME1" ? grey.map((value) => 255 - value) : grey };
  }
}

/** Stored values of a grey frame. */
function numbers(bytes, { bytes: each, signed }) {
  if (each === 1) return signed ? new Int8Array(bytes) : bytes;
  const even = bytes.slice().buffer;
  return signed ? new Int16Array(even) : new Uint16Array(even);
}

/** The stored values that become 0 and 255: as they are, by the file's window, or the clip's own range. */
function windowOf(stored, layout, tags) {
  if (layout.bits === 8) return [0, 255];
  if (layout.bits < 8) return [0, 2 ** layout.bits - 1];
  const [centre, width] = [tags.centre?.[0], tags.width?.[0]];
  const [slope, intercept] = [tags.slope?.[0] ?? 1, tags.intercept?.[0] ?? 0];
  if (width > 1 && slope > 0) {
    return [-1, 1].map((side) => (centre - 0.5 + (side * (width - 1)) / 2 - intercept) / slope);
  }
  let [low, high] = [Infinity, -Infinity];
  for (const frame of stored) {
    for (const value of numbers(frame, layout)) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low >= 0 && high <= 255 ? [0, 255] : [low, high];
}

/** Uncompressed colours (RGB, YBR_FULL or YBR_FULL_422) as RGBA. */
export function toRgba(bytes, { width, height, colours, planar }) {
  const count = width * height;
  const out = new Uint8ClampedArray(4 * count).fill(255);
  for (let k = 0; k < count; k += 1) {
    let triple;
    if (colours === "YBR_FULL_422") {
      const pair = 4 * (k >> 1); // two Y, then the Cb and Cr of both
      triple = [bytes[pair + (k & 1)], bytes[pair + 2], bytes[pair + 3]];
    } else {
      triple = [0, 1, 2].map((c) => bytes[planar ? c * count + k : 3 * k + c]);
    }
    if (colours !== "RGB") {
      const [y, b, r] = [triple[0], triple[1] - 128, triple[2] - 128];
      triple = [y + 1.402 * r, y - 0.344136 * b - 0.714136 * r, y + 1.772 * b];
    }
    for (let c = 0; c < 3; c += 1) out[4 * k + c] = triple[c];
  }
  return new Uint8Array(out.buffer);
}

/** A frame of DICOM's RLE (PS3.5 annex G): planes of PackBits, the high byte of each sample first. */
export function unpackRle(bytes, { width, height, bytes: each }) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const segments = view.getUint32(0, true);
  const out = new Uint8Array(width * height * segments);
  for (let s = 0; s < segments; s += 1) {
    const end = s + 1 < segments ? view.getUint32(4 * (s + 2), true) : bytes.length;
    const plane = unpackBits(bytes.subarray(view.getUint32(4 * (s + 1), true), end), width * height);
    if (each === 1) out.set(plane, s * width * height);
    else plane.forEach((value, k) => { out[each * k + each - 1 - s] = value; });
  }
  return out;
}

function unpackBits(bytes, count) {
  const out = new Uint8Array(count);
  for (let [at, to] = [0, 0]; at < bytes.length && to < count; ) {
    const code = (bytes[at++] << 24) >> 24;
    if (code >= 0) {
      out.set(bytes.subarray(at, at + Math.min(code + 1, count - to)), to);
      at += code + 1;
      to += code + 1;
    } else if (code > -128) {
      out.fill(bytes[at++], to, to + 1 - code);
      to += 1 - code;
    }
  }
  return out;
}
