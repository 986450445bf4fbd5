"""What was measured, for people: the sheet, charts, the error book, the HTML report.

Must not measure.
"""
