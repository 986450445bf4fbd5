"""The tests of papercards."""

import os

# As `enrich` sets it: read when NumPy is loaded. Threads that share small products mostly wait for each
# other, and for those of the other test process.
for _library in ("OPENBLAS", "OMP"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
