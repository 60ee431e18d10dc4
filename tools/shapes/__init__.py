"""The detector of drawn shapes: its pictures, its network, how it is trained, measured and written.

`outlines`, `drawing`, `evaluation`, `curve` and `card` need numpy and OpenCV only; `learning` needs torch.
"""
