"""Your own photo: find what is private, protect it, judge, edit and recover; needs the extra `.[photo]`."""
