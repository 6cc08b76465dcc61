/* Lines and bands of the chart. */
import { colour } from "../shell/shell.js";

function trace(context, points) {
  context.beginPath();
  points.forEach(([x, y], n) => n ? context.lineTo(x, y) : context.moveTo(x, y));
}

/* The points of numbers from step `first` on. */
const points = ({x, y}, numbers, first) => Array.from(numbers, (v, n) => [x(first + n), y(v)]);

/** Intervals, the forecast before the change, and the forecast. */
export function paintForecast(context, scale, {series, shown, bands, ghost}) {
  const {now, x, y, wide} = scale, join = [x(now - 1), y(series.values.at(-1))];
  context.fillStyle = colour("--div-5");
  for (const {low, high, alpha} of bands) {
    const below = shown.get(low), above = shown.get(high);
    if (!below || !above) continue;
    context.globalAlpha = alpha;
    trace(context, [join, ...points(scale, above, now), ...points(scale, below, now).reverse()]);
    context.fill();
  }
  context.globalAlpha = 1;
  if (ghost) {
    context.setLineDash([4, 5]);
    context.strokeStyle = colour("--quiet");
    context.lineWidth = 1.5;
    trace(context, [[x(now - 1), y(series.original.at(-1))], ...points(scale, ghost.point, now)]);
    context.stroke();
    context.setLineDash([]);
  }
  const point = shown.get("point");
  if (!point) return;
  const line = points(scale, point, now);
  context.strokeStyle = colour("--div-5");
  context.lineWidth = 2.5;
  trace(context, [join, ...line]);
  context.stroke();
  if (wide < 7) return;
  context.fillStyle = colour("--surface");
  context.lineWidth = 2;
  for (const [px, py] of line) {
    context.beginPath();
    context.arc(px, py, 3, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}

/** Sampled paths; one of them is walked from now on. */
export function paintPaths(context, scale, {series, shown, life}) {
  const {now, x, y} = scale, join = [x(now - 1), y(series.values.at(-1))];
  const paths = [...shown].filter(([name]) => name.startsWith("path")).map(([, numbers]) => [join, ...points(scale, numbers, now)]);
  context.strokeStyle = colour("--cat-4");
  context.lineWidth = 1;
  context.globalAlpha = 0.26;
  for (const path of paths) { trace(context, path); context.stroke(); }
  const walk = life.walk(paths.length);
  if (walk) paintWalk(context, paths[walk.path], walk);
  context.globalAlpha = 1;
}

function paintWalk(context, path, {share, alpha}) {
  const place = share * (path.length - 1), whole = Math.floor(place), part = place - whole;
  const [ax, ay] = path[whole], [bx, by] = path[Math.min(path.length - 1, whole + 1)];
  const head = [ax + part * (bx - ax), ay + part * (by - ay)];
  context.globalAlpha = alpha;
  context.lineWidth = 2;
  trace(context, [...path.slice(0, whole + 1), head]);
  context.stroke();
  context.fillStyle = colour("--cat-4");
  context.beginPath();
  context.arc(...head, 4, 0, 2 * Math.PI);
  context.fill();
}

/** Influence of past steps on the forecast, below the plot; or the steps that it reads. */
export function paintInfluence(context, scale, {series, influence, read, place}) {
  const {x, wide, now, from, bottom} = scale, ahead = place === null ? -1 : place - now;
  if (!influence) return;
  const shade = context.shade, weights = influence.map((row) => row[ahead] ?? row.reduce((sum, v) => sum + v / row.length, 0));
  const most = Math.max(...weights.map(Math.abs)) || 1, first = series.length - weights.length;
  context.fillStyle = colour("--sunken");
  const begin = Math.max(from, first);
  context.fillRect(x(begin) - wide / 2, bottom + 5, (now - begin) * wide, 10);
  weights.forEach((weight, k) => {
    const n = first + k;
    if (n < from) return;
    context.fillStyle = shade(weight / most);
    const gap = wide > 5 ? 1 : 0, left = x(n) - wide / 2 + gap / 2;
    context.fillRect(left, bottom + 5, Math.max(0.5, wide - gap), 10);
  });
}

/** A ring around a step that invites to drag it. */
export function paintHint(context, {x, y, from, now}, {series, life, place}) {
  const pulse = life.pulse;
  if (pulse === null || place !== null) return;
  let top = now - 1;
  for (let n = Math.max(from, now - Math.round((now - from) / 3)); n < now; n++) if (series.values[n] > series.values[top]) top = n;
  const at = [x(top), y(series.values[top])];
  context.strokeStyle = context.fillStyle = colour("--accent");
  context.lineWidth = 2;
  context.globalAlpha = 1 - pulse;
  context.beginPath();
  context.arc(...at, 6 + 14 * pulse, 0, 2 * Math.PI);
  context.stroke();
  context.globalAlpha = 1;
  context.beginPath();
  context.arc(...at, 5.5, 0, 2 * Math.PI);
  context.fill();
}

/** The past: as it was, as it is now, and what was changed. */
export function paintPast(context, scale, {series, read, from}) {
  const {x, y, wide, now} = scale, begin = Math.max(0, from - 1);
  const steps = (numbers, a, b) => Array.from({length: b - a}, (_, n) => [x(a + n), y(numbers[a + n])]);
  const dirty = series.changed, first = read ? Math.max(begin, now - read) : begin;
  if (dirty) {
    context.setLineDash([4, 5]);
    context.strokeStyle = colour("--quiet");
    context.lineWidth = 1.5;
    trace(context, steps(series.original, begin, now));
    context.stroke();
    context.setLineDash([]);
  }
  context.lineWidth = 2;
  context.strokeStyle = colour("--line-strong");
  trace(context, steps(series.values, begin, Math.min(now, first + 1)));
  context.stroke();
  context.strokeStyle = colour("--ink");
  trace(context, steps(series.values, first, now));
  context.stroke();
  if (dirty) paintChanged(context, series, steps, begin, now);
  if (wide < 7) return;
  for (let n = from; n < now; n++) {
    const same = series.values[n] === series.original[n];
    context.fillStyle = colour(n < first ? "--line-strong" : same ? "--ink" : "--accent");
    context.beginPath();
    context.arc(x(n), y(series.values[n]), Math.min(3, wide / 4), 0, 2 * Math.PI);
    context.fill();
  }
}

function paintChanged(context, series, steps, begin, now) {
  context.strokeStyle = colour("--accent");
  context.lineWidth = 2.75;
  for (let n = begin; n < now; n++) {
    if (series.values[n] === series.original[n]) continue;
    let end = n;
    while (end < now && series.values[end] !== series.original[end]) end++;
    trace(context, steps(series.values, Math.max(begin, n - 1), Math.min(now, end + 1)));
    context.stroke();
    n = end;
  }
}

/** The step that is pointed at or selected, and how far a bend reaches. */
export function paintSelection(context, scale, {series, place, hot, reach, every, mode, shown}) {
  if (place === null) return;
  const {x, y, top, bottom, now, from} = scale, past = place < now;
  context.fillStyle = colour("--line-strong");
  context.fillRect(Math.round(x(place)), top - 8, 1, bottom - top + 8);
  const value = past ? series.values[place] : shown.get("point")?.[place - now];
  if (value === undefined) return;
  if (past && mode === "bend") {
    const period = every && series.period > 1 ? series.period : Infinity;
    context.fillStyle = colour("--accent");
    for (let n = from; n < now; n++) {
      const apart = Math.abs(n - place) % period, distance = Math.min(apart, period - apart);
      if (distance >= reach || distance === 0 && n === place) continue;
      context.globalAlpha = 0.7 * (1 - distance / reach);
      context.beginPath();
      context.arc(x(n), y(series.values[n]), 4, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
  }
  const tone = colour(past ? "--accent" : "--div-5"), size = hot ? 9 : 7;
  context.fillStyle = tone;
  context.globalAlpha = 0.2;
  context.beginPath();
  context.arc(x(place), y(value), size + 6, 0, 2 * Math.PI);
  context.fill();
  context.globalAlpha = 1;
  context.fillStyle = colour("--surface");
  context.strokeStyle = tone;
  context.lineWidth = 2.5;
  context.beginPath();
  context.arc(x(place), y(value), size, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
}
