"""One self-contained HTML page about a set of logs."""

from hotmess_inspect.render.report.page import ReportOptions, report_html, write_report

__all__ = ["ReportOptions", "report_html", "write_report"]
