/* The forecast as a table, and as text to copy. */
import { h } from "../shell/shell.js";

/** Columns of an answer: [name, numbers]. */
export function columns({point, mean, quantiles}) {
  const levels = Object.keys(quantiles).filter((level) => level !== "0.5").sort((a, b) => a - b);
  return [
    [mean.length || quantiles["0.5"] ? "Median" : "Forecast", point], ...(mean.length ? [["Mean", mean]] : []),
    ...levels.map((level) => [percent(level), quantiles[level]]),
  ];
}

const percent = (level) => `${Number((100 * level).toFixed(3))}%`;

/** Fill a table. `time(n)` is the time of a step, `write` formats a number. */
export function fill(table, answer, time, write) {
  const parts = columns(answer);
  table.tHead.replaceChildren(h("tr", null, h("th", {scope: "col"}, "Time"),
    parts.map(([name]) => h("th", {scope: "col", class: "num"}, name))));
  table.tBodies[0].replaceChildren(...answer.point.map((_, n) => h("tr", null,
    h("th", {scope: "row"}, time(n)), parts.map(([, numbers], k) => h("td", {class: k ? "num" : "num main"}, write(numbers[n]))))));
}

/** Return an answer as CSV, with all digits. */
export function csv(answer) {
  const levels = Object.keys(answer.quantiles).sort((a, b) => a - b);
  const parts = [["time", answer.times], ["forecast", answer.point], ...(answer.mean.length ? [["mean", answer.mean]] : []),
    ...levels.map((level) => [`q${level}`, answer.quantiles[level]]),
    ...answer.paths.map((path, n) => [`path ${n + 1}`, path])];
  const rows = [parts.map(([name]) => name), ...answer.times.map((_, n) => parts.map(([, numbers]) => numbers[n]))];
  return rows.map((row) => row.join(",")).join("\n") + "\n";
}
