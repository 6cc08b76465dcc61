/* How to ask a model from a program. */
import { request } from "../shell/shell.js";

/** Return the example of each operation from the description of the server: bodies by path. */
export async function bodies() {
  const {paths} = await (await request("/openapi.json")).json();
  return Object.fromEntries(Object.entries(paths).map(([path, {post}]) =>
    [decodeURIComponent(path), post?.requestBody.content["application/json"].example ?? {}]));
}

/** Return a command that asks a model for its first operation. `token`: the server needs one. */
export function example({name, operations}, examples, token) {
  const body = examples[`/v1/models/${name}/${operations[0]}`];
  const header = token ? " \\\n  -H \"Authorization: Bearer $UNROLLED_TOKEN\"" : "";
  const quoted = JSON.stringify(body).replace(/'/g, "'\\''").replace(/([,:])(?=["[{\d])/g, "$1 ");
  return `curl -s ${location.origin}/v1/models/${encodeURIComponent(name)}/${operations[0]}${header} \\\n` +
    `  -H "Content-Type: application/json" \\\n  -d '${quoted}'`;
}
