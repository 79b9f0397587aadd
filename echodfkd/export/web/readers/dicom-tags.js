// The few elements of a DICOM file that a cine needs (PS3.5), and what its tags say of time and space.
import { plausibleFps, plausibleSpacing, ReadError, text } from "./base.js";

const LONG = new Set(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"]);
const ENDLESS = 0xffffffff;
const [ITEM, ITEM_END, SEQUENCE_END, PIXELS] = [0xfffee000, 0xfffee00d, 0xfffee0dd, 0x7fe00010];

/** What is read of a file, nothing of it about the patient: tag -> [name, VR]. */
const KNOWN = new Map(Object.entries({
  "00020010": ["syntax", "UI"], "00280002": ["samples", "US"], "00280004": ["colours", "CS"],
  "00280006": ["planar", "US"], "00280008": ["frames", "IS"], "00280010": ["rows", "US"],
  "00280011": ["columns", "US"], "00280030": ["pixelSpacing", "DS"], "00280100": ["allocated", "US"],
  "00280101": ["stored", "US"], "00280103": ["signed", "US"], "00281050": ["centre", "DS"],
  "00281051": ["width", "DS"], "00281052": ["intercept", "DS"], "00281053": ["slope", "DS"],
  "00181063": ["frameTime", "DS"], "00181065": ["frameTimes", "DS"], "00180040": ["cineRate", "IS"],
  "00082144": ["displayRate", "IS"], "00186011": ["regions", "SQ"], "00186012": ["spatial", "US"],
  "00186014": ["kind", "US"], "00186018": ["x0", "UL"], "0018601a": ["y0", "UL"], "0018601c": ["x1", "UL"],
  "0018601e": ["y1", "UL"], "00186024": ["unitX", "US"], "00186026": ["unitY", "US"],
  "0018602c": ["deltaX", "FD"], "0018602e": ["deltaY", "FD"],
}).map(([tag, value]) => [parseInt(tag, 16), value]));

const READ = {
  US: (view, at, length) => Array.from({ length: length >> 1 }, (_, k) => view.getUint16(at + 2 * k, true)),
  UL: (view, at, length) => Array.from({ length: length >> 2 }, (_, k) => view.getUint32(at + 4 * k, true)),
  FD: (view, at, length) => Array.from({ length: length >> 3 }, (_, k) => view.getFloat64(at + 8 * k, true)),
  UI: (view, at, length) => [text(view, at, length).replace(/\0+$/, "").trim()],
  CS: (view, at, length) => text(view, at, length).trim().split("\\"),
  DS: (view, at, length) => text(view, at, length).split("\\").filter((part) => part.trim()).map(Number),
};
READ.IS = READ.DS;

/** Elements by name, each an array of values, and where the pixels are: {offset, length}. */
export function parseDicom(view) {
  const marked = view.byteLength > 132 && text(view, 128, 4) === "DICM";
  const found = {};
  try {
    const body = marked ? elements(view, 132, view.byteLength, false, found, 0x0002) : 0;
    const syntax = found.syntax?.[0] ?? "1.2.840.10008.1.2";
    if (syntax === "1.2.840.10008.1.2.2") throw new ReadError("Big-endian DICOM is not read here: convert it.");
    elements(view, body, view.byteLength, syntax === "1.2.840.10008.1.2", found);
  } catch (error) {
    if (error instanceof ReadError) throw error;
    if (!found.pixels) throw new ReadError("This DICOM is truncated or damaged.");
  }
  if (!found.rows || !found.columns) {
    throw new ReadError(marked ? "This DICOM holds no pictures (a report?)." : "This kind of file is not read here.");
  }
  if (!found.pixels) throw new ReadError("This DICOM holds no pictures (a report?), or is truncated.");
  return found;
}

/** Reads elements up to `end`, or of one group; returns where it stopped. */
function elements(view, start, end, implicit, found, group = null) {
  let at = start;
  while (at + 8 <= end) {
    const tag = view.getUint16(at, true) * 0x10000 + view.getUint16(at + 2, true);
    if (group !== null && tag >>> 16 !== group) return at;
    if (tag === ITEM_END || tag === SEQUENCE_END) return at + 8;
    const { vr, length, body } = header(view, at, implicit);
    if (tag === PIXELS) {
      found.pixels = { offset: body, length: length === ENDLESS ? null : length };
      return end;
    }
    at = element(view, { tag, vr, length, body }, implicit, found, end);
  }
  return at;
}

function header(view, at, implicit) {
  if (implicit) return { vr: "", length: view.getUint32(at + 4, true), body: at + 8 };
  const vr = text(view, at + 4, 2);
  if (!LONG.has(vr)) return { vr, length: view.getUint16(at + 6, true), body: at + 8 };
  return { vr, length: view.getUint32(at + 8, true), body: at + 12 };
}

function element(view, { tag, vr, length, body }, implicit, found, end) {
  const known = KNOWN.get(tag);
  if (known?.[1] === "SQ" || vr === "SQ" || length === ENDLESS) {
    const inner = implicit || vr === "UN"; // an unknown sequence is implicit within (PS3.5 6.2.2)
    const { items, stop } = sequence(view, body, length === ENDLESS ? end : body + length, inner);
    if (known) found[known[0]] = items;
    return length === ENDLESS ? stop : body + length;
  }
  if (body + length > end) throw new RangeError("an element beyond the end of the file");
  if (known && !(known[0] in found)) found[known[0]] = READ[known[1]](view, body, length);
  return body + length;
}

function sequence(view, start, end, implicit) {
  const items = [];
  let at = start;
  while (at + 8 <= end) {
    const tag = view.getUint16(at, true) * 0x10000 + view.getUint16(at + 2, true);
    const length = view.getUint32(at + 4, true);
    if (tag !== ITEM) return { items, stop: at + 8 };
    const item = {};
    const stop = length === ENDLESS ? end : at + 8 + length;
    const after = elements(view, at + 8, stop, implicit, item);
    items.push(item);
    at = length === ENDLESS ? after : stop;
  }
  return { items, stop: at };
}

const first = (values, fallback = 0) => (Number.isFinite(values?.[0]) ? values[0] : fallback);

/** {fps, notes}: see echodfkd/readers/dicom_tags.py for the order of the tags. */
export function frameRate(tags) {
  const steps = (tags.frameTimes ?? []).slice(1);
  const mean = steps.reduce((a, b) => a + b, 0) / steps.length;
  if (steps.length && plausibleFps(1000 / mean)) {
    const [low, high] = [Math.min(...steps), Math.max(...steps)];
    const said = `Frame times vary (${low}..${high} ms): the mean rate is used.`;
    return { fps: 1000 / mean, notes: high - low > 0.1 * mean ? [said] : [] };
  }
  const rates = [1000 / first(tags.frameTime), first(tags.cineRate), first(tags.displayRate)];
  return { fps: rates.map(plausibleFps).find(Boolean) ?? null, notes: [] };
}

/** {spacing ([row, column] mm or null), notes}, from the largest 2D tissue region in cm. */
export function pixelSpacing(tags) {
  const is2d = (r) => first(r.spatial) === 1 && first(r.kind) === 1 && first(r.unitX) === 3
    && first(r.unitY) === 3 && first(r.deltaX) && first(r.deltaY);
  const size = (r) => (first(r.x1) - first(r.x0)) * (first(r.y1) - first(r.y0));
  const [region] = (tags.regions ?? []).filter(is2d).sort((a, b) => size(b) - size(a));
  if (!region) {
    const said = "Pixel spacing is from PixelSpacing (0028,0030): the DICOM has no 2D tissue region in cm.";
    const spacing = plausibleSpacing(...(tags.pixelSpacing ?? []));
    return { spacing, notes: spacing ? [said] : [] };
  }
  const { factor, notes } = shrinkage(first(region.x1), first(region.y1), first(tags.columns), first(tags.rows));
  const millimetres = ["deltaY", "deltaX"].map((name) => 10 * Math.abs(first(region[name])) * factor);
  return { spacing: factor ? plausibleSpacing(...millimetres) : null, notes };
}

/** By what factor the frame was shrunk after its region was written; 0 when nothing explains it. */
function shrinkage(x, y, columns, rows) {
  if (x <= columns && y <= rows) return { factor: 1, notes: [] };
  const need = Math.max((x + 1) / columns, (y + 1) / rows);
  const factor = [2, 3, 4].find((by) => 0.8 * by <= need && need <= by) ?? 0;
  const where = "The ultrasound region lies partly outside the stored frame";
  const then = factor
    ? `: it was shrunk by ${factor}, and the pixel spacing is corrected by that.`
    : " and no plain factor explains it: the pixel spacing is unknown.";
  return { factor, notes: [where + then] };
}
