import pytest

from gridtext import Table


@pytest.fixture
def prices():
    table = Table(["item", "price"], align={"price": "right"})
    table.add("tea", "3.50")
    table.add("coffee", "12.25")
    return table


def test_plain(prices):
    assert prices.render() == "item    price\ntea      3.50\ncoffee  12.25"


def test_ruled(prices):
    assert prices.render("ruled") == "item    price\n------  -----\ntea      3.50\ncoffee  12.25"


def test_ascii(prices):
    assert prices.render("ascii").splitlines() == [
        "+--------+-------+",
        "| item   | price |",
        "+--------+-------+",
        "| tea    |  3.50 |",
        "| coffee | 12.25 |",
        "+--------+-------+",
    ]


def test_box(prices):
    assert prices.render("box").splitlines()[1:3] == ["│ item   │ price │", "├────────┼───────┤"]


def test_unknown_frame(prices):
    with pytest.raises(ValueError, match="frame must be one of plain, ruled, ascii, box, not 'double'"):
        prices.render("double")


def test_header_can_be_the_widest():
    table = Table(["quantity"])
    table.add(1)
    assert table.render("ruled") == "quantity\n--------\n1"


def test_missing_cells_are_empty():
    table = Table(["a", "b"])
    table.add("x")
    assert table.rows == [["x", ""]]


def test_too_many_cells():
    with pytest.raises(ValueError, match="2 cells in a table of 1 columns"):
        Table(["a"]).add("x", "y")


def test_cells_become_text():
    table = Table(["a"])
    table.add(None)
    assert table.column("a") == ["None"]


def test_lines_within_a_cell():
    table = Table(["a", "b"])
    table.add("one\ntwo", "x")
    assert table.render() == "a    b\none  x\ntwo"


def test_wrapped_column():
    table = Table(["note", "n"], max_width={"note": 8})
    table.add("a cup of tea", "1")
    assert table.render() == "note      n\na cup of  1\ntea"


def test_sort_keeps_equal_rows_in_order(prices):
    prices.add("tea", "4.00")
    prices.sort("item")
    assert prices.column("price") == ["12.25", "3.50", "4.00"]


def test_needs_a_column():
    with pytest.raises(ValueError, match="at least one column"):
        Table([])


def test_names_must_differ():
    with pytest.raises(ValueError, match="must differ"):
        Table(["a", "a"])


def test_options_name_columns():
    with pytest.raises(ValueError, match="no column is called 'cost'"):
        Table(["a"], align={"cost": "right"})
