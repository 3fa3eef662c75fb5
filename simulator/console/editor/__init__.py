"""``os.edit``: the device's full-screen editor, by what it shows and does (``components/sys/editor/edit.c``).

It draws with VT100 sequences, for a terminal whose size it asks once. Its files are whoever runs it's business. Read
`text` first (a text that can be changed back), then `view` (cursor, screen), `keys` and `editor` (the commands).
"""

from simulator.console.editor.editor import EditorFiles, edit

__all__ = ["EditorFiles", "edit"]
