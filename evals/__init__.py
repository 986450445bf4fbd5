"""Measuring cards against labels: labels, metrics, scores, runs."""
