/* Openings to start with: keys of each quarter note. */
export const OPENINGS = [
  ["A cadence", [[48, 55, 64, 67], [48, 55, 64, 67], [53, 57, 60, 69], [55, 59, 62, 71], [48, 55, 64, 72]]],
  ["In minor", [[45, 57, 64, 72], [44, 59, 64, 71], [45, 57, 64, 72], [50, 57, 65, 74], [52, 56, 64, 71]]],
  ["A tune", [[67], [72], [71], [69], [67], [65], [64], [62]]],
  ["A bass line", [[45], [43], [41], [40]]],
];

const mean = (keys) => keys.reduce((sum, key) => sum + key, 0) / keys.length;

/** Move steps by octaves to where the pieces of the training begin: lists of keys. */
export function shift(steps, openings) {
  const there = openings.flat();
  const octaves = there.length ? Math.round((mean(there) - mean(steps.flat())) / 12) : 0;
  const moved = steps.map((keys) => keys.map((key) => key + 12 * octaves));
  return moved.flat().every((key) => key >= 21 && key <= 108) ? moved : steps;
}
