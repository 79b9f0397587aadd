// What all readers have in common. A reader gives a Cine:
//   {width, height, fps (Hz or null), spacing ([row, column] mm or null), frames (how many), notes,
//    pictures: async generator of {rgba} or {grey}, a Uint8Array each}

/** A reason why a clip cannot be shown, in one line for the user. */
export class ReadError extends Error {}

const [SLOWEST, FASTEST] = [2, 1000]; // Hz; outside no cine loop of a heart was ever stored
const [FINEST, COARSEST] = [0.01, 5]; // mm per pixel; outside it is a placeholder or another unit

export const plausibleFps = (value) => (value >= SLOWEST && value <= FASTEST ? value : null);

export function plausibleSpacing(row, column) {
  const fits = (value) => value >= FINEST && value <= COARSEST;
  return fits(row) && fits(column) ? [row, column] : null;
}

/** Text of `length` bytes at `offset`. */
export const text = (view, offset, length) =>
  String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + offset, length));

/** Draws pictures of the browser's decoders and gives their pixels. */
export class Easel {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.canvas = typeof OffscreenCanvas === "undefined"
      ? Object.assign(document.createElement("canvas"), { width, height })
      : new OffscreenCanvas(width, height);
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
  }

  /** {rgba} of an image, frame or video, brought to the easel's size. */
  read(image) {
    this.context.drawImage(image, 0, 0, this.width, this.height);
    return { rgba: new Uint8Array(this.context.getImageData(0, 0, this.width, this.height).data.buffer) };
  }
}

/** {rgba} of a JPEG in bytes; null when it is damaged. */
export async function decodeJpeg(bytes, easel) {
  try {
    const options = { colorSpaceConversion: "none" };
    const image = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }), options);
    const picture = easel(image.width, image.height).read(image);
    image.close();
    return picture;
  } catch {
    return null;
  }
}
