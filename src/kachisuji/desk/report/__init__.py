"""The report: one HTML file, in both languages, that needs no network."""

from kachisuji.desk.report.page import build_report

__all__ = ["build_report"]
