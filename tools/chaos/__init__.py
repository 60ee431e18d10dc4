"""The chaos test of the event handler: the guarantees of docs/buckets.md under duplicates, faults and kills.

python -m tools.chaos gs|s3 [--seed N] [--deliveries 2000] [--objects 600] [--kills 40] [--deletes 25] [--mutation NAME]

Real workers handle real event bodies against a real emulator, behind a proxy that injects faults and keeps a ledger.
`--deletes` is the percentage of deletions among later changes.
Exit code 1 if a guarantee is violated; with a mutation, if no violation was found.
"""
