"""The child process: llama.cpp's OpenAI-compatible server, for as long as the parent lives.

Reads one JSON line with its configuration from standard input, loads the model, writes one JSON
line with its address to standard output, and serves. The parent keeps the other end of standard
input open; when that end closes, by its will or its death, this process ends. One that is shared ends when
no process holds a lock on the file `users` any more, see `shared`. What llama.cpp has to say goes to standard
error, which the parent points at a file.

Run with `python -m papercards.local.serve`; only `server` does.
"""

import ctypes
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from .shared import hold, unused

_PROMPT_CACHE_MIB = 256
"""Memory for the KV caches of earlier prompts. llama.cpp's own default, 8 GiB, fills up within a
few hundred papers, for prefixes that never come back."""

_LOOK_S = 0.5
"""Seconds between two looks whether anybody uses a shared server."""

_WARNINGS = 2
"""llama.cpp's verbosity: a line for each request would let the log grow with the corpus."""


def main() -> None:
    """Serve until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    config: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    # The answer line goes to the pipe; nothing that native code prints may mix with it.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _die_with_parent(signal.SIGKILL)
    users = Path(config["users"]) if config["users"] else None
    alive = hold(users) if users is not None else None
    server = _server(config)
    _die_with_parent(0)
    if users is None:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    answer.write(json.dumps({"address": server.listening_address}) + "\n")
    answer.close()
    if users is not None:
        while not unused(users):
            time.sleep(_LOOK_S)
        assert alive is not None  # it is let go when the process ends
        _end()
    # A fork of the parent can hold the pipe open, so its death is looked for, too.
    while os.getppid() == parent:
        time.sleep(1)
    _end()


def _server(config: dict[str, Any]) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = config["model"]
    params.model_alias = {config["model_id"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [config["api_key"]]
    params.cors_origins = ""
    params.ui = False
    params.n_ctx = config["context_tokens"]
    params.fit_params = False
    params.n_parallel = config["slots"]
    params.cpuparams.n_threads = config["threads"]
    params.cpuparams_batch.n_threads = config["threads"]
    # Into memory, not mapped: half a gigabyte less in all, since repacked weights are kept once.
    params.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE
    params.use_jinja = True
    params.cache_prompt = True
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.endpoint_slots = True
    if config["hidden_states"]:
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_NONE
        # States come from one pass alone, so a whole text must fit into it.
        params.n_batch = params.n_ubatch = config["context_tokens"] // config["slots"]
    params.verbosity = _WARNINGS
    return xllamacpp.Server(params)


def _die_with_parent(number: int) -> None:
    """Let Linux send us the signal `number` when the parent dies; 0 takes that back.

    While the model loads, Python's threads stand still and none could notice. It must not stay on:
    the signal comes when the *thread* that started us ends, and that may be one worker of many.
    """
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, int(number), 0, 0, 0)


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    _end()


def _end() -> None:
    # The server's own threads would hold up an orderly exit until the answer in progress is done.
    os._exit(0)


if __name__ == "__main__":
    main()
