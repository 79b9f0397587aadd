// What the page says of a result.
import { counted } from "./measure/measure.js";
import { mean } from "./measure/numbers.js";

const number = (value, digits, unit) => (value == null ? "–" : `${value.toFixed(digits)} ${unit}`);

/** [name, value, remark] of each figure. */
export function facts(result) {
  const { ef, interval, heartRate, events, beats, fps, area } = result;
  const used = counted(beats).filter((beat) => beat.edvMl !== undefined);
  const volume = (name) => number(used.length ? mean(used.map((beat) => beat[name])) : null, 0, "ml");
  const of = used.length > 1 ? `mean of ${used.length} beats` : "";
  return [
    ["Ejection fraction", number(ef, 0, "%"), interval
      ? `${interval.map((end) => end.toFixed(0)).join(" to ")} %, 90% interval` : methodName(result)],
    ["Heart rate", number(heartRate, 0, "/min"), ""],
    ["End-diastolic volume", volume("edvMl"), of],
    ["End-systolic volume", volume("esvMl"), of],
    ["Events", `${events.ed.length} ED, ${events.es.length} ES`, `${area.length} frames${fps ? `, ${+fps.toFixed(1)} Hz` : ""}`],
  ];
}

/** Rows of the table of beats, the first its head. */
export function beatRows({ beats }) {
  if (!beats.length) return [["no beat was found"]];
  const withVolumes = beats.some((beat) => beat.edvMl !== undefined);
  const volumes = (beat) => (withVolumes ? [number(beat.edvMl, 1, "ml"), number(beat.esvMl, 1, "ml")] : []);
  return [
    ["ED frame", "ES frame", "EF", ...(withVolumes ? ["EDV", "ESV"] : []), "whole beat"],
    ...beats.map((beat) => [beat.ed, beat.es, number(beat.ef, 1, "%"), ...volumes(beat), beat.complete ? "yes" : "no"]),
  ];
}

const byHead = ({ method }) => method !== "MOD-A4C";

/** How the EF of a result came about. */
export const methodName = (result) => (byHead(result) ? "a learned head" : "method of disks, one plane");

/** How the figures of a result came about, in sentences. */
export function methodLine(result) {
  const disks = `Computed with ${result.backend}. ED and ES are the largest and smallest outline of a beat`;
  if (!byHead(result)) return `${disks}; EF is by the method of disks from the outlines, in one plane.`;
  return `${disks}, found with the help of a learned head that reads the curves of the outlines. EF of a beat is by the `
    + "method of disks, in one plane; EF of the clip is corrected by the head. Its interval was set to hold the true EF "
    + "in 90% of simulated clips; the model's error on real clips may be larger.";
}

export const modelLine = (facts) =>
  `Model: ${facts.name} (${facts.claim}; contours by the ${facts.convention} convention; weights ${
    facts.sha256.slice(0, 8)}, ${facts.licence}).`;
