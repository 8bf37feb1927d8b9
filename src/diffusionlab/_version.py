"""The version, said once: the package, its wheel, reports and the documentation read it here."""

__version__ = "0.2.0"
