"""No bad file passes, crashes or hangs: each is answered with its own sentence."""

import pytest

from tests.accounts.corpus import CORPUS, expected, sentence


@pytest.mark.parametrize("name", CORPUS)
def test_every_bad_file_has_its_sentence(tmp_path, name):
    assert sentence(name, tmp_path) == expected()[name]


def test_what_the_corpus_holds():
    messages = expected()
    assert set(messages) == set(CORPUS)
    assert len(CORPUS) >= 40
    assert "passed" not in messages.values()
    assert all("How to mend it: " in text for text in messages.values())
