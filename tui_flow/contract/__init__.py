"""What the worker side and the host side agree on.

Whoever asks "what can happen here?" reads this folder: `states` (words and transitions), `journal` (what a run
reports), `log` (how a log line looks), `rundir` (where everything lies), `commands` (what a client may ask the
engine), `changes` (what the engine tells its clients), `errors` (what can go wrong) and `schema.sql`.

Standard library only, and nothing of ours is imported from here.
"""
