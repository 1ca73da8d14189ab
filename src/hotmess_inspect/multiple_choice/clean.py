"""Plain text of a model's answer: without reasoning and markup, with one spelling of each punctuation mark."""

from __future__ import annotations

import re

__all__ = ["plain_text", "split_thoughts"]

_THOUGHT_TAGS = ("think", "thinking", "thought", "reasoning", "scratchpad", "reflection", "analysis")
_OPENER = re.compile(rf"<({'|'.join(_THOUGHT_TAGS)})>", re.IGNORECASE)
_CLOSER = re.compile(rf"</(?:{'|'.join(_THOUGHT_TAGS)})>", re.IGNORECASE)

# Full-width ASCII, circled and squared letters, digits of other scripts, blanks, dashes.
_SPELLINGS: dict[int, str] = {0xFF01 + i: chr(0x21 + i) for i in range(94)}
_SPELLINGS |= {
    start + i: chr(ord("A") + i) for start in (0x24B6, 0x1F150, 0x1F170, 0x1F130) for i in range(26)
}
_SPELLINGS |= {0x24D0 + i: chr(ord("a") + i) for i in range(26)}
_SPELLINGS |= {start + i: chr(ord("0") + i) for start in (0x0660, 0x06F0, 0x0966) for i in range(10)}
_SPELLINGS |= dict.fromkeys((0x00A0, 0x2007, 0x2009, 0x202F, 0x3000), " ")
_SPELLINGS |= dict.fromkeys((0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFE0E, 0xFE0F, 0xFEFF), "")
_SPELLINGS |= {0x2212: "-", 0x2010: "-", 0x2011: "-", 0x066B: ".", 0x066C: ",", 0x060C: ",", 0x3001: ","}

_SPECIAL_TOKEN = re.compile(r"<\|[^|<>\n]{0,40}\|>|</?s>|\[/?INST\]")
_ANSWER_NAMES = r"(?:final[_ ]?)?(?:answer|choice|ans|letter|option|selection|solution|response|output)|final"
_ANSWER_TAG = re.compile(rf"<(?:{_ANSWER_NAMES})>[ \t]*", re.IGNORECASE)
_ANSWER_END = re.compile(rf"</(?:{_ANSWER_NAMES})>", re.IGNORECASE)
# Whatever a tag around a single letter is called, it holds the answer.
_ANY_TAG = re.compile(r"<([A-Za-z_]{2,24})>\s{0,3}\(?([A-Z])\)?\.?\s{0,3}</\1>")
# The model goes on as the one who asks.
_NEXT_TURN = re.compile(
    r"<\|(?:im_start|start_header_id)\|>\s{0,3}(?:user|human)(?:<\|end_header_id\|>)?|<\|user\|>|\[INST\]",
    re.IGNORECASE,
)
_HTML = re.compile(
    r"</?(?:b|strong|i|em|p|br|u|span|div|code|center|sup|sub|h[1-6]|li|ul|ol)(?:\s[^<>]{0,100})?/?>",
    re.IGNORECASE,
)
_WRAPPER = re.compile(
    r"\\(?:text|mathrm|mathbf|mathit|mathsf|mathtt|textbf|textit|textrm|textsf|texttt|emph|underline|"
    r"operatorname|boldsymbol|bm|mbox|bf|rm|tt|it|large|Large|huge|Huge)\b\s*\{([^{}]*)\}"
)
_BOX = re.compile(r"\\f?box(?:ed)?\s*(?:\{\s*([^{}]*?)\s*\}|\(?([A-Z])\b\)?)")
_TEX = re.compile(r"\\(?:left|right|displaystyle|quad|qquad|,|;|!| |big|Big)|\\[()\[\]]|\$")
_STRUCK = re.compile(r"~~[^~\n]{0,200}~~")
_EMPHASIS = re.compile(r"\*+|__|`+")
_UNDERLINED = re.compile(r"(?<!\w)_([^_\n]{1,200})_(?!\w)")
_LINE_MARK = re.compile(r"^[ \t]*(?:>[ \t]*)+", re.MULTILINE)


def split_thoughts(text: str) -> tuple[str, str]:
    """Take out what stands between thought tags.

    Args:
        text: What the model wrote.

    Returns:
        The text outside thoughts (behind the last closing tag where there are strays), and the beginning
        of a thought that was never closed (empty where there is none).
    """
    parts: list[str] = []
    place = 0
    unclosed = ""
    while (opener := _OPENER.search(text, place)) is not None:
        parts.append(text[place : opener.start()])
        closer = _CLOSER.search(text, opener.end())
        if closer is None:
            unclosed, place = text[opener.end() :], len(text)
            break
        place = closer.end()
        parts.append("\n")
    parts.append(text[place:])
    outside = "".join(parts)
    # Chat templates swallow the opening tag at times.
    return _CLOSER.split(outside)[-1], unclosed


def plain_text(text: str) -> str:
    r"""Take markup off: Markdown, LaTeX, HTML, special tokens, full-width and circled characters.

    Boxes (``\boxed{C}``) and answer tags (``<answer>C</answer>``) become lines ``ANSWER: C``; struck-out
    text (``~~A~~``) is left out.
    """
    text = text.translate(_SPELLINGS)
    if "<" in text or "[" in text:
        text = _NEXT_TURN.sub("\nUser: ", text)
        text = _SPECIAL_TOKEN.sub("\n", text)
        text = _ANSWER_END.sub("\n", _ANSWER_TAG.sub("\nANSWER: ", text))
        text = _HTML.sub(" ", text)
        text = _ANY_TAG.sub(r"\nANSWER: \2\n", text)
    if "\\" in text or "$" in text:
        for _ in range(3):
            text = _WRAPPER.sub(r"\1", text)
        text = _TEX.sub(" ", text)
        text = _BOX.sub(lambda found: f"\nANSWER: {found[1] or found[2] or ''}\n", text)
    if "~~" in text:
        text = _STRUCK.sub(" ", text)
    if ">" in text:
        text = _LINE_MARK.sub("", text)
    text = _EMPHASIS.sub("", text)
    return _UNDERLINED.sub(r"\1", text) if "_" in text else text
