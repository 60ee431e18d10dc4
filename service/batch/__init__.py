"""Batches: the rules' work done for all objects of a prefix. docs/batch.md has the guarantees.

list (`listing`) -> share (`listing.Share`) -> process (`work`, by the handler of events) -> note (`ledger`)
"""
