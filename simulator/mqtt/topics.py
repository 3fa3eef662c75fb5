"""Which subscriptions a message is for, as the firmware sees it."""

from __future__ import annotations


def topic_matches(filter_: bytes, topic: bytes) -> bool:
    """Return whether the firmware calls the functions that are subscribed to ``filter_`` for ``topic``.

    It compares character by character (``topic_matches_sub`` in ``mqtt.c``), so this is not quite MQTT's own rule:
    ``a/+/#`` is not for ``a/b`` and ``a/#`` not for ``a/``, though the broker sends them.
    """
    if not filter_ or not topic or (filter_[:1] == b"$") != (topic[:1] == b"$"):
        return False
    i = j = 0
    while i < len(filter_) and j < len(topic):
        if filter_[i] == topic[j]:
            i, j = i + 1, j + 1
            if j == len(topic):
                return filter_[i:] in (b"", b"+", b"/#")
        elif filter_[i : i + 1] == b"+":
            level_end = topic.find(b"/", j)
            i, j = i + 1, level_end if level_end >= 0 else len(topic)
            if j == len(topic) and i == len(filter_):
                return True
        else:
            return filter_[i:] == b"#"
    return False
