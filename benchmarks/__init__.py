"""Side-by-side measurements of this project and of what it replaces: `python -m benchmarks`.

    names.py        what can be measured, and what the contenders are called
    plan.py         how much of it: a full run, or `--quick`
    bench.py        data, models and peers, each made once, when it is first asked for
    quality.py ...  one file a measurement: `measure(bench) -> Section`
    peers/          the other ways, never imported by the product
    aims.py         what the project wants, and whether it got there
    report.py       the table

No TensorFlow is imported here: the processes that play gRPC clients are light.
"""
