"""The 36 categories and 65 instructions, against what the paper says about them."""

import pytest

from sppe_lib.data import taxonomy
from sppe_lib.errors import ConfigError
from sppe_lib.published import read_published


def test_published_sizes():
    categories = taxonomy.categories().values()
    assert len(categories) == 36
    assert len({entry.group for entry in categories}) == 11
    assert len({entry.modality for entry in categories}) == 3
    assert {entry.group for entry in categories} == set(taxonomy.GROUPS)
    assert len(taxonomy.instructions()) == 65


def test_pairs_give_the_published_number_of_instances():
    pairs = sum(entry.published_pairs for entry in taxonomy.categories().values())
    assert pairs == 27848
    assert read_published("table1_datasets").set_index("dataset").loc["SPPE", "scale"] == 2 * pairs == 55696


def test_codes_are_consecutive_and_tags_are_the_three():
    codes = list(taxonomy.instructions())
    assert codes == [f"{number:03d}" for number in range(1, 66)]
    assert {entry.tag for entry in taxonomy.instructions().values()} == set(taxonomy.TAGS)


def test_every_category_has_enough_instructions_and_every_instruction_a_category():
    used = set()
    for name in taxonomy.categories():
        fitting = [entry.code for entry in taxonomy.instructions_for(name)]
        assert len(fitting) == len(set(fitting)) >= 2
        used.update(fitting)
    assert used == set(taxonomy.instructions())


@pytest.mark.parametrize(
    ("category", "word", "fits"),
    [
        ("credit card", "credit card", True),
        ("ticket", "wooden carved ticket", True),
        ("laptop", "remove the laptop", True),
        ("plate", "remove the plate", True),
        ("faces", "sunglasses", True),
        ("receipt", "sunglasses", False),
        ("faces", "credit card", False),
        ("email", "oil painting", True),
    ],
)
def test_instructions_fit_their_category(category, word, fits):
    texts = [entry.text for entry in taxonomy.instructions_for(category)]
    assert any(word in text for text in texts) is fits


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="Unknown category 'cat'.*human face"):
        taxonomy.category("cat")
    with pytest.raises(ConfigError, match="Unknown instruction code '066'.*001 to 065"):
        taxonomy.instruction("066")
    for wrong in ("Face", ["faces"], None):
        with pytest.raises(ConfigError, match="Unknown category"):
            taxonomy.category(wrong)
