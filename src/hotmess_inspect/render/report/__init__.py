"""One self-contained HTML page about a set of logs."""

from hotmess_inspect.render.report.page import (
    ReportOptions,
    divergence_page,
    report_html,
    write_page,
    write_report,
)

__all__ = ["ReportOptions", "divergence_page", "report_html", "write_page", "write_report"]
