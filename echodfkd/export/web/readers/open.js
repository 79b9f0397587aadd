// Which reader opens which file: by its first bytes, whatever its name; and its frames made grey.
import { colouredShare, colourWarning, shrinkFactor, toGrey } from "../picture/grey.js";
import { resize } from "../picture/resize.js";
import { readAvi } from "./avi.js";
import { ReadError, text } from "./base.js";
import { readDicom } from "./dicom.js";
import { readGif } from "./gif.js";
import { readVideo } from "./video.js";

const MOST_FRAMES = 2000; // of a clip: 40 s at 50 frames per second
const MOST_PIXELS = 400e6; // of all frames of a clip
const MOST_SIDE = 1280; // pixels; larger frames are averaged down
const LARGEST_FILE = 1.5e9; // bytes
const KINDS = [
  [(head) => head.startsWith("GIF8"), readGif],
  [(head) => head.startsWith("RIFF") && head.slice(8, 12) === "AVI ", readAvi],
  [(head) => ["ftyp", "moov", "mdat", "wide", "free"].includes(head.slice(4, 8)), readVideo],
  [(head) => head.slice(128) === "DICM" || /^[\x02\x08]\0/.test(head), readDicom],
];

/** The frames of a file: {name, frames: [Uint8Array], width, height, fps, spacing, notes}. */
export async function openClip(file, told = () => {}) {
  if (file.size > LARGEST_FILE) throw new ReadError("This file is larger than 1.5 GB: use echodfkd segment.");
  const view = new DataView(await file.arrayBuffer());
  const head = text(view, 0, Math.min(132, view.byteLength));
  const kind = KINDS.find(([fits]) => fits(head));
  if (!kind) throw new ReadError("This kind of file is not read here: MP4, MOV, GIF, motion JPEG AVI and DICOM are.");
  const cine = await guarded(() => kind[1](view, file));
  return { name: file.name.replace(/\.[^.]*$/, ""), ...(await guarded(() => collect(cine, told))) };
}

/** What a damaged file makes fail, as one line. */
async function guarded(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) {
      throw new ReadError("This file is truncated or damaged.", { cause: error });
    }
    throw error;
  }
}

async function collect(cine, told) {
  const factor = shrinkFactor(cine.width, cine.height, MOST_SIDE);
  const [width, height] = [cine.width, cine.height].map((side) => Math.floor(side / factor));
  const most = Math.max(1, Math.min(MOST_FRAMES, Math.floor(MOST_PIXELS / (width * height))));
  const [frames, shares] = [[], []];
  for await (const { rgba, grey } of cine.pictures()) {
    if (rgba) shares.push(colouredShare(rgba, cine.width, cine.height));
    const full = grey ?? toGrey(rgba);
    frames.push(resize(full, cine.width, cine.height, width, height));
    told(frames.length, Math.min(cine.frames, most));
    if (frames.length === most) break;
    if (frames.length % 8 === 0) await new Promise((go) => setTimeout(go)); // the page stays alive
  }
  if (!frames.length) throw new ReadError("No picture in this file can be decoded: it is damaged.");
  const notes = [...cine.notes, colourWarning(shares)].filter(Boolean);
  if (factor > 1) notes.push(`The frames of ${cine.width}x${cine.height} are worked on at ${width}x${height}.`);
  if (cine.frames > frames.length) notes.push(cutNote(cine, frames.length, most));
  const spacing = cine.spacing && [(cine.spacing[0] * cine.height) / height, (cine.spacing[1] * cine.width) / width];
  return { frames, width, height, fps: cine.fps, spacing, notes };
}

function cutNote({ frames, fps }, seen, most) {
  if (seen < most) return `Only ${seen} of ${frames} frames can be decoded: the file is damaged.`;
  const part = fps ? `${seen} frames (${(seen / fps).toFixed(0)} of ${(frames / fps).toFixed(0)} s)` : `${seen} frames`;
  return `A long clip: only its first ${part} are looked at; echodfkd segment takes all ${frames}.`;
}
