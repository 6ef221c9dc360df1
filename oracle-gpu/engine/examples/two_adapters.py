"""One base, two adapters, both answers as they come.

python examples/two_adapters.py STATE MODELS ADAPTER ADAPTER QUESTION
"""

import queue
import sys
from pathlib import Path

from openlora.config import EngineConfig, core_count, fix_numerics

fix_numerics()

from openlora.adapters.cache import Choice  # noqa: E402
from openlora.api.runtime import Runtime  # noqa: E402
from openlora.engine.detokenizer import Detokenizer  # noqa: E402
from openlora.engine.sampling import Sampling  # noqa: E402
from openlora.engine.sequence import Sequence  # noqa: E402

state, models, *ids, question = sys.argv[1:]
runtime = Runtime(EngineConfig(state=Path(state), models=Path(models), threads=core_count()))
prompt = runtime.encode([{"role": "user", "content": question}])
events: queue.Queue[tuple[str, str, dict[str, object]]] = queue.Queue()
for id in ids:
    spelling = Detokenizer(runtime.tokenizer, [])
    emit = lambda kind, data, id=id: events.put((id, kind, data))  # noqa: E731
    runtime.engine.submit(Sequence(prompt, 32, Sampling(), Choice.one(id), spelling, emit))
left = len(ids)
while left:
    id, kind, data = events.get()
    print(id[:8], kind, data.get("text", data), flush=True)
    left -= kind != "token"
runtime.close()
