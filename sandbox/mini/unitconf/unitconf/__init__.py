"""Configuration files with units."""

from unitconf.config import Config, load
from unitconf.errors import ConfigError
from unitconf.merge import merge
from unitconf.units import format_bytes, parse_quantity

__all__ = ["Config", "ConfigError", "format_bytes", "load", "merge", "parse_quantity"]
