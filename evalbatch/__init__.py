"""Department workbooks in, one ranking workbook out: the public names."""

__version__ = "0.1.0"
