/* What the page says of a forecast: its bands, the legend, the main numbers, and a step of it. */
import { h } from "../shell/shell.js";

/** Pairs of quantiles around the middle, the widest first: {low, high, name, alpha}. */
export function bandsOf(levels) {
  const found = [];
  for (let n = 0; n < Math.floor(levels.length / 2); n++) {
    const [low, high] = [levels[n], levels[levels.length - 1 - n]];
    found.push({low: `q${low}`, high: `q${high}`, name: `${Number((100 * (high - low)).toFixed(3))}%`});
  }
  return found.map((band) => ({...band, alpha: 0.42 / found.length ** 0.7}));
}

/** Fill the legend. */
export function legend(list, {bands, changed, read, length, paths, steps}) {
  const item = (look, text, style) => h("span", null, h("span", {class: look, style, "aria-hidden": "true"}), text);
  let sum = 0;
  list.replaceChildren(
    item("line", "past"), ...(changed ? [item("line changed", "changed"), item("line before", "as it was")] : []),
    item("line forecast", "forecast"),
    ...bands.map(({name, alpha}) => {
      sum = 1 - (1 - sum) * (1 - alpha);
      return item("band", `${name} interval`, {opacity: String(sum)});
    }),
    ...(paths ? [item("line path", "possible futures")] : []),
    ...(read && read < length ? [item("line unread", `not read: the network sees the last ${steps(read)}`)] : []));
}

const meanOf = (numbers) => numbers.reduce((sum, value) => sum + value / numbers.length, 0);
const signed = (value, write) => `${value < 0 ? "−" : "+"}${write(Math.abs(value))}`;

/** Write the next step, the mean of all, and how they change. */
export function reading(place, {answer, ghost, bands, write, step}) {
  const [band] = bands, {point, quantiles} = answer, average = meanOf(point);
  const interval = band && [band.low, band.high].map((name) => write(quantiles[name.slice(1)][0]));
  const parts = [h("span", null, `Next ${step} `, h("b", null, write(point[0])), interval && ` (${band.name}: ${interval.join(" to ")})`)];
  if (point.length > 1) parts.push(h("span", null, `Mean of ${point.length} `, h("b", null, write(average))));
  if (ghost) {
    const before = meanOf(ghost.point), change = average - before;
    const share = before > 0 && Math.abs(change) < 10 * before ? ` (${signed((100 * change) / before, (v) => v.toFixed(1))}%)` : "";
    parts.push(h("span", {class: "change"}, "Your change ", h("b", null, signed(change, write)), share));
  }
  place.replaceChildren(...parts);
}

/** Lines on a step: its value, how it was, its intervals, its influence. */
export function tipLines({series, answer, influence, bands, place, write}) {
  const ahead = place - series.length;
  if (ahead >= 0) {
    return [write(answer.point[ahead]), ...bands.map(({low, high, name}) =>
      `${name}: ${[low, high].map((level) => write(answer.quantiles[level.slice(1)][ahead])).join(" to ")}`)];
  }
  const value = series.values[place], lines = [write(value)];
  if (value !== series.original[place]) lines.push(`was ${write(series.original[place])}`);
  const row = influence?.[influence.length + ahead];
  if (row) lines.push(`1 more here moves the forecast by ${signed(meanOf(row), (v) => v.toPrecision(2))}`);
  return lines;
}

/** What to know of the series before it is bent: that it is invented, that covariates stay. */
export function noteOf({note, known, past}) {
  const others = [...known, ...past];
  return [
    note && `${note} The series below is invented${others.length ? "." : ": bend it, or give your own numbers."}`,
    others.length && `The network also reads ${others.join(", ")}: the past values stay as they are` +
      `${known.length ? `, and unknown future values of ${known.join(", ")} repeat the season before` : ""}.`,
  ].filter(Boolean).join(" ");
}

/** The command that asks for a forecast of the end of a series. */
export function command(series, model, horizon) {
  const {fewest, read} = series.entry, count = Math.max(fewest, Math.min(read ?? 24, 24, series.length));
  const body = series.body(horizon), start = body.start ? series.times.at(-count) : "";
  const short = (numbers, rows) => numbers.slice(-rows).map((v) => Number(v.toPrecision(7)));
  const columns = (all, rows) => Object.fromEntries(Object.entries(all).map(([name, numbers]) => [name, short(numbers, rows)]));
  const request = {
    values: short(body.values, count), ...(series.entry.name && {series: series.entry.name}), ...(start && {start}),
    ...(Object.keys(body.known).length && {known: columns(body.known, count + horizon)}),
    ...(Object.keys(body.past).length && {past: columns(body.past, count)}),
  };
  return `curl -s ${location.origin}/v1/models/${encodeURIComponent(model)}/forecast -H 'Content-Type: application/json' -d '${JSON.stringify(request).replaceAll("'", "'\\''")}'`;
}

const SEASONS = {
  "month 12": "month of every year", "quarter 4": "quarter of every year", "week 52": "week of every year", "day 7": "day of every week",
  "day 365": "day of every year", "hour 24": "hour of every day", "hour 168": "hour of every week", "weekday 5": "day of every week",
};

/** Name of the steps of one place in the season: "month of every year". */
export const seasonName = (step, season) => SEASONS[`${step} ${season}`] ?? `${step} of every ${season}`;
