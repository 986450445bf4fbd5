"""What a folder, a file or a paper of a stranger must not be able to do.

| file | what must hold |
|---|---|
| test_keys.py | keys and papers go only where the user said: settings files, run records, batch states |
| test_code.py | no code of the working directory runs, and children get no keys |
| test_outputs.py | no link is followed for a name that papercards made; no code in notes |
| test_caches.py | damaged or forged rows of a cache are misses, and `cache verify` names them |
| test_models.py | a model file is hashed unless the user's own note vouches for it |
| test_hf_dataset.py | a data set's folder is read, and nothing outside of it |
| test_serving.py | the token of `serve` is in no process list |
| test_bounds.py, test_interrupts.py | files end in time and memory, and at a Ctrl-C |
| test_patterns_are_linear.py, test_time_is_linear.py | texts take time in proportion to their length |
| test_fuzz.py | a file gives papers or an error of ours |
| test_endpoint_bodies.py | an endpoint's endless answer costs its paper alone |
| test_kill_points.py | what fails while something is written loses nothing |
| test_no_secret_anywhere.py | no secret in any file or on any stream |
"""
