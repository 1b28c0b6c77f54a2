"""Sources: the only place that knows where data lives; each kind of data is turned into batches."""

from steepest.data.sources.openers import open_source
from steepest.data.sources.roles import MissingPolicy
from steepest.data.sources.source import FullSource, Source, Watch, watched
from steepest.data.sources.table_source import Unseen

__all__ = ["FullSource", "MissingPolicy", "Source", "Unseen", "Watch", "open_source", "watched"]
