import pytest

from unitconf import Config, ConfigError, load

TEXT = """\
name = "hot"
timeout = 1.5 min

[cache]
size = 512 MiB
log = "${name}.log"

[cache.disk]
path = "/tmp"
"""


@pytest.fixture
def config():
    return load(TEXT)


def test_values(config):
    assert config["name"] == "hot"
    assert config["timeout"] == 90.0


def test_dotted_keys(config):
    assert config["cache.size"] == 536870912
    assert config["cache.disk.path"] == "/tmp"


def test_sections_are_configs(config):
    assert isinstance(config["cache"], Config)
    assert config["cache"]["disk.path"] == "/tmp"


def test_missing_key(config):
    with pytest.raises(KeyError, match="cache.speed"):
        config["cache.speed"]


def test_value_is_no_section(config):
    with pytest.raises(KeyError):
        config["name.first"]


def test_contains(config):
    assert "cache.disk" in config
    assert "cache.tape" not in config


def test_get_with_default(config):
    assert config.get("cache.speed", 3) == 3


def test_length_and_order(config):
    assert list(config) == ["name", "timeout", "cache"]
    assert len(config) == 3


def test_keys_below(config):
    assert config.keys_below() == ["name", "timeout", "cache.size", "cache.log", "cache.disk.path"]


def test_reference(config):
    assert config["cache.log"] == "hot.log"


def test_reference_to_a_number():
    assert load('port = 80\nurl = "localhost:${port}"')["url"] == "localhost:80"


def test_several_references():
    assert load('a = "x"\nb = "${a}${a}-${a}"')["b"] == "xx-x"


def test_dollar_without_braces_is_text():
    assert load('a = "5 $"')["a"] == "5 $"


def test_mistake_names_the_line():
    with pytest.raises(ConfigError, match="line 2"):
        load("a = 1\nb")
