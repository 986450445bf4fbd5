"""The real llama.cpp server, in a child process, as somebody else would start it: `llama-server -m FILE`.

Unlike `papercards.local` it takes a chat template, so that templates of other models can be tried on small
weights.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GEMMA = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] | trim + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""Gemma 1's and 2's chat template (google/gemma-2-9b-it, tokenizer_config.json), with SmolLM2's tokens.

llama.cpp tries a template with short messages, and puts the system's into the user's where it is refused.
"""

LONG_GEMMA = GEMMA.replace("== 'system' %}", "== 'system' and messages[0]['content'] | length > 500 %}")
"""The same, with a refusal that llama.cpp does not foresee."""

_CHILD = """
import json, os, sys
import xllamacpp
asked = json.loads(sys.argv[1])
params = xllamacpp.CommonParams()
params.model.path = asked["model"]
params.model_alias = {asked["name"]}
params.hostnames = ["127.0.0.1"]
params.port = 0
params.n_ctx = asked["context"]
params.n_parallel = 1
params.fit_params = False
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.use_jinja = True
params.chat_template = asked["template"]
params.verbosity = 1
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
server = xllamacpp.Server(params)
print(server.listening_address, file=out, flush=True)
sys.stdin.read()
os._exit(0)
"""


@contextmanager
def running(model: Path, *, name: str = "small", template: str = "", context: int = 8192) -> Iterator[str]:
    """Serve a model file until the block ends; gives the address with /v1.

    `template` empty: the file's own.
    """
    asked = {"model": str(model), "name": name, "template": template, "context": context}
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, json.dumps(asked)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdin is not None and child.stdout is not None
    try:
        address = child.stdout.readline().strip()
        assert address.startswith("http"), "llama.cpp did not start"
        yield f"{address}/v1"
    finally:
        child.stdin.close()
        child.wait()
        child.stdout.close()
