"""README.md of an export folder: what the files are, and how to run them with nothing of ours."""

from collections.abc import Mapping
from string import Template
from typing import Any

EXAMPLE = "example.npy"  # a synthetic clip, so that the lines below run as they stand

PYTHON = Template("""import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("$file")
frames = np.load("$example")  # uint8 (T, H, W): grey, the ultrasound sector alone
mask, prob, area = session.run(None, {"frames": frames[None]})
ed, es = int(area[0].argmax()), int(area[0].argmin())
print("largest LV in frame", ed, "smallest in frame", es)
np.save("mask.npy", mask[0])  # uint8 (T, H, W): 1 in the LV
""")

STREAM = Template("""import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("$file")
state = {i.name: np.zeros(i.shape, np.float32) for i in session.get_inputs()[1:]}
for frame in np.load("$example"):  # uint8 (H, W) each, as they arrive
    mask, prob, area, *after = session.run(None, {"frame": frame[None], **state})
    state = dict(zip(state, after))
    print(int(area[0]))
""")

CPP = Template("""#include <onnxruntime_cxx_api.h>
int main() {
  Ort::Env env;
  Ort::Session session(env, "$file", Ort::SessionOptions{});
  int64_t shape[] = {1, 32, 240, 240};                  // B, T, H, W: any
  std::vector<uint8_t> frames(1 * 32 * 240 * 240);      // your grey frames
  auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  auto input = Ort::Value::CreateTensor<uint8_t>(memory, frames.data(), frames.size(), shape, 4);
  const char *in[] = {"frames"}, *out[] = {"mask", "prob", "area"};
  auto found = session.Run(Ort::RunOptions{}, in, &input, 1, out, 3);
  const uint8_t *mask = found[0].GetTensorData<uint8_t>(); // 1 in the LV
}
""")

SERVE = """
## The page

Put this folder on any static host, in a sub-folder or not. To use it on this computer, run this in the folder
and open http://127.0.0.1:8000 (opened as a file, without a server, browsers refuse to run it):

```
python -m http.server --bind 127.0.0.1 8000
```

Clips are read and computed on the device that shows the page. It asks for nothing outside this folder, sends
nothing, and goes on working without a network once it is loaded.
"""

PAGE = Template("""# $name

A left-ventricle model for echocardiography, apical views. $claim. Licence: $licence. **$use.**

`$file`, $megabytes MB, agrees with its source in torch on $frames frames: Dice $dice, at least $least
in a clip. All figures, hashes and software versions: `export.json`.

In: $input.
Out: $output.
Preprocessing: $preprocessing.
$context
$head""")

WITH_HEAD = Template("""
`$file` is the learned head that reads curves of these masks: ED, ES, EF with an interval, and whether this is
an apical LV. `echodfkd segment --model` takes it along.
""")

CONTEXT = {
    True: "It never looks ahead: each mask follows from the frames up to its own.",
    False: "It looks at a whole clip: give it a beat or more in one call, 128 frames at most.",
}


def readme(facts: dict[str, Any]) -> str:
    """The page for the content of an `export.json`."""
    model, parity, network = facts["model"], facts["parity"], facts.get("network", facts)
    page = PAGE.substitute(
        facts | {"file": network["file"]},
        use=facts["use"].capitalize(),
        claim=model["claim"].capitalize(),
        name=model["name"],
        megabytes=f"{network['bytes'] / 1e6:.2f}",
        frames=parity["frames"],
        dice=f"{parity['dice']:.4f}",
        least=f"{parity['least_dice']:.4f}",
        context=CONTEXT[model["causal"]],
        head=WITH_HEAD.substitute(facts["head"]) if "head" in facts else "",
    )
    if network is not facts:
        return page + SERVE
    if not facts["file"].endswith(".onnx"):
        return page
    page += _code("Python, with onnxruntime and numpy", "python", PYTHON, facts)
    page += _code("C++, with onnxruntime", "cpp", CPP, facts)
    if "stream" in facts:
        page += _code("Frame by frame", "python", STREAM, facts["stream"])
    return page


def _code(title: str, language: str, lines: Template, facts: Mapping[str, Any]) -> str:
    code = lines.substitute(file=facts["file"], example=EXAMPLE)
    return f"\n## {title}\n\n```{language}\n{code}```\n"
