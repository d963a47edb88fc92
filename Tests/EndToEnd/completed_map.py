"""The completed map of a commit's metadata, decoded from its description and not from the program's code.

`br1b` and a bitset, six offsets a character, the first bit for the offset after the position; or `br1r` and run lengths,
unfinished and finished in turn from the position on, less one, five bits a character, low bits first, the sixth bit saying
that more follow.
"""

ALPHABET = {character: value for value, character in enumerate(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)}  # fmt: skip


def finished_offsets(position, metadata):
    """The offsets from `position` on that are finished."""
    if not metadata:
        return set()
    tag, body = metadata[:4], [ALPHABET[character] for character in metadata[4:]]
    if tag == "br1b":
        return {position + 1 + 6 * index + bit for index, value in enumerate(body) for bit in range(6) if value >> bit & 1}
    assert tag == "br1r", f"unknown metadata {metadata!r}"
    finished, offset, is_finished, length, shift = set(), position, False, 0, 0
    for value in body:
        length |= (value & 31) << shift
        shift += 5
        if value & 32:
            continue
        if is_finished:
            finished.update(range(offset, offset + length + 1))
        offset, is_finished, length, shift = offset + length + 1, not is_finished, 0, 0
    return finished
