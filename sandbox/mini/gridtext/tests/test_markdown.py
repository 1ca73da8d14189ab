import pytest

from gridtext import Table, read_markdown, write_markdown

TEXT = """\
| item   | price |
| ------ | -----:|
| tea    |  3.50 |
| coffee | 12.25 |"""


def prices():
    table = Table(["item", "price"], align={"price": "right"})
    table.add("tea", "3.50")
    table.add("coffee", "12.25")
    return table


def test_write():
    assert write_markdown(prices()) == TEXT


def test_write_without_rows():
    assert write_markdown(Table(["a"])) == "| a   |\n| --- |"


def test_write_centred():
    table = Table(["abc"], align={"abc": "center"})
    assert write_markdown(table).splitlines()[1] == "|:---:|"


def test_read():
    table = read_markdown(TEXT)
    assert table.header == ["item", "price"]
    assert table.align == {"price": "right"}
    assert table.rows == [["tea", "3.50"], ["coffee", "12.25"]]


def test_read_finds_the_table_in_a_text():
    table = read_markdown(f"# Prices\n\nAs of May:\n\n{TEXT}\n\nThat is all.")
    assert table.column("item") == ["tea", "coffee"]


def test_read_fills_up_short_rows():
    table = read_markdown("| a | b |\n| --- | --- |\n| x |")
    assert table.rows == [["x", ""]]


def test_read_cuts_long_rows():
    table = read_markdown("| a |\n| --- |\n| x | y |")
    assert table.rows == [["x"]]


def test_read_empty_cells():
    table = read_markdown("| a | b |\n| --- | --- |\n|  | y |")
    assert table.rows == [["", "y"]]


@pytest.mark.parametrize("text", ["", "no table", "| a |\n| b |"], ids=["empty", "prose", "no-rule"])
def test_read_needs_a_table(text):
    with pytest.raises(ValueError, match="holds no table"):
        read_markdown(text)


def test_there_and_back():
    assert write_markdown(read_markdown(TEXT)) == TEXT
