/* An order of hidden units in which those that move together are neighbours. */

const ROUNDS = 24;

/** Return the units of a layer in order: by their angle in the plane of the first two principal components of the steps. */
export function orderUnits(steps, layer) {
  const size = steps[0].layers[layer].length, count = steps.length;
  const rows = steps.map(({layers}) => Float32Array.from(layers[layer]));
  for (let unit = 0; unit < size; unit++) {
    const mean = rows.reduce((sum, row) => sum + row[unit], 0) / count;
    for (const row of rows) row[unit] -= mean;
  }
  const first = component(rows, size, []), second = component(rows, size, [first]);
  const angle = Array.from(first, (x, unit) => Math.atan2(second[unit], x));
  return Array.from(angle.keys()).sort((a, b) => angle[a] - angle[b]);
}

/* The direction in which the rows differ most, apart from those that are known: power iteration. */
function component(rows, size, known) {
  let v = Float32Array.from({length: size}, (_, n) => Math.sin(7 * n + 1 + known.length));
  for (let round = 0; round < ROUNDS; round++) {
    const next = new Float32Array(size);
    for (const row of rows) {
      const weight = dot(row, v);
      for (let n = 0; n < size; n++) next[n] += weight * row[n];
    }
    for (const other of known) {
      const share = dot(next, other);
      for (let n = 0; n < size; n++) next[n] -= share * other[n];
    }
    const length = Math.sqrt(dot(next, next)) || 1;
    v = next.map((x) => x / length);
  }
  return v;
}

function dot(a, b) {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += a[n] * b[n];
  return sum;
}
