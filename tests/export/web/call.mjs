// Runs functions of the page in Node: JSON lines of {module, name, args} in, a JSON line of each result out.
// {"u8": base64} stands for a Uint8Array on both ways.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder] = process.argv.slice(2);
const decode = (_, value) => (value?.u8 === undefined ? value : new Uint8Array(Buffer.from(value.u8, "base64")));
const encode = (_, value) => {
  if (value instanceof Uint8Array) return { u8: Buffer.from(value).toString("base64") };
  return ArrayBuffer.isView(value) ? Array.from(value) : value;
};
for (const line of readFileSync(0, "utf-8").split("\n").filter(Boolean)) {
  const { module, name, args } = JSON.parse(line, decode);
  const found = await import(pathToFileURL(`${folder}/${module}`));
  console.log(JSON.stringify(await found[name](...args), encode));
}
