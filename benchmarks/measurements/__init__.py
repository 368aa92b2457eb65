"""What can be measured, one file a measurement: `measure(bench) -> Section`."""
