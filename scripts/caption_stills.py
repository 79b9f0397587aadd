"""Write the ED and ES stills of a clip set as DiffEcho's caption file, for its and diffusers' own scripts.

Command:  uv run python scripts/caption_stills.py DATA OUTPUT

OUTPUT gets metadata.csv (`image,conditioning_image,text`), images/ and, where there are masks, masks/ in the
greys 0, 85, 170, 255. `echodfkd train diffecho:text DATA` needs no such copy: it reads clip sets as they are.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from echodfkd.cli.failures import report
from echodfkd.clipset import ClipSet
from echodfkd.synth.diffecho.captions import EventStills, write_stills
from echodfkd.synth.diffecho.tuning import captions_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the folder; the exit code as of the commands."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    o = parser.parse_args(arguments)
    try:
        stills = EventStills.of(ClipSet.open(o.data))
        names = [record.name for record in stills.records]
        write_stills(stills, o.output, dict(zip(names, captions_of(stills, names), strict=True)))
        print(f"{o.output}: {len(names)} stills")
    except (Exception, KeyboardInterrupt) as error:
        return report(error, False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
