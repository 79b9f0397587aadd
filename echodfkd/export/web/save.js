// What can be saved of a result. File names are those of the clip; nothing else of a file's text is kept.
import { curveOf, ticks } from "./curve.js";
import { drawFrame, proportion } from "./player.js";
import { facts, methodName } from "./words.js";

const PAPER = { paper: "#ffffff", ink: "#1b2430", soft: "#5a6677", rule: "#dbe1e9", line: "#9a6a00", ed: "#1769c2", es: "#c04a14" };

export function save(name, blob) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** A row per frame; times and areas in cm2 are empty where rate and spacing are unknown. */
export function asCsv({ area, fps, spacing, events }) {
  const event = (k) => (events.ed.includes(k) ? "ED" : events.es.includes(k) ? "ES" : "");
  const rows = area.map((value, k) => [
    k, fps ? (k / fps).toFixed(4) : "", value, spacing ? ((value * spacing[0] * spacing[1]) / 100).toFixed(4) : "", event(k),
  ]);
  return `${[["frame", "time_s", "area_px", "area_cm2", "event"], ...rows].map((row) => row.join(",")).join("\n")}\n`;
}

/** The keys of the command line's NAME.json. */
export function asJson(result, model) {
  const round = (value, digits = 2) => (value == null ? null : +value.toFixed(digits));
  const beats = result.beats.map((beat) => ({
    ed: beat.ed, es: beat.es, ef: round(beat.ef), complete: beat.complete,
    ...(beat.confidence === undefined ? {} : { confidence: round(beat.confidence, 3) }),
    ...(beat.edvMl === undefined ? {} : {
      edv_ml: round(beat.edvMl), esv_ml: round(beat.esvMl), length_ed_mm: round(beat.lengthEdMm),
    }),
  }));
  return `${JSON.stringify({
    frames: result.area.length, fps: result.fps, spacing_mm: result.spacing, area_px: result.area,
    ed_frames: result.events.ed, es_frames: result.events.es, event_definition: "largest/smallest LV",
    heart_rate_bpm: round(result.heartRate, 1), beats, ef: round(result.ef), ef_method: result.method,
    ef_interval: result.interval && result.interval.map((end) => round(end)),
    convention: model.convention, orientation: result.flip ? "flipped" : "as stored",
    model: { name: model.name, sha256: model.sha256, claim: model.claim },
    warnings: result.warnings, use: "research only, not for diagnosis",
  }, null, 2)}\n`;
}

/** ED and ES frame with outlines beside the area curve, as a PNG. */
export async function drawPicture(result, model) {
  const [first, second] = [result.events.ed[0] ?? 0, result.events.es[0] ?? result.area.length - 1];
  const side = 420;
  const tall = Math.round(side * proportion(result));
  const canvas = new OffscreenCanvas(2 * side + 700, Math.max(tall, 420) + 110);
  const context = canvas.getContext("2d");
  const write = (text, x, y, colour = PAPER.ink, font = "16px system-ui, sans-serif", align = "left") => {
    Object.assign(context, { fillStyle: colour, font, textAlign: align });
    context.fillText(text, x, y);
  };
  context.fillStyle = PAPER.paper;
  context.fillRect(0, 0, canvas.width, canvas.height);
  const shown = facts(result).slice(0, 4).map(([name, value]) => `${name} ${value}`).join("    ");
  write(shown, 20, 34, PAPER.ink, "600 20px system-ui, sans-serif");
  [[first, "ED", PAPER.ed], [second, "ES", PAPER.es]].forEach(([frame, kind, colour], k) => {
    const x = 20 + k * (side + 10);
    drawFrame(context, result, frame, [x, 80, side, tall]);
    write(`${result.events[kind.toLowerCase()].length ? kind : "Frame"} ${frame}`, x, 70, colour, "600 16px system-ui, sans-serif");
  });
  drawCurve(context, result, [2 * side + 100, 80, 580, Math.max(tall, 420) - 40], write);
  write(`For research, not diagnosis. Model ${model.name} (${model.claim}), EF by ${methodName(result)}.`,
    20, canvas.height - 12, PAPER.soft, "14px system-ui, sans-serif");
  return canvas.convertToBlob({ type: "image/png" });
}

function drawCurve(context, result, [left, top, width, height], write) {
  const curve = curveOf(result);
  const [low, high] = [Math.min(...curve.y), Math.max(...curve.y)];
  const rim = 0.12 * (high - low || high || 1);
  const last = curve.x[curve.x.length - 1] || 1;
  const toX = (value) => left + (value / last) * width;
  const toY = (value) => top + height - ((value - low + rim) / (high - low + 2 * rim)) * height;
  for (const value of ticks(Math.max(low - rim, 0), high + rim, 5)) {
    context.fillStyle = PAPER.rule;
    context.fillRect(left, toY(value), width, 1);
    write(String(value), left - 8, toY(value) + 5, PAPER.soft, "14px system-ui, sans-serif", "right");
  }
  for (const value of ticks(0, last, 6)) {
    write(String(value), toX(value), top + height + 20, PAPER.soft, "14px system-ui, sans-serif", "center");
  }
  write(`${curve.yLabel} over ${curve.xLabel}`, left, top - 10, PAPER.soft, "14px system-ui, sans-serif");
  context.beginPath();
  curve.x.forEach((value, k) => context.lineTo(toX(value), toY(curve.y[k])));
  Object.assign(context, { strokeStyle: PAPER.line, lineWidth: 2.5, lineJoin: "round" });
  context.stroke();
  for (const [kind, up] of [["ed", -1], ["es", 1]]) {
    for (const frame of result.events[kind]) {
      const [x, y] = [toX(curve.x[frame]), toY(curve.y[frame])];
      write(kind.toUpperCase(), x, y + (up < 0 ? -10 : 22), PAPER[kind], "700 14px system-ui, sans-serif", "center");
      context.beginPath();
      context.arc(x, y, 5, 0, 2 * Math.PI);
      context.fill();
    }
  }
}
