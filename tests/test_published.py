"""The transcription of the published numbers, checked by the paper's own sums and headlines."""

import pytest

from sppe_lib.data.taxonomy import GROUPS
from sppe_lib.errors import ConfigError
from sppe_lib.evaluation.claims import published_margins, published_spreads, published_wins
from sppe_lib.evaluation.metrics import METRIC_NAMES
from sppe_lib.published import published_names, read_published


def test_headline_margins_follow_from_table_4():
    (srcc_rival, srcc), (plcc_rival, plcc) = published_margins().values()
    assert (srcc_rival, round(srcc, 1)) == ("DISTS", 13.9)
    assert (plcc_rival, round(plcc, 1)) == ("TOPIQ-FR", 12.3)


def test_headline_spreads_follow_from_figure_10():
    spreads = published_spreads()
    assert round(spreads["ERMA"], 3) == 0.092
    assert round(spreads["TOPIQ-FR"], 3) == 0.170
    assert round(spreads["AHIQ"], 3) == 0.211
    assert min(spreads, key=spreads.get) == "ERMA"


def test_recovery_table_is_complete_and_has_the_claimed_wins():
    table = read_published("table5_table6_recovery_sppe")
    assert set(table["metric"]) == set(METRIC_NAMES)
    assert set(table["group"]) == {*GROUPS, "Overall"}
    assert not table.duplicated(["metric", "method", "group"]).any()
    assert len(table) == 8 * 6 * 12
    assert published_wins() == 8


def test_unknown_table_names_the_known_ones():
    with pytest.raises(ConfigError, match="table4_editability"):
        read_published("table99")
    assert len(published_names()) == 8


def test_readers_cannot_change_the_published_numbers():
    table = read_published("table4_editability")
    table.loc[0, "srcc"] = 0
    assert read_published("table4_editability").loc[0, "srcc"] != 0
