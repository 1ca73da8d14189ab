"""The checks of a gate as JUnit XML, which CI systems show as tests."""

from __future__ import annotations

from xml.etree import ElementTree

from hotmess_inspect.render.text import plain
from hotmess_inspect.results.gate import Gate


def junit_xml(gate: Gate) -> str:
    """One test case per check: harm is a failure, what cannot be told is an error.

    Args:
        gate: The decided gate.
    """
    cases = gate.checks
    failures = sum(check.decision == "harm" for check in cases)
    # A suite without a case would pass where nothing could be compared.
    errors = sum(check.decision == "cannot tell" for check in cases) if cases else 1
    suite = ElementTree.Element(
        "testsuite",
        name="hotmess gate",
        tests=str(len(cases) or 1),
        failures=str(failures),
        errors=str(errors),
    )
    if not cases:
        case = ElementTree.SubElement(suite, "testcase", classname="hotmess gate", name="comparison")
        ElementTree.SubElement(case, "error", message=plain(gate.sentence()))
    for check in cases:
        case = ElementTree.SubElement(suite, "testcase", classname=plain(check.subject), name=check.quantity)
        text = plain(check.sentence())
        if check.decision == "harm":
            ElementTree.SubElement(case, "failure", message=text)
        elif check.decision == "cannot tell":
            ElementTree.SubElement(case, "error", message=text)
        else:
            ElementTree.SubElement(case, "system-out").text = text
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
