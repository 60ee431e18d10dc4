"""The chaos test of the event handler: what docs/buckets.md promises, against duplicates, faults and kills.

python -m tools.chaos gs|s3 [--seed N] [--deliveries 2000] [--objects 600] [--kills 40] [--deletes 25] [--mutation NAME]

Real workers handle real event bodies against a real emulator, behind a proxy that makes faults and keeps a ledger.
`--deletes` is the share of deletions among later changes, percent.
Exit code 1 where the promise does not hold, and with a mutation where nobody noticed.
"""
