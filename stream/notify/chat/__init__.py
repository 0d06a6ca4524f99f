"""Robots of chat programs: one file each, with what that program's own documents say."""
