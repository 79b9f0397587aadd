// What a learned head's network reads: scale-free curves of a clip at 30 Hz, as echodfkd/heads/channels.py.
import { interpolate, median, percentile, range, roundEven } from "./numbers.js";
import { gaussian } from "./turns.js";

export const CHANNELS = 24;
const CLOCK_HZ = 30;
const LIMIT = 2.5; // of the channels' values; most lie within 1
const FEATURES = [
  "area_soft", "area_30", "area_50", "area_70", "doubt", "length", "volume",
  "width_20", "width_40", "width_60", "width_80", "x", "y", "tilt", "whole",
];
const SIZED = ["area_soft", "area_50", "length", "volume", "width_20", "width_40", "width_60", "width_80"];

/** Float32Array of 24 channels of N steps, one after the other, from rows of `frameFeatures` at fps Hz. */
export function channels(rows, fps) {
  const column = bridged(rows);
  const frames = range(rows.length);
  const clock = steps(rows.length, fps);
  const soft = (curve) => (fps > CLOCK_HZ ? gaussian(curve, (0.4 * fps) / CLOCK_HZ) : curve);
  const timed = relative(column).map((curve) => interpolate(clock, frames, soft(curve)));
  const still = constants(column, rows.length, fps).map((value) => clock.map(() => value));
  return Float32Array.from([...timed, ...still].flat(), (value) => LIMIT * Math.tanh(value / LIMIT));
}

/** Times of the clock's steps in frames of the clip. */
function steps(frames, fps) {
  const count = Math.floor(((frames - 1) / fps) * CLOCK_HZ + 1e-6) + 1;
  return range(count).map((k) => (k * fps) / CLOCK_HZ);
}

/** A curve on the clock, of how near an event is, on a clip's frames; where the clock is faster, the largest. */
export function onFrames(curve, frames, fps) {
  const clock = steps(frames, fps);
  const timed = interpolate(range(frames), clock, curve);
  if (fps < CLOCK_HZ) {
    clock.forEach((at, k) => {
      const frame = roundEven(at);
      timed[frame] = Math.max(timed[frame], curve[k]);
    });
  }
  return timed;
}

/** {name: values of all frames}, those without an LV bridged. */
function bridged(rows) {
  const volume = FEATURES.indexOf("volume");
  const frames = range(rows.length);
  const seen = frames.filter((k) => rows[k][volume] > 0);
  const column = (f) => (seen.length ? interpolate(frames, seen, seen.map((k) => rows[k][f])) : frames.map(() => 1e-3));
  return Object.fromEntries(FEATURES.map((name, f) => [name, column(f)]));
}

/** 16 curves around 0 with a spread near 1. */
function relative(column) {
  const tops = SIZED.map((name) => {
    const top = Math.max(percentile(column[name], 95), 1e-9);
    return column[name].map((value) => 4 * (value / top - 0.8));
  });
  const area = column.area_50.map((value) => Math.max(value, 1e-6));
  const long = Math.max(median(column.length), 1e-3);
  const doubt = column.doubt.map((value, k) => value / area[k]);
  const usual = Math.max(median(doubt), 1e-6);
  const from = (name, scale) => {
    const middle = median(column[name]);
    return column[name].map((value) => scale * (value - middle));
  };
  return [
    ...tops,
    column.area_30.map((value, k) => 4 * (value / area[k] - 1.1)),
    column.area_70.map((value, k) => 4 * (value / area[k] - 0.9)),
    doubt.map((value) => 8 * value),
    doubt.map((value) => value / usual - 1),
    from("x", 10 / long),
    from("y", 10 / long),
    from("tilt", 5),
    column.whole.map((value) => 4 * (value - 1)),
  ];
}

/** What does not change in time: shape and size of the typical mask, swings, rate, length. */
function constants(column, frames, fps) {
  const typical = (name) => Math.max(median(column[name]), 1e-6);
  const swing = (name) => 1 - percentile(column[name], 5) / Math.max(percentile(column[name], 95), 1e-9);
  return [
    typical("length") ** 2 / typical("area_50") - 2,
    2 * (typical("width_20") / typical("width_60") - 0.8),
    2 * (typical("width_80") / typical("width_60") - 1),
    4 * swing("area_50"),
    3 * swing("volume"),
    6 * swing("length"),
    10 / fps,
    Math.log(frames / fps),
  ];
}
