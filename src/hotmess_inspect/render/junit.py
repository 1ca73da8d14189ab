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
    errors = sum(check.decision == "cannot tell" for check in cases)
    suite = ElementTree.Element(
        "testsuite", name="hotmess gate", tests=str(len(cases)), failures=str(failures), errors=str(errors)
    )
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
