"""One file per scheme. A module of this package that registers a class by `@scheme` is all that a new one needs."""
