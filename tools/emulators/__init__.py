"""Cloud storage emulators as real processes on loopback, for tests: built once per version, started on a free port.

python -m tools.emulators fake-gcs | moto | versitygw      starts one and prints its URL
python -m tools.emulators gs | s3                          the same behind our proxy (see proxy.py)
"""
