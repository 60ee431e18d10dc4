"""Small networks of layouts that people bring, really trained: what the tests of those decoders run.

`drawing` needs numpy and OpenCV only; the others need torch (requirements-train.txt).
"""
