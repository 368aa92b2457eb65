"""Made-up sentences that teach what a table holds too few of."""
