/* Ticks: of values, and of times, which are texts in ISO 8601 in the time zone of the series. */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const ISO = /^(-?\d{4,})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d))?)?/;

/** Return {year, month, day, hour, minute, date (days since 1970)} of a time, or null if it is only a number. */
export function parse(time) {
  const found = ISO.exec(time ?? "");
  if (!found) return null;
  const [year, month, day, hour = 0, minute = 0] = found.slice(1, 6).map((part) => part === undefined ? undefined : Number(part));
  return {year, month, day, hour, minute, timed: found[4] !== undefined, date: Math.floor(Date.UTC(year, month - 1, day) / 864e5)};
}

const two = (number) => String(number).padStart(2, "0");
const clock = ({hour, minute}) => `${two(hour)}:${two(minute)}`;

/** Return a time as people write it; `step` is the name of a step, such as "month". */
export function spoken(time, step = "") {
  const t = parse(time);
  if (!t) return `step ${time}`;
  if (step === "year") return String(t.year);
  if (step === "month" || step === "quarter") return `${MONTHS[t.month - 1]} ${t.year}`;
  return `${t.day} ${MONTHS[t.month - 1]} ${t.year}${t.timed ? `, ${clock(t)}` : ""}`;
}

/** Return the times of `count` steps from `start` on, to show them; `step` is the name of a step. */
export function timesFrom(start, count, step) {
  const t = parse(start.length === 4 ? `${start}-01-01` : start.length === 7 ? `${start}-01` : start);
  if (!t) return /^-?\d+$/.test(start) ? Array.from({length: count}, (_, n) => String(Number(start) + n)) : [];
  const months = {month: 1, quarter: 3, year: 12}[step];
  const minutes = {hour: 60, day: 1440, week: 10080, weekday: 1440}[step] ?? (parseFloat(step) / 60 || 1440);
  const times = [];
  for (let n = 0; times.length < count; n++) {
    const moved = months
      ? new Date(Date.UTC(t.year, t.month - 1 + n * months, Math.min(t.day, lastDay(t.year, t.month - 1 + n * months))))
      : new Date(Date.UTC(t.year, t.month - 1, t.day, t.hour, t.minute) + n * minutes * 6e4);
    if (step === "weekday" && moved.getUTCDay() % 6 === 0) continue;
    times.push(moved.toISOString().slice(0, t.timed ? 16 : 10));
  }
  return times;
}

const lastDay = (year, month) => new Date(Date.UTC(year, month + 1, 0)).getUTCDate();

/* From fine to coarse: in which piece a time lies, and the label of a piece; `big` is a second line. */
const day = (t) => `${t.day} ${MONTHS[t.month - 1]}`, month = (t) => MONTHS[t.month - 1], year = (t) => String(t.year);
const RULES = [
  ...[1, 2, 5, 10, 30].map((n) => ({piece: (t) => (t.date * 1440 + t.hour * 60 + t.minute) / n, label: clock, big: day})),
  ...[1, 3, 6, 12].map((n) => ({piece: (t) => t.date * (24 / n) + Math.floor(t.hour / n), label: clock, big: day})),
  {piece: (t) => t.date, label: day, big: year},
  {piece: (t) => Math.floor((t.date + 3) / 7), label: day, big: year},
  {piece: (t) => (t.year * 12 + t.month) * 2 + (t.day > 15 ? 1 : 0), label: day, big: year},
  ...[1, 3, 6].map((n) => ({piece: (t) => Math.floor((t.year * 12 + t.month - 1) / n), label: month, big: year})),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => ({piece: (t) => Math.floor(t.year / n), label: year, big: null})),
];

/** Return ticks {n, label, big} of the steps [begin, end). `times` are those of all steps. `wide` is the number of
    steps between two ticks at least. Steps without a time are counted from `now`, the first step of the forecast. */
export function timeTicks(times, begin, end, wide, now) {
  const known = [];
  for (let n = begin; n < end; n++) known.push(parse(times[n]));
  if (!known.some(Boolean)) return numberTicks(times, begin, end, wide, now);
  const rule = RULES.find((r) => fits(places(known, r), wide)) ?? RULES.at(-1);
  const ticks = [];
  let before = null;
  for (const at of places(known, rule)) {
    const big = rule.big?.(known[at]) ?? "";
    ticks.push({n: begin + at, label: rule.label(known[at]), big: big === before ? "" : big});
    before = big;
  }
  if (known.at(-1) === null) ticks.push(...numberTicks([], now, end, wide, now).filter(({n}) => n > now));
  return ticks;
}

/* The places at which a new piece begins. */
function places(known, {piece}) {
  const found = [];
  let before = known[0] && Math.floor(piece(known[0]));
  known.forEach((t, n) => {
    const now = t ? Math.floor(piece(t)) : before;
    if (now !== before) found.push(n);
    before = now;
  });
  return found;
}

const fits = (found, wide) => found.length > 0 && found.every((n, k) => k === 0 || n - found[k - 1] >= wide || k === found.length);

function numberTicks(times, begin, end, wide, now) {
  const step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000].find((n) => n >= wide) ?? 10000;
  const ticks = [];
  for (let n = begin; n < end; n++) {
    const number = times[0] === undefined || times[0] === "" ? n - now + 1 : Number(times[n]);
    if (number % step === 0) ticks.push({n, label: n >= now && !times[n] ? `+${number}` : String(number), big: ""});
  }
  return ticks;
}

/** Return about `count` round values in [low, high]. */
export function valueTicks(low, high, count) {
  const rough = (high - low) / Math.max(1, count), power = 10 ** Math.floor(Math.log10(rough));
  const off = (step) => Math.abs(Math.log(step / rough));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).reduce((best, n) => off(n) < off(best) ? n : best);
  const ticks = [];
  for (let n = Math.ceil(low / step); n <= Math.floor(high / step) && ticks.length < 50; n++) ticks.push(n * step);
  return {ticks, step};
}

/** Return a function that writes values of a range with as many digits as tell them apart. */
export function writer(range) {
  const size = Math.log10(Math.abs(range) || 1);
  const digits = Math.max(0, Math.min(8, Math.ceil(2.3 - size)));
  const plain = new Intl.NumberFormat("en", {minimumFractionDigits: digits, maximumFractionDigits: digits});
  const huge = new Intl.NumberFormat("en", {notation: "scientific", maximumSignificantDigits: 4});
  return (value) => Math.abs(value) >= 1e12 || size < -6 ? huge.format(value) : plain.format(value).replace("-", "−");
}
