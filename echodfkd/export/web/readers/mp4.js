// Where the pictures of an MP4 or MOV file are and when they are shown (ISO 14496-12).
import { ReadError, text } from "./base.js";

const FAILED = "This MP4 is truncated or damaged.";

/** Boxes between two offsets: {type: [{start, end}]}; one that is cut short ends with the file. */
function boxes(view, start, end) {
  const found = {};
  for (let at = start; at + 8 <= end; ) {
    let [size, body] = [view.getUint32(at), at + 8];
    if (size === 1) [size, body] = [Number(view.getBigUint64(at + 8)), at + 16];
    if (size === 0) size = end - at;
    if (size < 8) break;
    (found[text(view, at + 4, 4)] ??= []).push({ start: body, end: Math.min(at + size, end) });
    at += size;
  }
  return found;
}

const inside = (view, box) => (box ? boxes(view, box.start, box.end) : {});

/** {codec, description, width, height, fps, samples: [{offset, size, time (s), key}]}, in decoding order. */
export function parseMp4(view) {
  const top = boxes(view, 0, view.byteLength);
  if (!top.moov) throw new ReadError(FAILED);
  const movie = inside(view, top.moov[0]);
  if (movie.mvex) throw new ReadError("A fragmented MP4 is not read here: save it as a plain MP4.");
  for (const track of movie.trak ?? []) {
    const media = inside(view, inside(view, track).mdia?.[0]);
    if (media.hdlr && text(view, media.hdlr[0].start + 8, 4) === "vide") return videoTrack(view, media);
  }
  throw new ReadError("This file holds no video.");
}

function videoTrack(view, media) {
  const [header] = media.mdhd;
  const long = view.getUint8(header.start) === 1;
  const scale = view.getUint32(header.start + (long ? 20 : 12));
  const table = inside(view, inside(view, media.minf?.[0]).stbl?.[0]);
  const samples = sampleTable(view, table, scale);
  const fitting = samples.filter(({ offset, size }) => offset + size <= view.byteLength);
  if (!fitting.length) throw new ReadError(FAILED);
  const durations = runs(view, table.stts[0], 2).reduce((total, [count, delta]) => total + count * delta, 0);
  return { ...describe(view, table.stsd[0]), fps: (samples.length * scale) / durations, samples: fitting };
}

/** Rows of `width` numbers of a table box, whose count stands at `skip`. */
function runs(view, box, width, signed = false) {
  if (!box) return [];
  const count = view.getUint32(box.start + 4);
  const read = (at) => (signed ? view.getInt32(at) : view.getUint32(at));
  return Array.from({ length: count }, (_, k) => Array.from({ length: width }, (__, j) => read(box.start + 8 + 4 * (k * width + j))));
}

function sampleTable(view, table, scale) {
  const [sizes, one] = [table.stsz[0], view.getUint32(table.stsz[0].start + 4)];
  const count = view.getUint32(sizes.start + 8);
  const sizeOf = (k) => one || view.getUint32(sizes.start + 12 + 4 * k);
  const decoded = runs(view, table.stts[0], 2).flatMap(([n, delta]) => Array(n).fill(delta));
  const shifts = runs(view, table.ctts?.[0], 2, true).flatMap(([n, shift]) => Array(n).fill(shift));
  const keys = table.stss ? new Set(runs(view, table.stss[0], 1).flat()) : null;
  const places = offsets(view, table, sizeOf, count);
  let time = 0;
  return places.map((offset, k) => {
    const sample = { offset, size: sizeOf(k), time: (time + (shifts[k] ?? 0)) / scale, key: !keys || keys.has(k + 1) };
    time += decoded[k] ?? 0;
    return sample;
  });
}

/** Where each sample begins: chunks hold runs of samples. */
function offsets(view, table, sizeOf, count) {
  const chunks = table.stco
    ? runs(view, table.stco[0], 1).map(([at]) => at)
    : runs(view, table.co64[0], 2).map(([high, low]) => high * 2 ** 32 + low);
  const perChunk = runs(view, table.stsc[0], 3);
  const found = [];
  let rule = 0;
  chunks.forEach((start, k) => {
    while (rule + 1 < perChunk.length && perChunk[rule + 1][0] <= k + 1) rule += 1;
    let at = start;
    for (let j = 0; j < perChunk[rule][1] && found.length < count; j += 1) {
      found.push(at);
      at += sizeOf(found.length - 1);
    }
  });
  return found;
}

/** What a decoder must know: codec string, description, size. */
function describe(view, box) {
  const at = box.start + 8;
  const kind = text(view, at + 4, 4);
  const [width, height] = [view.getUint16(at + 32), view.getUint16(at + 34)];
  const inner = boxes(view, at + 86, at + view.getUint32(at));
  const bytes = (name) => new Uint8Array(view.buffer, view.byteOffset + inner[name][0].start, inner[name][0].end - inner[name][0].start);
  const hex = (value) => value.toString(16).padStart(2, "0");
  if (inner.avcC) {
    const description = bytes("avcC");
    return { kind, codec: `${kind}.${[1, 2, 3].map((k) => hex(description[k])).join("")}`, description, width, height };
  }
  if (inner.hvcC) return { kind, codec: `${kind}.1.6.L120.90`, description: bytes("hvcC"), width, height };
  if (inner.vpcC) return { kind, codec: kind === "vp08" ? "vp8" : "vp09.00.40.08", width, height };
  if (inner.av1C) return { kind, codec: "av01.0.08M.08", description: bytes("av1C"), width, height };
  return { kind, codec: null, width, height }; // MPEG-4 part 2, motion JPEG ...
}
