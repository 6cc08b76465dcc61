/* The card for own numbers. */
import { fail } from "../shell/shell.js";
import { timesFrom } from "./axis.js";
import { readNumbers } from "./own.js";

const $ = (id) => document.getElementById(id);
const LARGEST = 20e6;

/** Set the card up. `use(entry)` shows a series. */
export function ownNumbers({details, entries, current, use}) {
  if (details.known.length || details.past.length) {  // they would need the covariates too
    $("own").hidden = true;
    return;
  }
  const dated = () => entries[0].time !== "none";
  $("start-box").hidden = !dated();
  if (entries[0].time === "numbers") $("start").placeholder = "1";
  let read = null, edited = false;

  function look() {
    try {
      read = readNumbers($("numbers").value);
    } catch (error) {
      read = null;
      $("column-box").hidden = true;
      return error;
    }
    const names = read.columns.map(({name}) => name).join("\n");
    if ($("column").dataset.names !== names) {
      $("column").dataset.names = names;
      $("column").replaceChildren(...read.columns.map(({name}, n) => new Option(name, n)));
      $("column").selectedIndex = read.columns.length - 1;
    }
    $("column-box").hidden = read.columns.length < 2;
    if (!edited) $("start").value = read.first || startOf(column().values.length);
    return null;
  }
  const column = () => read.columns[Math.max(0, $("column").selectedIndex)];

  /* The time at which a series begins that ends like the one that is shown. */
  const startOf = (count) => entries[0].times?.[entries[0].times.length - count] ?? "";

  function go() {
    const error = look();
    if (error) return fail(error);
    const {name, values} = column(), entry = current(), start = $("start").value.trim();
    const times = start ? timesFrom(start, values.length, entry.step) : [];
    if (times.length) times[0] = start;
    use({...entry, values, times, ownName: name, read: entry.read});
  }

  async function load(file) {
    if (!file) return;
    if (file.size > LARGEST) return fail(new Error(`${file.name} is too large: cut it to the last rows.`));
    $("numbers").value = await file.text();
    $("file-note").textContent = file.name;
    edited = false;
    const error = look();
    if (error) fail(error); else if (read.columns.length === 1) go();
  }

  $("numbers").addEventListener("input", look);
  $("start").addEventListener("input", () => { edited = true; });
  $("column").addEventListener("change", go);
  $("file").addEventListener("change", () => load($("file").files[0]));
  $("use").onclick = go;
  const card = $("own");
  card.addEventListener("dragover", (event) => { event.preventDefault(); card.classList.add("over"); });
  card.addEventListener("dragleave", () => card.classList.remove("over"));
  card.addEventListener("drop", (event) => { event.preventDefault(); card.classList.remove("over"); load(event.dataTransfer.files[0]); });
}
