/* Own numbers: pasted, or a column of a CSV file. The file does not leave the browser; its numbers are sent. */

const SEPARATORS = ["\t", ";", ","];
const MOST = 100000;

/** Read a text; return its columns of numbers [{name, values}] and the first cell of a column of dates, or "". */
export function readNumbers(text) {
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  if (!lines.length) throw new Error("There are no numbers yet: paste some, or choose a file.");
  if (lines.length > MOST) throw new Error(`The text has ${lines.length} lines: keep the last ${MOST}.`);
  const separator = SEPARATORS.find((s) => lines.slice(0, 20).every((line) => cells(line, s).length > 1));
  const rows = separator ? lines.map((line) => cells(line, separator)) : flat(lines);
  const comma = separator !== ",";
  const width = Math.max(...rows.slice(0, 100).map((row) => row.length));
  const header = rows.length > 1 && rows[0].every((cell) => number(cell, comma) === null && !isDate(cell)) ? rows.shift() : null;
  const found = [];
  let first = "";
  for (let k = 0; k < width; k++) {
    const column = rows.map((row) => row[k] ?? "");
    if (isDate(column[0])) { first ||= column[0].trim().replace(" ", "T"); continue; }
    const values = column.map((cell) => number(cell, comma));
    if (values.filter((value) => value !== null).length < 0.8 * values.length) continue;
    found.push({name: header?.[k]?.trim() || `Column ${k + 1}`, values: ends(values)});
  }
  if (!found.length) throw new Error("No column holds numbers. Numbers look like 12.5, one on each line or in a column of a CSV file.");
  return {columns: found, first};
}

const flat = (lines) => lines.flatMap((line) => line.trim().split(/\s+/)).map((cell) => [cell]);
const isDate = (cell) => /^\s*"?\d{4}-\d\d(-\d\d)?([T ]\d\d:\d\d.*)?"?\s*$/.test(cell ?? "");

/* Cells of a line, without their quotes. */
function cells(line, separator) {
  const parts = [];
  let cell = "", quoted = false;
  for (const letter of line) {
    if (letter === '"') quoted = !quoted;
    else if (letter === separator && !quoted) { parts.push(cell); cell = ""; } else cell += letter;
  }
  return [...parts, cell];
}

function number(cell, comma) {
  const text = comma ? cell.trim().replace(/^(-?\d+),(\d+)$/, "$1.$2") : cell.trim();
  const value = text === "" ? NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

/* Numbers without empty cells at both ends; those between are lines between their neighbours. */
function ends(values) {
  const first = values.findIndex((value) => value !== null), last = values.findLastIndex((value) => value !== null);
  const kept = values.slice(first, last + 1);
  for (let n = 0; n < kept.length; n++) {
    if (kept[n] !== null) continue;
    const end = kept.findIndex((value, k) => k > n && value !== null), before = kept[n - 1];
    for (let k = n; k < end; k++) kept[k] = before + ((kept[end] - before) * (k - n + 1)) / (end - n + 1);
  }
  return kept;
}
