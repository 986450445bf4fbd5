"""Cards against labels: runs, figures, intervals, calibration, gates, attacks.

Must not draw or print.
"""
