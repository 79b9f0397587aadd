// The page's second thread: the model and all that takes long. In: {clip} or {settings}; out: what happened.
import { analyse } from "./analyse.js";
import { Model } from "./model.js";

const folder = new URL("./", import.meta.url).href;
const opened = Model.open(folder);
let clip = null;

opened.then(
  (model) => postMessage({ ready: model.facts }),
  (error) => postMessage({ failed: `The model cannot be started: ${error.message}` }),
);

addEventListener("message", async ({ data }) => {
  try {
    const model = await opened;
    if (data.clip) clip = data.clip;
    const told = (stage, done, of) => postMessage({ stage, done, of });
    const result = await analyse({ ...clip, ...data.settings }, model, told);
    postMessage({ result: { ...result, name: clip.name, backend: model.backend } });
  } catch (error) {
    postMessage({ failed: explain(error) });
  }
});

/** Why a clip could not be analysed, in one line. */
function explain(error) {
  if (/memory|allocat/i.test(error.message)) return "This device has too little memory for this clip: cut it.";
  return `This clip cannot be analysed here: ${error.message}`;
}
