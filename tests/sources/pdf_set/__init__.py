"""PDFs in the layouts that papers come in, with what each one says: the measure of the PDF reader.

`make.py` typesets them from invented papers (`texts.py`), `measure.py` reads them and counts what is right.
"""
