"""Side-by-side measurements of this project and of what it replaces: `python -m benchmarks`.

    measurements/       one file a measurement: `measure(bench) -> Section`
    shared/             what they share: data, models and peers, each made once; turns, servers, rows
    peers/              the other ways, never imported by the product
    options.py          what a run is asked for, in full or `--quick`
    run_all.py          from the options to the table
    aims.py             what the project wants, and whether it got there
    report.py           the table
    serving_graphs.py   the builds of the served graph among themselves, a command of its own

No TensorFlow is imported here: the processes that play gRPC clients are light.
"""
