import pytest

from gridtext import clip, display_width


def test_ascii():
    assert display_width("table") == 5


def test_empty():
    assert display_width("") == 0


def test_wide_characters():
    assert display_width("日本") == 4


def test_fullwidth_form():
    assert display_width("Ａ") == 2


def test_colours_take_no_room():
    assert display_width("\x1b[1;31mred\x1b[0m") == 3


def test_precomposed_accent():
    assert display_width("caf\u00e9") == 4


def test_clip_leaves_short_text_alone():
    assert clip("tea", 3) == "tea"


def test_clip_marks_what_was_cut():
    assert clip("coffee", 4) == "cof…"


def test_clip_does_not_halve_a_wide_character():
    assert clip("日本語", 4) == "日…"


def test_clip_with_another_mark():
    assert clip("coffee", 5, mark="..") == "cof.."


def test_clip_needs_room_for_the_mark():
    with pytest.raises(ValueError, match="leave room"):
        clip("coffee", 0)
