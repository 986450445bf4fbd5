"""Measures cards against labels: labels, metrics, scores, runs."""
